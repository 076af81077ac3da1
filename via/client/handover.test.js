import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeHandover } from './handover.js';

globalThis.location ??= { pathname: '/' };

function scene({ dirty = [], waiting = [] } = {}) {
  const kept = new Map();
  const storage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
  const signals = { name: 'Ann', word: 'hunter2', other: 1 };
  const drafts = { dirty, capture: () => ({ signals, dirty: drafts.dirty, versions: new Map() }) };
  const queue = { waiting: () => waiting, halted: false, halt: () => (queue.halted = true) };
  const handover = makeHandover({ storage, signals: {}, drafts, queue, isSecret: (name) => name === 'word' });
  const left = () => [...kept.values()].map((text) => JSON.parse(text));
  return { handover, drafts, queue, left };
}

test('what is typed is handed on, and nothing secret', () => {
  const { handover, left } = scene({ dirty: ['name', 'word'] });
  handover.leave();
  assert.deepEqual(left(), [{ typed: [['name', 'Ann']], clicks: [], until: 0, isUnsure: false }]);
});

test('what was handed on before and has been sent since is not there any more', () => {
  const { handover, drafts, left } = scene({ dirty: ['name'] });
  handover.leave();
  drafts.dirty = [];
  handover.leave();
  assert.deepEqual(left(), []);
});

test('clicks are handed on only by a page of an older build, behind the one that was refused', () => {
  const waiting = [
    { action: 'P::z', args: '[]', body: 'in flight' },
    { action: 'P::b', args: '[1]', signals: {} },
  ];
  const { handover, queue, left } = scene({ waiting });
  handover.leave();
  assert.deepEqual(left(), []);
  handover.carry({ action: 'P::a', args: '[]', body: 'sent' });
  assert.equal(queue.halted, true);
  waiting.push({ action: 'P::c', args: '[]' });
  handover.leave();
  assert.deepEqual(
    left()[0].clicks.map(({ action }) => action),
    ['P::a', 'P::b', 'P::c'],
  );
});

test('a click is handed on with the user whom its page showed', () => {
  const { handover, left } = scene({ waiting: [{ action: 'P::b', args: '[]', identity: 'ann' }] });
  handover.carry({ action: 'P::a', args: '[]', identity: 'nobody' });
  handover.leave();
  assert.deepEqual(left()[0].clicks, [
    { action: 'P::a', args: '[]', identity: 'nobody' },
    { action: 'P::b', args: '[]', identity: 'ann' },
  ]);
});

test('if another page stands in front of the app, what was sent is handed on as it was, without secrets', () => {
  const waiting = [
    { action: 'P::b', args: '[]', identity: 'ann', number: 2, body: 'b', signals: { word: 'hunter2' } },
    { action: 'P::c', args: '[]', identity: 'ann', signals: { word: 'hunter2' } },
  ];
  const { handover, left } = scene({ waiting });
  handover.carry({ action: 'P::a', args: '[]', identity: 'ann', number: 1, body: 'a', signals: { name: 'Ann' } }, true);
  handover.leave();
  const [{ clicks, until, isUnsure }] = left();
  assert.deepEqual(clicks, [
    { action: 'P::a', args: '[]', identity: 'ann', number: 1, body: 'a', resumed: true },
    { action: 'P::c', args: '[]', identity: 'ann' },
  ]);
  assert.ok(until > Date.now());
  assert.equal(isUnsure, true);
});
