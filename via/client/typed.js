/**
 * What typed expressions of Rust mean here: `@i64($step)`, `@len($query)`, `@has($tags, 3n, 'u8')`.
 *
 * Integers are BigInts, so that none is rounded; one that does not fit its type is the nearest that
 * does. Where a field holds what is no value of the type, nothing comes of the whole expression.
 */

import { same } from './signals.js';

/** Thrown where an expression needs a value that is not there, such as an emptied number. */
export const NOTHING = Symbol('nothing');

/** A function that takes what a field holds, or the result of an operation, for an integer. */
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

/** What somebody may have typed, or the server has sent, for a number. */
function typed(value) {
  return ['number', 'string'].includes(typeof value) ? text(value).trim() : '';
}

/** Whether an emptied field, or one that nobody has typed in, is a `None`. */
function isNone(value, empty) {
  return empty === null && (value === null || value === '');
}

function equal(a, b) {
  return a === b || (typeof a === 'object' && same(a, b));
}

/** The text that shows a value. */
export function text(value) {
  if (value === null || value === undefined) return '';
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A value as signals hold it, which is how it travels: as JSON that loses nothing. */
export function held(value) {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  const exact = typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0));
  return exact ? value : text(value);
}

/** BigInts cannot be divided by 0: the result is cut to the ends of its type. */
export function divide(a, b) {
  return b === 0n ? a * FAR : a / b;
}
const FAR = 1n << 256n;

export function remainder(a, b) {
  return b === 0n ? b : a % b;
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
