import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forJson, parseNumber } from './values.js';

test('no number is changed in silence', () => {
  for (const [text, value] of [
    ['', null], [' ', null], ['abc', 'abc'], ['1', 1], ['-2.5', -2.5], ['1e3', '1e3'], ['1e999', '1e999'],
    ['-0', '-0'], ['-0.0', '-0.0'], ['0', 0], [' 5 ', 5], ['+5', 5], ['.5', 0.5], ['.', '.'], ['0x10', '0x10'],
    ['1.50', 1.5], ['0.1', 0.1], ['0.30000000000000004', 0.30000000000000004], ['NaN', 'NaN'],
    ['0.12345678901234567890', '0.12345678901234567890'], ['Infinity', 'Infinity'],
    ['9007199254740990.9', '9007199254740990.9'], ['9007199254740992', '9007199254740992'],
    ['9007199254740991', 9007199254740991], ['9007199254740993', '9007199254740993'],
    ['-9223372036854775808', '-9223372036854775808'], ['1.', 1], ['007', 7],
  ]) {
    assert.equal(parseNumber(text), value, text);
  }
});

test('JSON loses no number and no signal', () => {
  const values = { a: NaN, b: -Infinity, c: undefined, d: [1.5, undefined], e: { f: 'NaN' }, g: null };
  assert.equal(
    JSON.stringify(values, forJson),
    '{"a":"NaN","b":"-Infinity","c":null,"d":[1.5,null],"e":{"f":"NaN"},"g":null}',
  );
});
