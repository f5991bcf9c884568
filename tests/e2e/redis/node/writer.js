// SPDX-License-Identifier: MIT
// Writes PREFIX:0, PREFIX:1, .. one after the other until its standard input ends, and says on a line of its own which
// numbers were acknowledged. What fails is not tried again here; the client connects again by itself.
// usage: node writer.js ioredis|ioredis-cluster|node-redis PORT PREFIX
'use strict';

const [kind, port, prefix] = process.argv.slice(2);
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const timeLimit = 2000;  // milliseconds for one write
const silenceLimit = 10000;  // and for a client that does not keep to it

async function open() {
  if (kind === 'ioredis') {
    const Redis = require('ioredis');
    const client = new Redis(Number(port), '127.0.0.1', {
      retryStrategy: () => 20,
      maxRetriesPerRequest: null,
      autoResendUnfulfilledCommands: false,
      commandTimeout: timeLimit,
    });
    client.on('error', () => {});  // what matters is what the commands say
    return client;
  }
  if (kind === 'ioredis-cluster') {
    const {Cluster} = require('ioredis');
    const cluster = new Cluster([{host: '127.0.0.1', port: Number(port)}], {
      clusterRetryStrategy: () => 50,
      redisOptions: {commandTimeout: timeLimit},
    });
    cluster.on('error', () => {});
    return cluster;
  }
  const {createClient} = require('redis');
  const client = createClient({
    commandOptions: {timeout: timeLimit},
    socket: {host: '127.0.0.1', port: Number(port), reconnectStrategy: () => 20},
  });
  client.on('error', () => {});
  return client.connect();
}

// A client that says nothing for long is given up for a new one, as a program that must go on would do: node-redis
// before 6.2 waits for ever when its server dies during the handshake (redis/node-redis#3104 and #3346).
async function patiently(promise) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('the client is silent')), silenceLimit);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}

async function main() {
  let ended = false;
  process.stdin.on('end', () => { ended = true; });
  process.stdin.resume();
  let client = await open();
  for (let number = 0; !ended; number++) {
    try {
      const answer = await patiently(client.set(`${prefix}:${number}`, String(number)));
      process.stdout.write(answer === 'OK' ? `${number}\n` : `error: answered ${answer}\n`);
    } catch (error) {
      process.stdout.write(`error: ${String(error.message).replaceAll('\n', ' ')}\n`);
      if (error.message === 'the client is silent') client = await open();
      await sleep(20);
    }
  }
  process.exit(0);
}

main();
