// SPDX-License-Identifier: MIT
// ioredis against the servers at the ports of REDIS_PORTS, which share one database.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const Redis = require('ioredis');

const {conflict, keysAsked, ports, scanUnderWrites, sleep, told} = require('./workloads.js');

const first = ports[0];
const last = ports[ports.length - 1];
const open = [];

function connect(port = first, options = {}) {
  const client = new Redis(port, '127.0.0.1', options);
  open.push(client);
  return client;
}

test.afterEach(() => { for (const client of open.splice(0)) client.disconnect(); });

test('the ready check and plain commands', async () => {
  const client = connect();
  await new Promise((resolve) => client.once('ready', resolve));
  assert.equal(await client.set('io:plain', 'value'), 'OK');
  assert.equal(await client.get('io:plain'), 'value');
  assert.deepEqual(await client.getBuffer('io:plain'), Buffer.from('value'));
  assert.equal(await client.get('io:nothing'), null);
  await client.del('io:number');
  assert.equal(await client.incr('io:number'), 1);
  assert.deepEqual(await client.mget('io:plain', 'io:nothing'), ['value', null]);
  await assert.rejects(client.incr('io:plain'), /value is not an integer/);
  if (process.env.SERVES_STRINGS_ONLY) await assert.rejects(client.lpush('io:list', 'x'), /ERR unknown command/);
});

test('many commands at once are answered in their order', async () => {
  const client = connect();
  const pipeline = client.pipeline();
  for (let number = 0; number < 2000; number++) pipeline.set(`io:pipe:${number}`, number);
  for (let number = 0; number < 2000; number++) pipeline.get(`io:pipe:${number}`);
  const results = await pipeline.exec();
  for (let number = 0; number < 2000; number++) {
    assert.deepEqual(results[number], [null, 'OK']);
    assert.deepEqual(results[2000 + number], [null, String(number)]);
  }
  const pending = Array.from({length: 500}, (_, number) => client.get(`io:pipe:${number}`));
  assert.deepEqual(await Promise.all(pending), Array.from({length: 500}, (_, number) => String(number)));
});

test('a transaction that another has disturbed is not done', async () => {
  await conflict({
    one: connect(),
    other: connect(last),
    watch: (client, key) => client.watch(key),
    increase: async (client, key, value) => client.multi().set(key, value).get(key).exec(),
    wasDone: (result) => result !== null,
  }, 'io:watched');
  const results = await connect().multi().set('io:many', '1').incr('io:many').get('io:many').exec();
  assert.deepEqual(results, [[null, 'OK'], [null, 2], [null, '2']]);
});

test('a scan under writes finds every key that stays', async () => {
  const writer = connect();
  const reader = connect(last);
  await scanUnderWrites({
    put: (pairs) => writer.mset(...pairs.flat()),
    remove: (keys) => writer.del(...keys),
    scan: async (pattern, onKeys) => {
      for await (const keys of reader.scanStream({match: pattern, count: 1000})) onKeys(keys);
    },
  }, 'io:scan:', keysAsked);
});

test('a key is gone when its time has come', async () => {
  const client = connect();
  await client.set('io:brief', 'value', 'PX', 300);
  const left = await client.pttl('io:brief');
  assert.ok(left > 0 && left <= 300, told(left));
  const until = Date.now() + 10000;
  while (await client.exists('io:brief') && Date.now() < until) await sleep(20);
  assert.equal(await client.get('io:brief'), null);
  assert.equal(await client.pttl('io:brief'), -2);
});

test('messages reach subscribers of other servers in their order', async () => {
  const subscriber = connect(first);
  const publisher = connect(last);
  const messages = [];
  subscriber.on('message', (channel, message) => messages.push([channel, message]));
  subscriber.on('pmessage', (pattern, channel, message) => messages.push([pattern, channel, message]));
  assert.equal(await subscriber.subscribe('io:news'), 1);
  assert.equal(await subscriber.psubscribe('io:w*'), 2);
  await publisher.publish('io:weather', 'rain');
  for (let number = 0; number < 100; number++) await publisher.publish('io:news', String(number));
  const until = Date.now() + 10000;
  while (messages.length < 101 && Date.now() < until) await sleep(10);
  assert.deepEqual(messages[0], ['io:w*', 'io:weather', 'rain']);
  assert.deepEqual(messages.slice(1), Array.from({length: 100}, (_, number) => ['io:news', String(number)]));
});

test('a client whose connection is cut connects again by itself', async () => {
  const client = connect(first, {retryStrategy: () => 20});
  await client.set('io:again', 'value');
  const id = await client.client('ID');
  await connect().client('KILL', 'ID', id);
  assert.equal(await client.get('io:again'), 'value');
});
