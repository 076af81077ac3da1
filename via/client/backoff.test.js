import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeBackoff } from './backoff.js';

test('waits double up to the cap and start again after a reset', () => {
  const backoff = makeBackoff({ base: 250, cap: 1_000, random: () => 1 });
  assert.deepEqual([1, 2, 3, 4].map(() => backoff.next()), [250, 500, 1_000, 1_000]);
  backoff.reset();
  assert.equal(backoff.next(), 250);
});

test('full jitter may wait no time at all, a floor keeps its share', () => {
  assert.equal(makeBackoff({ base: 250, cap: 1_000, random: () => 0 }).next(), 0);
  assert.equal(makeBackoff({ base: 200, cap: 1_000, floor: 0.5, random: () => 0 }).next(), 100);
});

test('ten thousand tries do not overflow', () => {
  const backoff = makeBackoff({ base: 250, cap: 15_000, random: () => 1 });
  for (let i = 0; i < 10_000; i++) backoff.next();
  assert.equal(backoff.next(), 15_000);
});
