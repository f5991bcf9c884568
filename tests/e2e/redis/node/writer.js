// SPDX-License-Identifier: MIT
// Writes PREFIX:0, PREFIX:1, .. one after the other until its standard input ends, and says on a line of its own which
// numbers were acknowledged. What fails is not tried again here; the client connects again by itself.
// usage: node writer.js ioredis|ioredis-cluster|node-redis PORT PREFIX
'use strict';

const [kind, port, prefix] = process.argv.slice(2);
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const timeLimit = 2000;  // milliseconds for one write

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

async function main() {
  let ended = false;
  process.stdin.on('end', () => { ended = true; });
  process.stdin.resume();
  const client = await open();
  for (let number = 0; !ended; number++) {
    try {
      const answer = await client.set(`${prefix}:${number}`, String(number));
      process.stdout.write(answer === 'OK' ? `${number}\n` : `error: answered ${answer}\n`);
    } catch (error) {
      process.stdout.write(`error: ${String(error.message).replaceAll('\n', ' ')}\n`);
      await sleep(20);
    }
  }
  process.exit(0);
}

main();
