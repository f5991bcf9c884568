// SPDX-License-Identifier: MIT
// The key browser: a page of keys at a time, in the order of the keys, and read again when one of them changes.

import { byId, keepChildren, make, setAttribute, setText } from './dom.js';
import { big, bytesOf, bytesOfHex, count, duration, hexOf, shownKey } from './format.js';
import { Detail } from './detail.js';
import { countKeys, listKeys } from './rest.js';

const kPageSize = 50;
const kReadAgainMs = 1000;
const kCountAgainMs = 10000;

// What is typed, or after `hex:` bytes.
function prefixOf(text) {
  if (!text.startsWith('hex:')) return new TextEncoder().encode(text);
  return bytesOfHex(text.slice(4));
}

export class Keys {
  constructor(source) {
    this.source = source;
    this.detail = new Detail(source, () => this.readSoon());
    this.prefix = null; // bytes; null: the view was not yet opened
    this.cursors = [null]; // of the pages up to this one
    this.next = null; // the cursor behind this page
    this.reads = 0; // that were begun
    this.drawnRead = 0; // the latest whose page is shown
    this.known = new Map(); // revisions of the keys on this page, as last drawn
    byId('search').addEventListener('submit', (event) => {
      event.preventDefault();
      this.go(byId('prefix').value);
    });
    let typing = null;
    byId('prefix').addEventListener('input', () => {
      clearTimeout(typing);
      typing = setTimeout(() => this.go(byId('prefix').value), 300);
    });
    byId('first-page').addEventListener('click', () => this.turn([null]));
    byId('previous-page').addEventListener('click', () => this.turn(this.cursors.slice(0, -1)));
    byId('next-page').addEventListener('click', () => this.turn([...this.cursors, this.next]));
    byId('new-key').addEventListener('click', () => this.detail.begin(byId('prefix').value));
    const showNew = () => setAttribute(byId('new-key'), 'hidden', !source.home.hello?.dashboard_writes);
    source.addEventListener('change', showNew);
    source.home.addEventListener('change', () => { if (source.home.isOpen && this.isShown) this.readSoon(); });
    setInterval(() => this.drawLives(), 1000);
  }

  // `text`: the prefix as the address of the view has it; undefined: as before.
  show(text) {
    this.isShown = true;
    if (text !== undefined && text !== byId('prefix').value) byId('prefix').value = text;
    if (this.prefix === null || text !== undefined) this.go(byId('prefix').value);
    else this.watch(this.text, this.prefix);
  }

  // Nothing is listened to any more: others may write much.
  hide() {
    this.isShown = false;
    if (this.watching) this.source.home.unsubscribe(this.watching);
    this.watching = null;
  }

  go(text) {
    const prefix = prefixOf(text);
    if (prefix === null) return this.complain('after hex: come pairs of hexadecimal digits');
    if (text === this.text && this.watching) return this.readSoon();
    this.text = text;
    this.prefix = prefix;
    history.replaceState(null, '', text === '' ? '#keys' : `#keys/${encodeURIComponent(text)}`);
    this.watch(text, prefix);
    this.total = null;
    return this.turn([null]);
  }

  // The page is read again when the prefix changes, but not more often than once a second.
  watch(text, prefix) {
    if (this.text !== text || !this.isShown) return; // another was chosen in the meantime
    if (this.watching) this.source.home.unsubscribe(this.watching);
    const { home } = this.source;
    const more = { prefix_base64: btoa(String.fromCharCode(...prefix)), keys: true };
    const receive = (data) => {
      if (data.changes.length === 0) return;
      this.detail.changed(data.changes);
      this.readSoon();
      this.countSoon();
    };
    const begin = () => this.readSoon(); // what was missed is read
    const onEnd = () => {
      if (home.isOpen && this.text === text) setTimeout(() => this.watch(text, prefix), kReadAgainMs);
    };
    this.watching = home.subscribe('kv:', receive, { more, begin, onEnd });
  }

  turn(cursors) {
    this.cursors = cursors;
    this.known = new Map();
    return this.read();
  }

  readSoon() {
    if (this.waiting || !this.isShown) return;
    this.waiting = setTimeout(() => {
      this.waiting = null;
      this.read();
    }, Math.max(0, kReadAgainMs - (Date.now() - (this.readAt ?? 0))));
  }

