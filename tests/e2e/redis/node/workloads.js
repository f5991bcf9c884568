// SPDX-License-Identifier: MIT
// What every client for Node has to do, whatever its own words for it are.
'use strict';

const assert = require('node:assert/strict');

const ports = process.env.REDIS_PORTS.split(',').map(Number);
const keysAsked = Number(process.env.SCAN_KEYS);

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const told = (value) => `found ${JSON.stringify(value)}`;

// `way` says how this client watches a key, and how it sets and gets it in a transaction.
async function conflict(way, key) {
  await way.one.set(key, '1');
  await way.watch(way.one, key);
  await way.other.set(key, '2');
  assert.equal(way.wasDone(await way.increase(way.one, key, '3')), false);
  assert.equal(await way.one.get(key), '2');
  await way.watch(way.one, key);
  assert.equal(way.wasDone(await way.increase(way.one, key, '4')), true);
  assert.equal(await way.other.get(key), '4');
}

// Keys that stay, and beside them keys that come and go while a scan is under way, between those that stay.
async function scanUnderWrites(way, prefix, count) {
  const name = (number) => `${prefix}${String(number).padStart(7, '0')}`;
  for (let begin = 0; begin < count; begin += 1000) {
    const end = Math.min(begin + 1000, count);
    await way.put(Array.from({length: end - begin}, (_, at) => [name(begin + at), 'still']));
  }
  let scanning = true;
  let rounds = 0;
  const disturb = async () => {
    while (scanning) {
      const keys = Array.from({length: 100}, () => `${name(Math.floor(Math.random() * count))}:moving`);
      await way.put(keys.map((key) => [key, 'moving']));
      await way.remove(keys);
      rounds++;
    }
  };
  const disturbed = disturb();
  const found = new Set();
  try {
    await way.scan(`${prefix}*`, (keys) => { for (const key of keys) found.add(String(key)); });
  } finally {
    scanning = false;
    await disturbed;
  }
  assert.ok(rounds > 0, 'nothing was written during the scan');
  const missed = [];
  for (let number = 0; number < count; number++) {
    if (!found.has(name(number))) missed.push(name(number));
  }
  assert.deepEqual(missed.slice(0, 10), []);
}

module.exports = {conflict, keysAsked, ports, scanUnderWrites, sleep, told};
