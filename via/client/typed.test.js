import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, learn } from './expression.js';
import { Signals } from './signals.js';
import { held, text } from './text.js';
import { words } from './words.js';

learn(words);

function run(source, values = {}) {
  const signals = new Signals();
  for (const [name, value] of Object.entries(values)) signals.write(name, value);
  const result = compile(source)({ signals, actions: {} });
  return { result, signals };
}
const gives = (source, values) => run(source, values).result;

test('an integer is what a field holds, if that is one of its type', () => {
  for (const [held, value] of [
    [7, 7n], ['7', 7n], [' 007 ', 7n], ['+5', 5n], [-128, -128n], ['127', 127n],
    [128, undefined], ['-129', undefined], ['-0', undefined], ['', undefined], [null, undefined], ['1e1', undefined],
    ['0x1', undefined], [1.5, undefined], [true, undefined], [[1], undefined], ['1.0', undefined], [undefined, undefined],
  ]) {
    assert.equal(gives('@i8($n)', { n: held }), value, String(held));
  }
  assert.equal(gives('@u64($n)', { n: '18446744073709551615' }), 2n ** 64n - 1n);
});

test('integers stop at the ends of their type', () => {
  assert.equal(gives('@i8(@i8($n) + 1n)', { n: 127 }), 127n);
  assert.equal(gives('@u8(3n - 4n)'), 0n);
  assert.equal(gives('@i64(-@i64($n))', { n: '-9223372036854775808' }), 2n ** 63n - 1n);
  assert.equal(gives('@i8(5n / 0n)'), 127n);
  assert.equal(gives('@i8(-5n / 0n)'), -128n);
  assert.equal(gives('@i8(0n / 0n)'), 0n);
  assert.equal(gives('@i128(-1n / 0n)'), -(2n ** 127n));
  assert.equal(gives('@i8(-7n % 0n)'), 0n);
  assert.equal(gives('@i8(-7n % 4n) + @i8(-7n / 2n)'), -6n);
});

test('a floating-point number is what a field holds', () => {
  for (const [held, value] of [
    [1.5, 1.5], ['1.5', 1.5], ['-0', -0], ['NaN', NaN], ['-Infinity', -Infinity], ['.5', 0.5], ['1e3', 1000],
    ['', undefined], [null, undefined], ['abc', undefined], ['0x1', undefined], [true, undefined], ['nan', undefined], ['1E2', 100],
  ]) {
    assert.equal(gives('@f64($n)', { n: held }), value, String(held));
  }
  assert.equal(gives('@f64(@u128($n))', { n: '340282366920938463463374607431768211455' }), 2 ** 128);
});

test('what is emptied is nothing to an `Option`', () => {
  for (const empty of [null, '']) {
    assert.equal(gives('@i64($n, null) ?? 5n', { n: empty }), 5n);
    assert.equal(gives('@f64($n, null) === null', { n: empty }), true);
  }
  assert.equal(gives('@i64($n, null) === null', { n: 'abc' }), undefined);
});

test('a step that lacks a value is left out, and those around it are done', () => {
  const { signals } = run('$a = 1; $b = @i64($n) + 1n; $c = 2', { n: '' });
  assert.deepEqual(['a', 'b', 'c'].map((name) => signals.peek(name)), [1, undefined, 2]);
});

test('texts and lists are measured and searched as in Rust', () => {
  assert.equal(gives('@len($t)', { t: 'aé👩' }), 7n);
  assert.equal(gives('@chars($t)', { t: 'aé👩' }), 3n);
  assert.equal(gives('@len($t)', { t: [1, 2] }), 2n);
  assert.equal(gives("@has($t, 3n, 'u8')", { t: [1, '3'] }), true);
  assert.equal(gives("@has($t, null, 'u8')", { t: [1, ''] }), true);
  assert.equal(gives("@has($t, @json('[1]'))", { t: [[1]] }), true);
  assert.equal(gives("@has($t, NaN, 'f64')", { t: ['NaN'] }), false);
  assert.equal(gives("@same($t, @json('{\"__proto__\":1}'))", { t: JSON.parse('{"__proto__":1}') }), true);
});

test('a value is written so that nothing is lost', () => {
  const written = (source) => run(`$x = ${source}`).signals.peek('x');
  assert.equal(written('5n'), 5);
  assert.equal(written('9007199254740993n'), '9007199254740993');
  assert.equal(written('-0'), '-0');
  assert.equal(written('1 / 0'), 'Infinity');
  assert.deepEqual([held(null), held('a'), held(true), held(1.5)], [null, 'a', true, 1.5]);
});

test('every value has a text', () => {
  assert.deepEqual([null, undefined, -0, 10n ** 30n, 1e21, true, [1]].map(text), [
    '', '', '-0', '1000000000000000000000000000000', '1e+21', 'true', '[1]',
  ]);
});
