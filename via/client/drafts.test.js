import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drafts } from './drafts.js';
import { Signals } from './signals.js';

function setUp() {
  const signals = new Signals();
  const held = new Set();
  const drafts = new Drafts(signals, (name) => held.has(name));
  drafts.declare(['step', 'text', '_local']);
  drafts.receive({ step: 1, text: '', _local: 0, other: 0 });
  return { signals, drafts, held };
}

test('an action carries all declared signals that are not local, as they are when it is asked for', () => {
  const { signals, drafts } = setUp();
  signals.edit('step', 5);
  signals.edit('_local', 5);
  signals.edit('other', 5);
  const { signals: values, dirty } = drafts.capture();
  signals.edit('step', 6);
  assert.deepEqual(values, { step: 5, text: '' });
  assert.deepEqual(dirty, ['step']);
});

test('a signal is dirty until an action that carried its present value was applied', () => {
  const { signals, drafts } = setUp();
  signals.edit('step', 5);
  const first = drafts.capture();
  signals.edit('step', 6);
  drafts.acknowledged(first.versions);
  assert.deepEqual(drafts.capture().dirty, ['step']);
  drafts.acknowledged(drafts.capture().versions);
  assert.deepEqual(drafts.capture().dirty, []);
});

test('a server value never replaces a dirty one, and an older one is never used later', () => {
  const { signals, drafts } = setUp();
  signals.edit('step', 5);
  drafts.receive({ step: 9 });
  assert.equal(signals.peek('step'), 5);
  const { versions } = drafts.capture();
  drafts.sent(versions);
  drafts.acknowledged(versions);
  assert.equal(signals.peek('step'), 5);
});

test('a server value that came after the action left is used when the action is applied', () => {
  const { signals, drafts } = setUp();
  signals.edit('text', 'milk');
  const { versions } = drafts.capture();
  drafts.sent(versions);
  drafts.receive({ text: '' });
  assert.equal(signals.peek('text'), 'milk');
  drafts.acknowledged(versions);
  assert.equal(signals.peek('text'), '');
});

test('it is dropped if the user went on editing', () => {
  const { signals, drafts } = setUp();
  signals.edit('text', 'milk');
  const { versions } = drafts.capture();
  drafts.sent(versions);
  drafts.receive({ text: '' });
  signals.edit('text', 'milk and');
  drafts.acknowledged(versions);
  drafts.settle('text');
  assert.equal(signals.peek('text'), 'milk and');
});

test('it waits as long as the field is in the user\'s hands', () => {
  const { signals, drafts, held } = setUp();
  held.add('step');
  drafts.receive({ step: 2 });
  assert.equal(signals.peek('step'), 1);
  held.clear();
  drafts.settle('step');
  assert.equal(signals.peek('step'), 2);
});

test('onlyIfMissing leaves what is there', () => {
  const { signals, drafts } = setUp();
  drafts.receive({ step: 7, fresh: null }, { onlyIfMissing: true });
  assert.equal(signals.peek('step'), 1);
  assert.equal(signals.peek('fresh'), null);
});

test('an edit that an earlier action has carried is not kept a second time', () => {
  const { signals, drafts } = setUp();
  signals.edit('text', 'milk');
  const add = drafts.capture();
  const queued = drafts.capture();
  assert.deepEqual(drafts.sent(add.versions), ['text']);
  drafts.receive({ text: '' });
  drafts.acknowledged(add.versions);
  assert.deepEqual(drafts.sent(queued.versions), []);
  signals.edit('text', 'eggs');
  assert.deepEqual(drafts.sent(drafts.capture().versions), ['text']);
});

test('values inside of values come back as they were', () => {
  const { signals, drafts } = setUp();
  const json = '{"text":{"__proto__":{"big":"18446744073709551615"},"none":null,"empty":{},"list":[null,{}]}}';
  drafts.receive(JSON.parse(json));
  assert.equal(JSON.stringify({ text: drafts.capture().signals.text }), json);
  signals.edit('text', null, ['none']);
  assert.deepEqual(drafts.capture().dirty, []);
});

test('a document that is the reload of a tab sends what was typed in it, and nothing that it only shows', () => {
  const { signals, drafts } = setUp();
  drafts.young = true;
  signals.edit('text', 'a');
  assert.deepEqual(drafts.capture().signals, { text: 'a' });
  drafts.young = false;
  assert.deepEqual(drafts.capture().signals, { step: 1, text: 'a' });
});