  async read() {
    const { prefix, cursors } = this;
    const number = ++this.reads;
    // The answer to an earlier read may come behind that to a later one.
    const isOver = () => prefix !== this.prefix || cursors !== this.cursors || number < this.drawnRead;
    this.readAt = Date.now();
    try {
      const page = await listKeys(prefix, cursors[cursors.length - 1], kPageSize);
      if (isOver()) return;
      this.drawnRead = number;
      this.next = page.cursor ?? null;
      this.draw(page);
      if (this.total === null) this.count();
    } catch (error) {
      if (!isOver()) this.complain(error.message);
    }
  }

  // Seldom, for the node has to walk over all of them.
  countSoon() {
    this.counting ??= setTimeout(() => {
      this.counting = null;
      if (this.isShown) this.count();
    }, kCountAgainMs);
  }

  async count() {
    const { prefix } = this;
    const total = await countKeys(prefix).catch(() => null);
    if (prefix !== this.prefix) return;
    this.total = total;
    this.drawSummary();
  }

  complain(text) {
    this.trouble = text;
    this.drawSummary();
  }

  draw(page) {
    this.trouble = page.isStale ? 'there is no leader: this is what this node has, others may have more' : null;
    this.page = page;
    this.drawnAt = Date.now();
    const records = new Map(page.records.map((record) => [hexOf(bytesOf(record, 'key')), record]));
    const isFirst = this.known.size === 0;
    const rows = keepChildren(byId('keys-rows'), [...records.keys()], (id) => this.makeRow(records.get(id)));
    [...records.entries()].forEach(([id, record], i) => {
      const [, changes, revision, life] = rows[i].children;
      setText(changes, count(big(record.version)));
      setText(revision, count(big(record.mod_revision)));
      life.dataset.expires = record.expires_at_ms ?? '';
      if (!isFirst && this.known.get(id) !== record.mod_revision) flash(rows[i]);
    });
    this.known = new Map([...records].map(([id, record]) => [id, record.mod_revision]));
    byId('first-page').disabled = this.cursors.length === 1;
    byId('previous-page').disabled = this.cursors.length === 1;
    byId('next-page').disabled = this.next === null;
    setText(byId('page-number'), `Page ${count(this.cursors.length)}`);
    this.drawLives();
    this.drawSummary();
  }

  makeRow(record) {
    const key = bytesOf(record, 'key');
    const open = make('button', { type: 'button', class: 'key', click: () => this.choose(row, key) }, shownKey(key));
    const row = make('tr', {}, make('th', { scope: 'row' }, open), make('td', { class: 'number' }),
      make('td', { class: 'number' }), make('td', { class: 'number life' }));
    return row;
  }

  choose(row, key) {
    for (const other of byId('keys-rows').children) setAttribute(other, 'aria-current', other === row ? 'true' : null);
    this.detail.show(key);
  }

  // By cluster time, which is taken to go on as this clock does since the page was read.
  drawLives() {
    if (!this.page || !this.isShown) return;
    const now = Number(this.page.cluster_time_ms) + Date.now() - this.drawnAt;
    for (const row of byId('keys-rows').children) {
      const { expires } = row.lastChild.dataset;
      setText(row.lastChild, expires === '' ? '' : Number(expires) > now ? duration(Number(expires) - now) : 'over');
    }
  }

  drawSummary() {
    const summary = byId('keys-summary');
    summary.classList.toggle('bad', Boolean(this.trouble));
    if (this.trouble) return setText(summary, `${this.trouble[0].toUpperCase()}${this.trouble.slice(1)}.`);
    const shown = this.known.size;
    const { total } = this;
    if (shown === 0) return setText(summary, this.text === '' ? 'There are no keys.' : 'No key begins so.');
    const of = total === null ? '' : ` of ${total.isMore ? 'more than ' : ''}${count(total.count)}`;
    return setText(summary, `${count(shown)}${of} ${(total?.count ?? BigInt(shown)) === 1n ? 'key' : 'keys'}.`);
  }
}

function flash(row) {
  row.classList.remove('changed');
  void row.offsetWidth; // so that the animation begins anew
  row.classList.add('changed');
}
