// SPDX-License-Identifier: MIT
// What each node has loaded, with its options.

import { byId, make } from './dom.js';

export class Plugins {
  constructor(source) {
    this.source = source;
    this.drawn = new Map();
    source.addEventListener('plugins', () => this.draw());
    source.addEventListener('change', () => this.draw());
  }

  // Anew only when something changed, so that what is unfolded stays so.
  draw() {
    const place = byId('plugin-nodes');
    const members = [...this.source.members.values()];
    for (const [id, drawn] of this.drawn) {
      if (this.source.members.has(id)) continue;
      drawn.element.remove();
      this.drawn.delete(id);
    }
    for (const member of members) {
      const words = JSON.stringify(member.plugins);
      const drawn = this.drawn.get(member.id);
      if (drawn?.words === words) continue;
      const element = make('section', { class: 'panel', 'aria-label': `Plugins of node ${member.id}` },
        make('h2', {}, `Node ${member.id}`),
        member.plugins.length === 0
          ? make('p', { class: 'lead' }, 'It has not told of its plugins.')
          : make('div', { class: 'plugins' }, ...member.plugins.map(makePlugin)));
      if (drawn) drawn.element.replaceWith(element);
      else place.append(element);
      this.drawn.set(member.id, { words, element });
    }
  }
}

function makePlugin(plugin) {
  const options = Object.entries(plugin.options);
  return make('details', {},
    make('summary', {}, make('strong', {}, plugin.plugin),
      make('span', {}, `version ${plugin.version}, ABI ${plugin.abi}`)),
    make('p', { class: 'file' }, `${plugin.id} from ${plugin.file}`),
    options.length === 0 ? make('p', { class: 'lead' }, 'It has no options.')
      : make('table', {}, make('caption', { class: 'hidden' }, `Options of ${plugin.plugin}`),
        make('tbody', {}, ...options.map(([name, value]) =>
          make('tr', {}, make('th', { scope: 'row' }, name), make('td', {}, value === '' ? '(empty)' : value))))));
}
