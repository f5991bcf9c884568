// SPDX-License-Identifier: MIT
// The operations of clients that took long, of all nodes together. Each goes by its own clock.

import { byId, keepChildren, make, setText } from './dom.js';
import { big, bytes, bytesOf, seconds, shownKey, timeOfDay } from './format.js';

const kPage = 8;
const kEndings = {
  error: 'changed nothing', refused: 'was refused', overloaded: 'was refused', unknown: 'nobody knows its outcome',
};

export class Slow {
  constructor(source) {
    this.source = source;
    this.shown = kPage;
    this.order = byId('slow-order');
    this.order.addEventListener('change', () => this.draw());
    this.more = byId('slow-more');
    this.more.addEventListener('click', () => {
      this.shown += 4 * kPage;
      this.draw();
    });
    source.addEventListener('slow', () => this.draw());
    this.draw();
  }

  draw() {
    const operations = [...this.source.members.values()].flatMap((member) =>
      member.slow.map((one) => ({ ...one, node: member.id })));
    const first = this.order.value === 'slowest' ? 'took_us' : 'time_ms';
    operations.sort((one, other) => Number(other[first]) - Number(one[first]));
    const keyOf = (one) => `${one.node}/${one.sequence}/${one.time_ms}`;
    const shown = new Map(operations.slice(0, this.shown).map((one) => [keyOf(one), one]));
    const items = keepChildren(byId('slow'), [...shown.keys()], (key) => makeItem(shown.get(key)));
    items.forEach((item, i) => setText(item.firstChild, timeOfDay(Number(operations[i].time_ms))));
    this.more.hidden = operations.length <= this.shown;
    byId('slow').classList.toggle('empty', operations.length === 0);
  }
}

function makeItem(one) {
  const key = bytesOf(one, 'key');
  const isCut = big(one.key_bytes) > BigInt(key.length);
  const name = key.length === 0 ? '' : shownKey(key) + (isCut ? `… (${bytes(one.key_bytes)})` : '');
  const ending = kEndings[one.code] === undefined ? '' : `, ${kEndings[one.code]}`;
  const trace = shownKey(bytesOf(one, 'trace'));
  return make('li', {},
    make('time', { datetime: new Date(Number(one.time_ms)).toISOString() }),
    make('span', { class: 'who' }, `node ${one.node}`),
    make('span', { class: 'what' },
      make('strong', {}, seconds(Number(one.took_us) / 1e6)), ` ${one.op} `,
      name === '' ? null : make('span', { class: 'file' }, name),
      make('span', { class: 'aside' }, ` over ${one.api}${ending}${trace === '' ? '' : `, request ${trace}`}`)));
}
