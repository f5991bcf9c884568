// SPDX-License-Identifier: MIT
// What every node tells of elections, membership and snapshots, in one line of time. Each goes by its own clock.

import { byId, keepChildren, make, setText } from './dom.js';
import { timeOfDay } from './format.js';

const kPage = 12;
const kKinds = [
  ['election', 'elections'], ['membership', 'membership'], ['snapshot', 'snapshots'], ['standing', 'standing'],
  ['state', 'differing states'],
];

export class Timeline {
  constructor(source) {
    this.source = source;
    this.shown = kPage;
    this.kinds = new Set(kKinds.map(([kind]) => kind));
    const filters = byId('timeline-kinds');
    for (const [kind, label] of kKinds) {
      const box = make('input', { type: 'checkbox', checked: true, change: () => this.choose(kind, box.checked) });
      filters.append(make('label', {}, box, label));
    }
    this.more = byId('timeline-more');
    this.more.addEventListener('click', () => {
      this.shown += 4 * kPage;
      this.draw();
    });
    source.addEventListener('events', () => this.draw());
    this.draw();
  }

  choose(kind, isWanted) {
    if (isWanted) this.kinds.add(kind);
    else this.kinds.delete(kind);
    this.draw();
  }

  draw() {
    const events = [...this.source.members.values()].flatMap((member) =>
      member.events.filter((event) => this.kinds.has(event.kind)).map((event) => ({ ...event, node: member.id })));
    const isLater = (one, other, name) => Number(other[name]) - Number(one[name]);
    events.sort((one, other) => isLater(one, other, 'time_ms') || isLater(one, other, 'sequence'));
    const keyOf = (event) => `${event.node}/${event.sequence}/${event.time_ms}`;
    const shown = new Map(events.slice(0, this.shown).map((event) => [keyOf(event), event]));
    const items = keepChildren(byId('timeline'), [...shown.keys()], (key) => makeItem(shown.get(key)));
    // Past midnight the same time reads otherwise.
    items.forEach((item, i) => setText(item.firstChild, timeOfDay(Number(events[i].time_ms))));
    this.more.hidden = events.length <= this.shown;
    byId('timeline').classList.toggle('empty', events.length === 0);
  }
}

function makeItem(event) {
  return make('li', { 'data-kind': event.kind },
    make('time', { datetime: new Date(Number(event.time_ms)).toISOString() }),
    make('span', { class: 'who' }, `node ${event.node}`),
    make('span', { class: 'what' }, event.text));
}
