// SPDX-License-Identifier: MIT
// The map of the cluster: a card for each member, and the figures above it.

import { byId, keepChildren, make, setAttribute, setText } from './dom.js';
import { big, bytes, count, duration } from './format.js';

const kFacts = [
  ['term', 'Term'], ['applied', 'Applied'], ['lag', 'Behind the leader'], ['storage', 'Storage'],
  ['transport', 'Transport'], ['image', 'Snapshot'], ['place', 'Peers reach it at'],
];

export class Nodes {
  constructor(source) {
    this.source = source;
    this.list = byId('nodes');
    this.tiles = byId('tiles');
    source.addEventListener('change', () => this.draw());
    source.addEventListener('plugins', () => this.draw());
  }

  draw() {
    const members = [...this.source.members.values()];
    const cards = keepChildren(this.list, members.map((member) => member.id), (id) => makeCard(id));
    cards.forEach((card, i) => this.drawCard(card, members[i]));
    this.drawTiles();
  }

  drawCard(card, member) {
    const { source } = this;
    const isHome = member.id === source.homeId;
    const role = roleOf(member, source);
    setAttribute(card, 'data-role', role);
    setAttribute(card, 'data-heard', member.isHeard() ? 'yes' : 'no');
    const parts = partsOf(card);
    setText(parts.role, role);
    setText(parts.standing, standingOf(member));
    setText(parts.heard, heardText(member, isHome));
    const page = parts.page;
    setAttribute(page, 'href', isHome || !member.page ? null : member.page + window.location.hash);
    setText(page, isHome ? 'this page' : 'open its page');
    page.hidden = !isHome && !member.page;
    const values = factsOf(member, source);
    for (const [name] of kFacts) setText(parts[name], values[name] ?? 'not known');
    const bar = parts.bar;
    const share = shareOf(member, source);
    setAttribute(bar, 'value', share);
    bar.hidden = share === null;
  }

  drawTiles() {
    const status = this.source.witness?.status;
    if (!status) return;
    const members = [...this.source.members.values()];
    const voters = members.filter((member) => member.told?.standing !== 'learner');
    const heard = voters.filter((member) => member.isHeard()).length;
    const leader = status.leader !== '0' ? `node ${status.leader}` : 'none';
    const tiles = [
      ['Leader', leader, status.leader === '0' ? 'bad' : ''],
      ['Term', count(big(status.term)), ''],
      ['Voters that answer', `${heard} of ${voters.length}`, toneOfVoters(heard, voters.length)],
      ['Keys', count(big(status.keys)), ''],
      ['Revision', count(big(status.revision)), ''],
      ['Committed', count(big(status.commit_index)), ''],
    ];
    const elements = keepChildren(this.tiles, tiles.map(([name]) => name), (name) =>
      make('div', { class: 'tile' }, make('span', { class: 'label' }, name), make('strong')));
    elements.forEach((element, i) => {
      setText(element.lastChild, tiles[i][1]);
      setAttribute(element, 'data-tone', tiles[i][2] || null);
    });
  }
}

function toneOfVoters(heard, voters) {
  if (heard === voters) return 'good';
  return heard > voters / 2 ? 'warn' : 'bad';
}

function makeCard(id) {
  const facts = kFacts.map(([name, label]) =>
    make('div', {}, make('dt', {}, label), make('dd', { 'data-part': name })));
  return make('li', { class: 'node', 'aria-label': `Node ${id}` },
    make('div', { class: 'head' },
      make('h3', {}, `Node ${id}`), make('span', { class: 'role', 'data-part': 'role' }),
      make('span', { class: 'standing', 'data-part': 'standing' })),
    make('p', { class: 'heard', 'data-part': 'heard' }),
    make('progress', { 'data-part': 'bar', max: 1, 'aria-label': 'How much of the log it has' }),
    make('dl', {}, ...facts),
    make('p', { class: 'page' }, make('a', { 'data-part': 'page' })));
}

