// SPDX-License-Identifier: MIT
// Drives Chromium by lines of JSON: {"id", "command", ..} on standard input, each answered by {"id", "value"} or
// {"id", "error"} on standard output, in the order in which they came.
'use strict';

const readline = require('node:readline');
const { chromium } = require('playwright-core');

const kWaitMs = 60000;

let browser = null;
let page = null;
let problems = [];

function note(kind, text) {
  problems.push(`${kind}: ${text}`);
}

// The first element that is shown and whose text matches, or null.
async function textThatMatches(selector, pattern) {
  const texts = await page.locator(selector).filter({ visible: true }).allInnerTexts();
  return texts.find((text) => new RegExp(pattern, 's').test(text)) ?? null;
}

const commands = {
  // A window of its own, with nothing of those before.
  async open({ url, scheme = 'light', width = 1280, height = 900 }) {
    browser ??= await chromium.launch({
      executablePath: process.env.CHROMIUM, args: process.getuid() === 0 ? ['--no-sandbox'] : [],
    });
    await page?.context().close();
    problems = [];
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height }, locale: 'en-GB' });
    page = await context.newPage();
    page.on('console', (message) => {
      const kind = message.type();
      if (kind === 'error' || kind === 'warning') note(kind, `${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => note('exception', error.stack ?? String(error)));
    await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`)));
    const response = await page.goto(url);
    return response.headers()['content-security-policy'] ?? '';
  },
  async wait({ selector, pattern = '', seconds = kWaitMs / 1000 }) {
    const deadline = Date.now() + 1000 * seconds;
    for (;;) {
      const text = await textThatMatches(selector, pattern).catch(() => null); // it may be on its way to another page
      if (text !== null) return text;
      if (Date.now() > deadline) {
        throw new Error(`no ${selector} came to say ${pattern}; the page says ${await page.innerText('body')}`);
      }
      await page.waitForTimeout(50);
    }
  },
  texts: ({ selector }) => page.locator(selector).filter({ visible: true }).allInnerTexts(),
  click: ({ selector, text }) =>
    (text === undefined ? page.locator(selector) : page.locator(selector, { hasText: text })).first().click(),
  fill: ({ selector, text }) => page.locator(selector).first().fill(text),
  press: ({ key }) => page.keyboard.press(key),
  // What has the focus, in a few words, and whether a reader can see that it has.
  focus: () => page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const isMarked = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    return { name: element.id || element.innerText || element.tagName, tag: element.tagName, isMarked };
  }),
  evaluate: ({ script }) => page.evaluate(script),
  reload: async () => { await page.reload(); },
  address: () => page.url(),
  screenshot: async ({ path }) => { await page.screenshot({ path, fullPage: true }); },
  problems: () => problems,
  async close() {
    await browser?.close();
    browser = null;
  },
};

async function answer(line) {
  const { id, command, ...parameters } = JSON.parse(line);
  try {
    const value = (await commands[command](parameters)) ?? null;
    process.stdout.write(`${JSON.stringify({ id, value })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ id, error: error.message })}\n`);
  }
}

let last = Promise.resolve();
const input = readline.createInterface({ input: process.stdin });
input.on('line', (line) => { last = last.then(() => answer(line)); });
input.on('close', () => last.then(() => commands.close()));
