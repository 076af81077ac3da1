import assert from 'node:assert/strict';
import { test } from 'node:test';
import { same } from './data.js';
import { batch, effect, Signals, untracked } from './signals.js';

test('an effect runs again only for what it read', () => {
  const signals = new Signals();
  signals.write('a', 1);
  const seen = [];
  const stop = effect(() => seen.push(signals.get('a')));
  signals.write('b', 5);
  signals.write('a', 2);
  signals.write('a', 2);
  assert.deepEqual(seen, [1, 2]);
  stop();
  signals.write('a', 3);
  assert.deepEqual(seen, [1, 2]);
});

test('a batch runs each effect once', () => {
  const signals = new Signals();
  const seen = [];
  effect(() => seen.push([signals.get('a'), signals.get('b')]));
  batch(() => {
    signals.write('a', 1);
    batch(() => signals.write('b', 2));
    assert.equal(seen.length, 1);
  });
  assert.deepEqual(seen, [[undefined, undefined], [1, 2]]);
});

test('dependencies follow the branch that was taken', () => {
  const signals = new Signals();
  signals.write('on', true);
  let runs = 0;
  effect(() => {
    runs++;
    return signals.get('on') ? signals.get('a') : signals.get('b');
  });
  signals.write('b', 1);
  assert.equal(runs, 1);
  signals.write('on', false);
  signals.write('a', 1);
  assert.equal(runs, 2);
});

test('a computed signal is lazy, follows its sources and cannot be assigned', () => {
  const signals = new Signals();
  signals.write('a', 2);
  let runs = 0;
  const seen = [];
  effect(() => seen.push(signals.get('twice')));
  const stop = signals.compute('twice', () => (runs++, signals.get('a') * 2));
  signals.write('a', 3);
  assert.deepEqual(seen, [undefined, 4, 6]);
  assert.equal(runs, 2);
  assert.throws(() => signals.edit('twice', 1), /computed/);
  assert.equal(signals.write('twice', 1), false);
  stop();
  assert.equal(signals.peek('twice'), undefined);
});

test('a computed signal may replace another one, and no other signal', () => {
  const signals = new Signals();
  const stop = signals.compute('a', () => 1);
  signals.compute('a', () => 2);
  stop();
  assert.equal(signals.peek('a'), 2);
  signals.write('b', 1);
  assert.throws(() => signals.compute('b', () => 2), /\$b is a signal already/);
  assert.equal(signals.peek('b'), 1);
});

test('only edits that change something are told', () => {
  const signals = new Signals();
  const edits = [];
  signals.onEdit = (name) => edits.push(name);
  signals.write('a', { b: [1, 2] });
  signals.edit('a', { b: [1, 2] });
  signals.edit('a', 9, ['b', 1]);
  assert.deepEqual(edits, ['a']);
  assert.deepEqual(signals.peek('a'), { b: [1, 9] });
});

test('effects that feed themselves are stopped, and one that fails hurts no other', (t) => {
  const errors = t.mock.method(console, 'error', () => {});
  const signals = new Signals();
  signals.write('n', 0);
  effect(() => signals.write('n', signals.get('n') + 1));
  assert.match(errors.mock.calls[0].arguments[0], /effects change signals/);
  let after = 0;
  effect(() => {
    if (signals.get('x')) throw new Error('boom');
  });
  effect(() => (after = signals.get('x')));
  signals.write('x', 1);
  assert.equal(after, 1);
});

test('what is read untracked is not depended on', () => {
  const signals = new Signals();
  let runs = 0;
  effect(() => {
    runs++;
    untracked(() => signals.get('a'));
    signals.peek('b');
  });
  signals.write('a', 1);
  signals.write('b', 1);
  assert.equal(runs, 1);
});

test('equality is that of JSON, and of identity for the rest', () => {
  assert.ok(same(NaN, NaN));
  assert.ok(same({ a: [1, { b: null }] }, { a: [1, { b: null }] }));
  assert.ok(!same({ a: undefined }, { b: undefined }));
  assert.ok(!same([], {}));
  assert.ok(!same(new Date(0), new Date(0)));
});

test('a write into a value changes that part alone, whatever its name is', () => {
  const signals = new Signals();
  const json = '{"__proto__":{"n":"9007199254740993"},"constructor":null,"empty":{},"list":[{"a":1},2]}';
  const before = JSON.parse(json);
  signals.write('filter', before);
  signals.edit('filter', 5, ['__proto__', 'm']);
  signals.edit('filter', true, ['constructor']);
  signals.edit('filter', 'x', ['list', '0', 'a']);
  assert.equal(
    JSON.stringify(signals.peek('filter')),
    '{"__proto__":{"n":"9007199254740993","m":5},"constructor":true,"empty":{},"list":[{"a":"x"},2]}',
  );
  assert.equal(Object.getPrototypeOf(signals.peek('filter')), Object.prototype);
  assert.equal(JSON.stringify(before), json);
  assert.equal({}.m, undefined);
});
