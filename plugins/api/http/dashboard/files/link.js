// SPDX-License-Identifier: MIT
// A WebSocket to one node that speaks JSON-RPC 2.0, is opened again whenever it is lost, and subscribes again to what
// was subscribed to. It never believes a line that does not answer: it asks when nothing has come for two seconds, and
// after five it hangs up. While events come it asks now and then, to know how long an answer takes.

const kProtocol = 'tenon.v1+json';
const kLookEveryMs = 1000;
const kAskAfterSilenceMs = 2000;
const kAskEveryMs = 5000;
const kSilenceMaxMs = 5000;
const kRetryFirstMs = 400;
const kRetryLastMs = 5000;

export class Link extends EventTarget {
  // `address`: host:port. `dial(address, url, protocol)` makes the WebSocket, or promises one. Fires `change` when the
  // link is opened or lost.
  constructor(address, isSecure, dial) {
    super();
    this.dial = dial;
    this.socket = null;
    this.address = address;
    this.url = `${isSecure ? 'wss' : 'ws'}://${address}/ws`;
    this.isOpen = false;
    this.isEnded = false;
    this.hello = null; // of the node, as of the last connection
    this.lastHeardAt = null; // by performance.now()
    this.lostAt = Date.now(); // or never yet opened
    this.roundTripMs = null;
    this.askedAt = 0;
    this.retryMs = kRetryFirstMs;
    this.wanted = []; // subscriptions, kept over connections
    this.open();
  }

  // Calls `receive(data, sequence)` for each event of the topic, over all connections; `begin()` before the first of
  // each connection, and when some were left out; `onEnd(error)` when there will be no more until it is subscribed to
  // anew. Returns what unsubscribe() takes.
  subscribe(topic, receive, { more = {}, begin = () => {}, onEnd = () => {} } = {}) {
    const wish = { params: { topic, ...more }, receive, begin, onEnd, id: null };
    this.wanted.push(wish);
    if (this.isOpen) this.begin(wish);
    return wish;
  }

  unsubscribe(wish) {
    this.wanted = this.wanted.filter((one) => one !== wish);
    if (this.isOpen && wish.id !== null) this.call('unsubscribe', { subscription: wish.id }).catch(() => {});
  }

  call(method, params = {}) {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.calls.set(id, { resolve, reject });
      this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  end() {
    this.isEnded = true;
    clearTimeout(this.retry);
    this.socket?.close();
  }

  async open() {
    this.calls = new Map();
    this.nextId = 1;
    let socket;
    try {
      socket = await this.dial(this.address, this.url, kProtocol);
    } catch {
      this.tryAgain();
      return;
    }
    if (this.isEnded) {
      socket.close();
      return;
    }
    this.socket = socket;
    this.lastHeardAt = performance.now();
    this.watchdog = setInterval(() => this.watch(socket), kLookEveryMs);
    socket.addEventListener('open', () => this.greet(socket));
    socket.addEventListener('message', (message) => this.receive(socket, message.data));
    socket.addEventListener('close', () => this.lose(socket));
  }

  async greet(socket) {
    try {
      this.hello = await this.call('hello');
    } catch {
      socket.close();
      return;
    }
    this.isOpen = true;
    this.retryMs = kRetryFirstMs;
    this.askedAt = 0;
    for (const wish of this.wanted) this.begin(wish);
    this.dispatchEvent(new Event('change'));
  }

  async begin(wish) {
    wish.id = null;
    try {
      const answer = await this.call('subscribe', wish.params);
      wish.begin();
      wish.id = answer.subscription;
      if (!this.wanted.includes(wish)) this.call('unsubscribe', { subscription: wish.id }).catch(() => {});
    } catch (error) {
      wish.onEnd(error);
    }
  }

  watch(socket) {
    const now = performance.now();
    const silentMs = now - this.lastHeardAt;
    if (silentMs > kSilenceMaxMs) {
      socket.close();
      this.lose(socket); // the closing handshake of a dead line takes long
    } else if (this.isOpen && (silentMs > kAskAfterSilenceMs || now - this.askedAt > kAskEveryMs)) {
      this.ask();
    }
  }

  ask() {
    const began = performance.now();
    this.askedAt = began;
    this.call('ping').then(() => { this.roundTripMs = performance.now() - began; }, () => {});
  }

  receive(socket, text) {
    if (socket !== this.socket) return;
    this.lastHeardAt = performance.now();
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      socket.close();
      return;
    }
    if (message.id !== undefined && message.id !== null) {
      const call = this.calls.get(message.id);
      this.calls.delete(message.id);
      if (message.error) call?.reject(message.error);
      else call?.resolve(message.result);
      return;
    }
    this.notify(message.method, message.params);
  }

  notify(method, params) {
    const wish = this.wanted.find((one) => one.id === params?.subscription);
    if (wish === undefined) return;
    if (method === 'event') wish.receive(params.data, params.sequence);
    if (method === 'lagged') wish.begin();
    if (method === 'ended') {
      wish.id = null;
      wish.onEnd(params.error);
    }
  }

  lose(socket) {
    if (socket !== this.socket) return;
    this.socket = null;
    clearInterval(this.watchdog);
    for (const call of this.calls.values()) call.reject({ code: 0, message: 'the connection was lost' });
    this.calls = new Map();
    for (const wish of this.wanted) wish.id = null;
    if (this.isOpen) this.lostAt = Date.now();
    this.isOpen = false;
    this.dispatchEvent(new Event('change'));
    this.tryAgain();
  }

  tryAgain() {
    if (this.isEnded) return;
    this.retry = setTimeout(() => this.open(), this.retryMs);
    this.retryMs = Math.min(2 * this.retryMs, kRetryLastMs);
  }
}
