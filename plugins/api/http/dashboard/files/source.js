// SPDX-License-Identifier: MIT
// Where the page has its data from. The node that served the page, `home`, says who the members are and answers all
// that is read and written. To each other member there is a link of its own, over which it tells of itself: what a
// node says of another is hearsay, and when home is lost these links know where to go, and tell of the members.

import { Link } from './link.js';
import { Reach } from './reach.js';

const kEventsMax = 256; // of one node
const kSlowMax = 128;
const kScheme = 'http://';

// A member as the page knows it.
class Member {
  constructor(id) {
    this.id = id;
    this.told = null; // the line about it of what the witness says of the members
    this.status = null; // by its own word
    this.lines = null; // what it says of the members
    this.link = null;
    this.plugins = [];
    this.events = [];
    this.slow = [];
  }

  // Whether what it says of itself is so now: it tells of each change, and a line that is silent is given up.
  isHeard() {
    return this.link !== null && this.link.isOpen && this.status !== null;
  }
}

// Fires `change` when members, their words or links have changed; `metrics` with the samples as detail; `events`;
// `plugins`; `slow`.
export class Source extends EventTarget {
  constructor(place = window.location) {
    super();
    this.members = new Map(); // by id, ascending
    this.homeId = null;
    this.samples = {}; // of home's metrics, by series
    this.isSecure = place.protocol === 'https:';
    this.reach = new Reach();
    this.home = new Link(place.host, this.isSecure, (address, url, protocol) => new WebSocket(url, protocol));
    this.home.addEventListener('change', () => this.homeChanged());
    this.home.subscribe('cluster', (data) => this.takeWord(this.member(data.node.node_id), data));
    this.home.subscribe('metrics', (data) => this.takeMetrics(data));
  }

  get self() {
    return this.members.get(this.homeId) ?? null;
  }

  // Whose word on the cluster counts now: home's, or while it is lost that of the latest term.
  get witness() {
    if (this.self?.isHeard()) return this.self;
    const heard = [...this.members.values()].filter((member) => member.isHeard());
    heard.sort((one, other) => Number(BigInt(other.status.term) - BigInt(one.status.term)));
    return heard[0] ?? this.self;
  }

  get leaderId() {
    return this.witness?.status?.leader ?? '0';
  }

  get leader() {
    return this.members.get(this.leaderId) ?? null;
  }

  // The members that could take home's place, those that answer fastest first.
  othersThatAnswer() {
    return [...this.members.values()]
      .filter((member) => member.id !== this.homeId && member.isHeard())
      .sort((one, other) => (one.link.roundTripMs ?? Infinity) - (other.link.roundTripMs ?? Infinity));
  }

  homeChanged() {
    if (this.home.isOpen && this.home.hello.node_id !== this.homeId) {
      this.homeId = this.home.hello.node_id;
      this.adopt(this.member(this.homeId), this.home);
    }
    this.takeMembers();
    this.dispatchEvent(new Event('change'));
  }

  member(id) {
    if (!this.members.has(id)) {
      this.members.set(id, new Member(id));
      this.members = new Map([...this.members].sort(([one], [other]) => (BigInt(one) < BigInt(other) ? -1 : 1)));
    }
    return this.members.get(id);
  }

  // What a node says of itself, and of the others.
  takeWord(member, data) {
    member.status = data.node;
    member.lines = data.members;
    this.takeMembers();
    this.dispatchEvent(new Event('change'));
  }

  // By the word of the witness, which may be another than it was.
  takeMembers() {
    const lines = this.witness?.lines;
    if (!lines) return;
    const told = new Map(lines.map((line) => [line.id, line]));
    this.reach.know(lines.map((line) => addressOf(line.clients ?? [])).filter((address) => address !== null));
    for (const [id, line] of told) {
      const member = this.member(id);
      member.told = line;
      if (id !== this.homeId) this.follow(member, line.clients ?? []);
    }
    for (const [id, member] of this.members) {
      if (told.has(id) || id === this.homeId) continue;
      member.link?.end();
      this.members.delete(id);
    }
  }

  // The addresses of this node that the others know, when the page was opened at one that they do not: they then refuse
  // to be listened to. Null: it was not, or nobody is missing.
  placesToOpen(place = window.location) {
    const isMissing = (member) => member.id !== this.homeId && member.link !== null && member.status === null;
    const members = [...this.members.values()];
    if (!this.home.isOpen || !members.some(isMissing)) return null;
    const pagesOf = (member) => (member?.told?.clients ?? []).filter((url) => url.startsWith(kScheme))
      .map((url) => `${place.protocol}//${url.slice(kScheme.length)}/`);
    const isKnown = members.some((member) => pagesOf(member).some((page) => new URL(page).host === place.host));
    return isKnown ? null : pagesOf(this.self);
  }

  // Only what has changed, unless it says that it is all.
  takeMetrics(data) {
    this.samples = data.full ? data.values : { ...this.samples, ...data.values };
    for (const [series, value] of Object.entries(data.values)) {
      if (value === null) delete this.samples[series];
    }
    this.dispatchEvent(new CustomEvent('metrics', { detail: { at: Date.now(), samples: this.samples } }));
  }

  // Opens a link to where the member serves HTTP, when it says that it does.
  follow(member, clients) {
    const scheme = this.isSecure ? 'https://' : kScheme;
    const address = addressOf(clients);
    member.page = address === null ? null : `${scheme}${address}/`;
    if (member.link?.address === address || (member.link === null && address === null)) return;
    member.link?.end();
    member.link = null;
    if (address === null) return;
    this.adopt(member, new Link(address, this.isSecure, (...words) => this.reach.open(...words)));
  }

  adopt(member, link) {
    member.link = link;
    if (link !== this.home) {
      link.addEventListener('change', () => this.dispatchEvent(new Event('change')));
      link.subscribe('cluster', (data) => this.takeWord(member, data));
    }
    link.subscribe('plugins', (data) => {
      member.plugins = data.plugins;
      this.dispatchEvent(new Event('plugins'));
    });
    const takeEvent = (data, sequence) => {
      member.events = [...member.events, { ...data, sequence }].slice(-kEventsMax);
      this.dispatchEvent(new Event('events'));
    };
    // Each connection brings all that the node has kept: it may have been restarted.
    link.subscribe('events', takeEvent, { begin: () => { member.events = []; } });
    const takeSlow = (data) => {
      member.slow = [...member.slow, data].slice(-kSlowMax);
      this.dispatchEvent(new Event('slow'));
    };
    link.subscribe('slow', takeSlow, { begin: () => { member.slow = []; } });
  }
}

// Where a member serves HTTP, as host:port; null: it does not.
function addressOf(clients) {
  return clients.find((url) => url.startsWith(kScheme))?.slice(kScheme.length) ?? null;
}