function partsOf(card) {
  const parts = {};
  for (const element of card.querySelectorAll('[data-part]')) parts[element.dataset.part] = element;
  return parts;
}

// By its own word as long as it answers, else by what home knows.
function roleOf(member, source) {
  if (member.isHeard()) return member.status.role;
  if (source.witness?.isHeard() && source.leaderId === member.id) return 'leader';
  return 'silent';
}

function standingOf(member) {
  const standing = member.told?.standing ?? member.status?.standing ?? '';
  if (standing !== 'learner' || !member.told?.aim) return standing;
  const { aim } = member.told;
  if (aim === 'learner') return 'learner';
  return aim === 'voter' ? 'learner, soon voter' : `learner, ${aim.replace(':', ' node ')}`;
}

function heardText(member, isHome) {
  if (member.isHeard()) {
    const time = member.link.roundTripMs;
    return time === null ? 'answers' : `answers in ${time < 10 ? time.toFixed(1) : Math.round(time)} ms`;
  }
  if (member.link === null && !isHome) return 'serves no HTTP; known by hearsay only';
  if (member.status === null) return 'has not answered yet';
  return `no answer for ${duration(Date.now() - member.link.lostAt)}; what stands here is as old`;
}

function factsOf(member, source) {
  const { status, told } = member;
  const { witness } = source;
  return {
    term: status ? count(big(status.term)) : undefined,
    applied: status ? count(big(status.applied_index)) : undefined,
    lag: lagText(member, source),
    storage: member.plugins.filter((one) => one.plugin.startsWith('storage.'))
      .map((one) => one.plugin.slice('storage.'.length)).join(', ') || undefined,
    transport: transportText(member, witness),
    image: status ? imageText(status) : undefined,
    place: told?.addresses?.join(', '),
  };
}

function pluginNames(member, kind) {
  const names = member.plugins.filter((one) => one.plugin.startsWith(kind)).map((one) => one.plugin.slice(kind.length));
  return names.join(', ') || 'none';
}

// Of the lanes to a member by the word of the witness, as long as that is heard.
function transportText(member, witness) {
  if (member === witness) return pluginNames(member, 'transport.');
  if (!witness?.isHeard()) return undefined;
  const lanes = [...new Set([member.told?.control, member.told?.bulk])];
  const up = lanes.filter((name) => name);
  if (up.length === 0) return `down from node ${witness.id}`;
  return up.length === lanes.length ? up.join(' and ') : `${up.join(' and ')}, one lane down`;
}

function imageText(status) {
  const index = big(status.snapshot_index);
  return index === 0n ? 'none yet' : `of entry ${count(index)}, ${bytes(status.snapshot_bytes ?? 0)}`;
}

// Entries: by the last index of both, as each has told it of itself.
function entriesBehind(member, source) {
  const leader = source.leader?.status;
  if (!leader || !member.status || source.leaderId === member.id) return null;
  const behind = big(leader.last_index) - big(member.status.last_index);
  return behind > 0n ? behind : 0n;
}

function lagText(member, source) {
  if (source.leaderId === member.id && member.isHeard()) return 'it leads';
  if (!member.isHeard()) return undefined;
  const behind = entriesBehind(member, source);
  if (behind === null) return undefined;
  const missing = source.witness?.isHeard() ? member.told?.missing_bytes : undefined;
  const size = missing === undefined || missing === '0' ? '' : `, ${bytes(missing)}`;
  return behind === 0n && size === '' ? 'nothing' : `${count(behind)} ${behind === 1n ? 'entry' : 'entries'}${size}`;
}

// How much of the leader's log it has; null: not known.
function shareOf(member, source) {
  const leader = source.leader?.status;
  if (!leader || !member.status || !member.isHeard()) return null;
  const last = Number(leader.last_index);
  return last === 0 ? 1 : Math.min(1, Number(member.status.last_index) / last);
}
