// SPDX-License-Identifier: MIT
// When home is lost and another member answers, the page goes there: after a pause in which the reader may stop it.
// The address that it goes to says where it came from, so that the next page can tell.

import { byId, make, setText } from './dom.js';
import { duration, timeOfDay } from './format.js';

const kPatienceMs = 3000;
const kPauseMs = 5000;

export class Moving {
  constructor(source) {
    this.source = source;
    this.place = byId('notices');
    this.notice = null;
    this.isStaying = false;
    this.greet();
  }

  // Called each second.
  consider() {
    const { home } = this.source;
    if (home.isOpen || home.hello === null) return this.calmDown();
    const lostMs = Date.now() - home.lostAt;
    if (lostMs < kPatienceMs) return undefined;
    const [next] = this.source.othersThatAnswer();
    if (this.notice === null) this.raise();
    const since = timeOfDay(home.lostAt);
    const silent = `Node ${this.source.homeId} has not answered since ${since}.`;
    if (next === undefined) {
      this.leaveAt = null;
      const age = `What stands here is from ${since} and before, ${duration(lostMs)} old.`;
      this.say(`No node answers. ${age} Still trying.`, null);
    } else if (this.isStaying) {
      this.leaveAt = null;
      this.say(`${silent} What stands here is as old; node ${next.id} answers.`, next);
    } else {
      this.leaveAt ??= Date.now() + kPauseMs;
      const left = Math.ceil((this.leaveAt - Date.now()) / 1000);
      if (left <= 0) return this.go(next);
      this.say(`${silent} Going on at node ${next.id} in ${left} s.`, next);
    }
    return undefined;
  }

  raise() {
    this.text = make('p');
    this.goThere = make('button', { type: 'button', class: 'primary', click: () => this.go(this.next) });
    this.stay = make('button', { type: 'button', click: () => {
      this.isStaying = true;
      this.consider();
    } }, 'Stay here');
    this.notice = make('div', { class: 'notice bad', id: 'lost' }, this.text,
      make('p', { class: 'actions' }, this.goThere, this.stay));
    this.place.append(this.notice);
  }

  say(text, next) {
    this.next = next;
    setText(this.text, text);
    this.goThere.hidden = next === null;
    this.stay.hidden = next === null || this.isStaying;
    if (next !== null) setText(this.goThere, `Go to node ${next.id} now`);
  }

  calmDown() {
    this.notice?.remove();
    this.notice = null;
    this.leaveAt = null;
    this.isStaying = false;
  }

  go(next) {
    const address = new URL(next.page);
    address.searchParams.set('from', this.source.homeId);
    address.searchParams.set('since', String(this.source.home.lostAt));
    address.hash = window.location.hash;
    window.location.assign(address);
  }

  // On the page that was gone to: says where from, once.
  greet() {
    const parameters = new URLSearchParams(window.location.search);
    const from = parameters.get('from');
    const since = Number(parameters.get('since'));
    if (from === null || !/^[0-9]{1,20}$/.test(from)) return;
    history.replaceState(null, '', window.location.pathname + window.location.hash);
    const when = since > 0 ? ` since ${timeOfDay(since)}` : '';
    const text = `You were at node ${from}, which did not answer${when}. This is another node of the cluster.`;
    const notice = make('div', { class: 'notice', id: 'moved' }, make('p', {}, text),
      make('p', { class: 'actions' }, make('button', { type: 'button', click: () => notice.remove() }, 'Close')));
    this.place.append(notice);
  }
}
