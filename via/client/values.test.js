import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNumber } from './values.js';

test('no number is changed in silence', () => {
  for (const [text, value] of [
    ['', null], [' ', null], ['abc', null], ['1', 1], ['-2.5', -2.5], ['1e3', 1000], ['1e999', null],
    ['9007199254740991', 9007199254740991], ['9007199254740993', '9007199254740993'],
    ['-9223372036854775808', '-9223372036854775808'], ['1.', 1], ['007', 7],
  ]) {
    assert.equal(parseNumber(text), value, text);
  }
});
