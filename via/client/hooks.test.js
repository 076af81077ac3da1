import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { makeApi } from './api.js';
import { hook, tell } from './hooks.js';

const folder = new URL('.', import.meta.url);
const types = readFileSync(new URL('via.d.ts', folder), 'utf8');

/** The members of an interface of `via.d.ts`. */
function members(name) {
  const body = new RegExp(`interface ${name} \\{\\n([^]*?)\\n\\}`).exec(types)[1];
  return new Set(Array.from(body.matchAll(/^  (?:readonly )?'?([\w:-]+)'?[?:<(]/gm), ([, member]) => member));
}

function scene(ready) {
  const items = [];
  const queue = { add: (item) => items.push(item) };
  const drafts = { capture: () => ({ signals: { step: 1 }, dirty: [], versions: new Map() }) };
  return { items, api: makeApi({ queue, drafts, ready }) };
}

test('the types declare what there is, and nothing else', () => {
  assert.deepEqual(new Set(Object.keys(scene().api)), members('Via'));
  const sources = readdirSync(folder).filter((name) => /^(?!.*\.test)(?!dev).*\.js$/.test(name));
  const text = sources.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('');
  const told = Array.from(text.matchAll(/\btell\('(via:\w+)'/g), ([, name]) => name);
  assert.deepEqual(new Set(told), members('ViaEvents'));
});

test('handlers hear what happens until they are ended, each by itself', () => {
  const heard = [];
  const handler = (detail) => heard.push(detail);
  const end = hook('saved', handler);
  hook('saved', handler);
  tell('saved', 1);
  end();
  tell('saved', 2);
  tell('other', 3);
  assert.deepEqual(heard, [1, 1, 2]);
  assert.throws(() => hook('saved'), TypeError);
});

test('a handler that fails is reported, and the others hear', (t) => {
  const error = t.mock.method(console, 'error', () => {});
  const heard = [];
  hook('broken', () => {
    throw new Error('oh');
  });
  hook('broken', (detail) => heard.push(detail));
  tell('broken', 1);
  assert.deepEqual(heard, [1]);
  assert.match(error.mock.calls[0].arguments[0], /a handler of broken failed/);
});

test('who asks late for the connection hears what it is', () => {
  tell('via:connection', 'online');
  const heard = [];
  hook('via:connection', (status) => heard.push(status));
  tell('via:connection', 'reconnecting');
  assert.deepEqual(heard, ['online', 'reconnecting']);
});

test('a call is queued as a click is, and settles with its answer', async () => {
  const { items, api } = scene();
  const applied = api.call('Todos::remove', [5]);
  const { action, args, signals } = items[0];
  assert.deepEqual({ action, args, signals }, { action: 'Todos::remove', args: '[5]', signals: { step: 1 } });
  items[0].done({ status: 204, body: null });
  assert.equal(await applied, undefined);

  const refused = api.call('Todos::remove', [6]);
  items[1].done({ status: 422, body: { code: 'refused', message: 'It is gone.' } });
  await assert.rejects(refused, { name: 'ViaError', status: 422, code: 'refused', message: 'It is gone.' });
  const unknown = api.call('Todos::remove');
  items[2].done({ status: 0, body: { code: 'unknown_outcome' } });
  await assert.rejects(unknown, { code: 'unknown_outcome' });
});

test('what is no list of JSON is not queued', async () => {
  const { items, api } = scene();
  assert.throws(() => api.call('Todos::remove', 5), TypeError);
  await assert.rejects(api.call('Todos::remove', [5n]), TypeError);
  assert.deepEqual(items, []);
});

test('calls wait until the page has begun, and then not at all', async () => {
  let begin;
  let ready = new Promise((resolve) => (begin = resolve));
  const { items, api } = scene(() => ready);
  api.call('P::a');
  api.call('P::b');
  await null;
  assert.deepEqual(items, []);
  begin();
  await ready;
  ready = null;
  api.call('P::c');
  assert.deepEqual(items.map(({ action }) => action), ['P::a', 'P::b', 'P::c']);
});
