/**
 * The meaning of typed Rust expressions in the browser: `@i64($step)`, `@len($query)`, `@has($tags, 3n, 'u8')`.
 *
 * Integers are BigInts, so that none is rounded. An integer outside its type becomes the nearest that
 * fits. If a field holds something that is not a value of the type, the whole expression does nothing.
 */

import { same } from './data.js';
import { NOTHING } from './expression.js';
import { text } from './text.js';

/** A function that reads a field's value, or the result of an operation, as an integer. */
function integer(least, most) {
  return (value, empty) => {
    if (typeof value === 'bigint') return value < least ? least : value > most ? most : value;
    if (isNone(value, empty)) return null;
    const digits = typed(value);
    const number = /^(?!-0+$)[+-]?\d+$/.test(digits) ? BigInt(digits) : undefined;
    if (number >= least && number <= most) return number;
    throw NOTHING;
  };
}

function f64(value, empty) {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (isNone(value, empty)) return null;
  const decimal = typed(value);
  if (/^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/.test(decimal)) return Number(decimal);
  throw NOTHING;
}

/** What the user may have typed, or the server has sent, as a number. */
function typed(value) {
  return ['number', 'string'].includes(typeof value) ? text(value).trim() : '';
}

/** Whether an emptied field, or one with no input yet, is a `None`. */
function isNone(value, empty) {
  return empty === null && (value === null || value === '');
}

function equal(a, b) {
  return a === b || (typeof a === 'object' && same(a, b));
}

/** By name; these change nothing. */
export const functions = {
  __proto__: null,
  f64,
  text,
  same: equal,
  json: JSON.parse,
  len: (many) => BigInt(typeof many === 'string' ? new TextEncoder().encode(many).length : many.length),
  chars: (value) => BigInt([...value].length),
  has: (list, item, type) =>
    list.some((each) => equal(type ? functions[type](each, null) : each, item)),
};
for (const bits of [8n, 16n, 32n, 64n, 128n]) {
  const half = 1n << (bits - 1n);
  functions[`i${bits}`] = integer(-half, half - 1n);
  functions[`u${bits}`] = integer(0n, 2n * half - 1n);
}
