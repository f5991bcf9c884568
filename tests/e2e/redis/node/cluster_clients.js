// SPDX-License-Identifier: MIT
// The cluster clients of ioredis and node-redis. They are told one server, the first of REDIS_PORTS, and find the rest.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const Redis = require('ioredis');
const {createCluster} = require('redis');

const {ports} = require('./workloads.js');

const keys = Array.from({length: 200}, (_, number) => `cluster:${number}`);

test('ioredis goes where the keys are', async () => {
  const cluster = new Redis.Cluster([{host: '127.0.0.1', port: ports[0]}]);
  try {
    await Promise.all(keys.map((key, number) => cluster.set(`io:${key}`, number)));
    const found = await Promise.all(keys.map((key) => cluster.get(`io:${key}`)));
    assert.deepEqual(found, keys.map((_, number) => String(number)));
    assert.deepEqual(await cluster.multi().incr('{io}:a').incr('{io}:a').del('{io}:a').exec(),
                     [[null, 1], [null, 2], [null, 1]]);
    assert.equal(cluster.nodes('master').length, 1);
    assert.equal(cluster.nodes('all').length, 3);
  } finally {
    cluster.disconnect();
  }
});

test('ioredis reads from replicas', async () => {
  const cluster = new Redis.Cluster([{host: '127.0.0.1', port: ports[0]}], {scaleReads: 'slave'});
  try {
    await cluster.set('io:replica', 'value');
    const until = Date.now() + 10000;
    let found = null;
    while (found !== 'value' && Date.now() < until) found = await cluster.get('io:replica');
    assert.equal(found, 'value');
  } finally {
    cluster.disconnect();
  }
});

for (const RESP of [2, 3]) {
  test(`node-redis goes where the keys are, RESP${RESP}`, async () => {
    const cluster = createCluster({RESP, rootNodes: [{socket: {host: '127.0.0.1', port: ports[0]}}]});
    cluster.on('error', () => {});
    await cluster.connect();
    try {
      await Promise.all(keys.map((key, number) => cluster.set(`node${RESP}:${key}`, String(number))));
      const found = await Promise.all(keys.map((key) => cluster.get(`node${RESP}:${key}`)));
      assert.deepEqual(found, keys.map((_, number) => String(number)));
      assert.equal(cluster.masters.length, 1);
      assert.deepEqual(await cluster.multi().incr('{node}:a').del('{node}:a').exec(), [1, 1]);
    } finally {
      await cluster.close();
    }
  });
}
