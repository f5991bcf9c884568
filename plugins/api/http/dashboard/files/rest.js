// SPDX-License-Identifier: MIT
// The calls of the HTTP API that the page makes, all of them to the node that served it.

import { percentEncoded } from './format.js';

const kTimeoutMs = 10000;

// What a node refused, or what nobody knows the end of.
export class RestError extends Error {
  // `outcome`: done, refused or unknown, as the node says; unknown when no answer came.
  constructor(message, status, code, outcome, tag = null) {
    super(message);
    Object.assign(this, { status, code, outcome, tag });
  }
}

async function call(method, target, body, headers = {}) {
  let response;
  try {
    response = await fetch(target, {
      method, body, headers, cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(kTimeoutMs),
    });
  } catch (error) {
    const isWrite = method !== 'GET';
    const text = isWrite ? 'no answer came from the node' : 'the node does not answer';
    throw new RestError(text, 0, error.name, isWrite ? 'unknown' : 'refused');
  }
  if (response.ok) return response;
  const told = (await response.json().catch(() => null))?.error ?? {};
  throw new RestError(told.message ?? `the node answered with status ${response.status}`, response.status, told.code,
    told.outcome, response.headers.get('ETag'));
}

// Linearizable, or when there is no leader to make it so, what this node has: then `isStale` is set.
async function read(target) {
  const mark = target.includes('?') ? '&' : '?';
  try {
    return { response: await call('GET', `${target}${mark}timeout=2s`), isStale: false };
  } catch (error) {
    if (error.status !== 503 && error.status !== 504) throw error;
    return { response: await call('GET', `${target}${mark}consistency=stale`), isStale: true };
  }
}

const keyTarget = (key) => `/v1/kv/${percentEncoded(key)}`;

export async function listKeys(prefix, cursor, limit) {
  const place = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  const { response, isStale } = await read(`/v1/kv?prefix=${percentEncoded(prefix)}&keys&limit=${limit}${place}`);
  return { ...await response.json(), isStale };
}

// How many keys begin with it; `isMore`: at least so many.
export async function countKeys(prefix) {
  const { response } = await read(`/v1/kv?prefix=${percentEncoded(prefix)}&count`);
  const answer = await response.json();
  return { count: BigInt(answer.count), isMore: answer.cursor !== undefined };
}

// Null: there is no such key.
export async function readKey(key) {
  try {
    const { response, isStale } = await read(keyTarget(key));
    const field = (name) => response.headers.get(name);
    const expires = field('X-Tenon-Expires-At-Ms');
    return {
      key, isStale, tag: field('ETag'), value: new Uint8Array(await response.arrayBuffer()),
      version: field('X-Tenon-Version'), created: field('X-Tenon-Create-Revision'),
      leftMs: expires === null ? null : Number(expires) - Number(field('X-Tenon-Cluster-Time-Ms')), readAt: Date.now(),
    };
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

// `life`: a duration such as 90s, `keep`, or null for ever. `tag`: of the value that it may replace; null: it must not
// be there yet.
export async function writeKey(key, value, life, tag) {
  const query = life === 'keep' ? '?keep_expiry' : life === null ? '' : `?ttl=${encodeURIComponent(life)}`;
  const condition = tag === null ? { 'If-None-Match': '*' } : { 'If-Match': tag };
  const type = { 'Content-Type': 'application/octet-stream' };
  await call('PUT', keyTarget(key) + query, value, { ...condition, ...type });
}

export async function deleteKey(key, tag) {
  await call('DELETE', keyTarget(key), undefined, { 'If-Match': tag });
}
