// SPDX-License-Identifier: MIT
// Puts the page together: the views and their addresses, and what it says of its own connection.

import { Charts } from './charts.js';
import { byId, make, setAttribute, setText } from './dom.js';
import { duration } from './format.js';
import { Keys } from './keys.js';
import { Moving } from './moving.js';
import { Nodes } from './nodes.js';
import { Plugins } from './plugins.js';
import { Slow } from './slow.js';
import { Source } from './source.js';
import { Timeline } from './timeline.js';

const kViews = ['overview', 'keys', 'plugins'];

const source = new Source();
const moving = new Moving(source);
const charts = new Charts(source);
const nodes = new Nodes(source);
const keys = new Keys(source);
void new Slow(source);
void new Timeline(source);
void new Plugins(source);

function showView() {
  const [name, ...rest] = window.location.hash.slice(1).split('/');
  const view = kViews.includes(name) ? name : 'overview';
  for (const one of kViews) {
    byId(one).hidden = one !== view;
    setAttribute(byId(`to-${one}`), 'aria-current', one === view ? 'page' : null);
  }
  if (view !== 'keys') return keys.hide();
  let prefix;
  try {
    prefix = rest.length === 0 ? undefined : decodeURIComponent(rest.join('/'));
  } catch {
    prefix = undefined; // an address that somebody has cut in two
  }
  return keys.show(prefix);
}

function drawConnection() {
  const { home } = source;
  const node = source.homeId === null ? window.location.host : `node ${source.homeId}`;
  const state = home.isOpen ? 'open' : home.hello === null ? 'connecting' : 'lost';
  const texts = {
    open: `connected to ${node}`,
    connecting: `connecting to ${node}`,
    lost: `no connection to ${node} for ${duration(Date.now() - home.lostAt)}`,
  };
  setAttribute(byId('connection'), 'data-state', state);
  setText(byId('connection').lastElementChild, texts[state]);
  if (home.hello !== null) {
    setText(byId('place'), `${home.hello.cluster_id}, node ${home.hello.node_id}`);
    setText(byId('footer'), `Tenon ${source.self?.status?.version ?? ''}`);
    const lost = state === 'lost' ? '(lost) ' : '';
    document.title = `${lost}${home.hello.cluster_id}, node ${home.hello.node_id} – Tenon`;
  }
  document.body.classList.toggle('lost', state === 'lost');
}

// A page that was opened by a name which the other nodes do not know hears nothing of them, and says where it would.
function drawPlaces() {
  const pages = source.placesToOpen();
  const old = byId('unknown-place');
  if (pages === null) return old?.remove();
  if (old !== null) return undefined;
  const text = `The other nodes do not know this page by ${window.location.host}, and tell it nothing. `;
  const links = pages.map((page) => make('a', { href: page + window.location.hash }, page));
  const way = links.length === 0 ? 'Name its origin in their option origins.' : 'Open it at ';
  const notice = make('div', { class: 'notice', id: 'unknown-place' }, make('p', {}, text, way, ...links));
  return byId('notices').append(notice);
}

// What is not kept up to date any more says so.
function drawAges() {
  const { home } = source;
  const isStale = !home.isOpen && home.hello !== null;
  const age = isStale ? `as of ${duration(Date.now() - home.lostAt)} ago` : '';
  for (const one of ['load-age', 'keys-age']) {
    setText(byId(one), age);
    byId(one).closest('section').classList.toggle('stale', isStale);
  }
  // Other nodes may still tell of themselves.
  const isDark = isStale && !source.witness?.isHeard();
  setText(byId('nodes-age'), isDark ? age : '');
  byId('tiles').classList.toggle('stale', isDark);
}

source.addEventListener('change', () => {
  drawConnection();
  drawAges();
  moving.consider();
});
window.addEventListener('hashchange', showView);
setInterval(() => {
  drawConnection();
  drawAges();
  drawPlaces();
  nodes.draw();
  moving.consider();
}, 1000);
drawConnection();
showView();
document.addEventListener('visibilitychange', () => { if (!document.hidden) charts.paint(); });
