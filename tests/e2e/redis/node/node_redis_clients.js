// SPDX-License-Identifier: MIT
// node-redis against the servers at the ports of REDIS_PORTS, which share one database, in RESP2 and in RESP3.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const {WatchError, createClient} = require('redis');

const {conflict, keysAsked, ports, scanUnderWrites, sleep, told} = require('./workloads.js');

const first = ports[0];
const last = ports[ports.length - 1];
const open = [];

async function connect(RESP, port = first, options = {}) {
  const client = createClient({RESP, socket: {host: '127.0.0.1', port, reconnectStrategy: () => 20}, ...options});
  client.on('error', () => {});  // a connection that is cut; what matters is what commands say
  open.push(client);
  return client.connect();
}

test.afterEach(() => { for (const client of open.splice(0)) client.destroy(); });

for (const RESP of [2, 3]) {
  const prefix = `node${RESP}`;

  test(`RESP${RESP}: plain commands`, async () => {
    const client = await connect(RESP, first, {name: 'tests'});
    assert.equal(await client.clientGetName(), 'tests');
    assert.equal(await client.set(`${prefix}:plain`, 'value'), 'OK');
    assert.equal(await client.get(`${prefix}:plain`), 'value');
    assert.equal(await client.get(`${prefix}:nothing`), null);
    assert.equal(await client.set(`${prefix}:plain`, 'other', {condition: 'NX'}), null);
    assert.equal(await client.set(`${prefix}:plain`, 'other', {condition: 'XX', GET: true}), 'value');
    await client.del(`${prefix}:number`);
    assert.equal(await client.incrBy(`${prefix}:number`, 5), 5);
    assert.deepEqual(await client.mGet([`${prefix}:plain`, `${prefix}:nothing`]), ['other', null]);
    await assert.rejects(client.incr(`${prefix}:plain`), /value is not an integer/);
    assert.equal((await client.configGet('save')).save !== undefined, true);
  });

  test(`RESP${RESP}: many commands at once are answered in their order`, async () => {
    const client = await connect(RESP);
    const pending = [];
    for (let number = 0; number < 2000; number++) pending.push(client.set(`${prefix}:pipe:${number}`, String(number)));
    for (let number = 0; number < 2000; number++) pending.push(client.get(`${prefix}:pipe:${number}`));
    const results = await Promise.all(pending);
    for (let number = 0; number < 2000; number++) assert.equal(results[2000 + number], String(number));
  });

  test(`RESP${RESP}: a transaction that another has disturbed is not done`, async () => {
    const increase = async (client, key, value) => {
      try {
        return await client.multi().set(key, value).get(key).exec();
      } catch (error) {
        if (error instanceof WatchError) return null;
        throw error;
      }
    };
    await conflict({
      one: await connect(RESP),
      other: await connect(RESP, last),
      watch: (client, key) => client.watch(key),
      increase,
      wasDone: (result) => result !== null,
    }, `${prefix}:watched`);
  });

  test(`RESP${RESP}: a scan under writes finds every key that stays`, async () => {
    const writer = await connect(RESP);
    const reader = await connect(RESP, last);
    await scanUnderWrites({
      put: (pairs) => writer.mSet(pairs),
      remove: (keys) => writer.del(keys),
      scan: async (pattern, onKeys) => {
        for await (const keys of reader.scanIterator({MATCH: pattern, COUNT: 1000})) onKeys(keys);
      },
    }, `${prefix}:scan:`, keysAsked);
  });

  test(`RESP${RESP}: a key is gone when its time has come`, async () => {
    const client = await connect(RESP);
    await client.set(`${prefix}:brief`, 'value', {expiration: {type: 'PX', value: 300}});
    const left = await client.pTTL(`${prefix}:brief`);
    assert.ok(left > 0 && left <= 300, told(left));
    const until = Date.now() + 10000;
    while (await client.exists(`${prefix}:brief`) && Date.now() < until) await sleep(20);
    assert.equal(await client.get(`${prefix}:brief`), null);
  });

  test(`RESP${RESP}: messages reach subscribers of other servers in their order`, async () => {
    const subscriber = await connect(RESP, first);
    const publisher = await connect(RESP, last);
    const messages = [];
    await subscriber.subscribe(`${prefix}:news`, (message) => messages.push(message));
    await subscriber.pSubscribe(`${prefix}:w*`, (message, channel) => messages.push([channel, message]));
    await publisher.publish(`${prefix}:weather`, 'rain');
    for (let number = 0; number < 100; number++) await publisher.publish(`${prefix}:news`, String(number));
    const until = Date.now() + 10000;
    while (messages.length < 101 && Date.now() < until) await sleep(10);
    assert.deepEqual(messages[0], [`${prefix}:weather`, 'rain']);
    assert.deepEqual(messages.slice(1), Array.from({length: 100}, (_, number) => String(number)));
  });

  test(`RESP${RESP}: a client whose connection is cut connects again by itself`, async () => {
    const client = await connect(RESP);
    const other = await connect(RESP);
    await client.set(`${prefix}:again`, 'value');
    await other.sendCommand(['CLIENT', 'KILL', 'ID', String(await client.clientId())]);
    const until = Date.now() + 10000;
    let found = null;
    while (found === null && Date.now() < until) found = await client.get(`${prefix}:again`).catch(() => null);
    assert.equal(found, 'value');
  });
}
