// SPDX-License-Identifier: MIT
// WebSockets to other members than home. What a document may reach is fixed by the policy that it came with, and a page
// that is left open outlives the membership that it was loaded with. So these connections are made in an empty frame of
// home, whose policy names the members as they are when it is loaded: for a member that comes later a new frame is
// loaded, and the page stays as it is.

const kPlace = '/dashboard/reach.html';
const kLoadMaxMs = 5000;

export class Reach {
  constructor() {
    this.known = new Set(); // addresses of members, as home says
    this.frames = []; // the newest last; of the others only those that have connections
  }

  know(addresses) {
    this.known = new Set(addresses);
  }

  // A WebSocket to this address. Throws when home gives no frame for it now.
  async open(address, url, protocol) {
    const frame = await this.frameFor(address);
    const socket = new frame.element.contentWindow.WebSocket(url, protocol);
    frame.count += 1;
    socket.addEventListener('close', () => {
      frame.count -= 1;
      this.tidyUp();
    });
    return socket;
  }

  async frameFor(address) {
    let frame = this.frames.findLast((one) => one.addresses.has(address));
    if (frame === undefined) {
      frame = { element: document.createElement('iframe'), addresses: new Set([...this.known, address]), count: 0 };
      frame.isLoaded = load(frame);
      this.frames.push(frame);
    }
    try {
      await frame.isLoaded;
    } catch (error) {
      this.remove(frame);
      throw error;
    }
    return frame;
  }

  tidyUp() {
    for (const frame of this.frames.slice(0, -1)) if (frame.count === 0) this.remove(frame);
  }

  remove(frame) {
    frame.element.remove();
    this.frames = this.frames.filter((one) => one !== frame);
  }
}

function load(frame) {
  const { element } = frame;
  element.hidden = true;
  element.title = 'Connections to members';
  const loaded = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('home does not answer')), kLoadMaxMs);
    element.addEventListener('load', () => {
      // What a browser shows instead of a page that does not come is not to be looked into.
      if (element.contentDocument?.title !== element.title) return reject(new Error('home has no frame'));
      element.contentDocument.addEventListener('securitypolicyviolation', () => frame.addresses.clear());
      return resolve();
    }, { once: true });
  });
  element.src = kPlace;
  document.body.append(element);
  return loaded;
}
