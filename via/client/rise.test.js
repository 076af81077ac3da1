import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestRise } from './rise.js';

test('the longest rising run is found', () => {
  const values = (numbers) => longestRise(numbers).map((index) => numbers[index]);
  assert.deepEqual(values([]), []);
  assert.deepEqual(values([3, 2, 1]), [1]);
  assert.deepEqual(values([1, 2, 3]), [1, 2, 3]);
  assert.deepEqual(values([5, 0, 1, 6, 2, 3]), [0, 1, 2, 3]);
});
