import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseName, parseValue } from './directives.js';
import { milliseconds, paced } from './paced.js';
import { FakeClock } from './fakes.test.js';

test('names of attributes are taken apart', () => {
  assert.deepEqual(parseName('data-on:click__debounce.500ms.leading__prevent'), {
    plugin: 'on', key: 'click', modifiers: new Map([['debounce', ['500ms', 'leading']], ['prevent', []]]),
  });
  assert.deepEqual(parseName('data-text'), { plugin: 'text', key: '', modifiers: new Map() });
  assert.equal(parseName('data-bind:_query').key, '_query');
});

test('modifiers stand in values, too', () => {
  assert.deepEqual(parseValue("__key.Enter.%20%2E__prevent $a = '__b c'"), {
    value: "$a = '__b c'", modifiers: new Map([['key', ['Enter', '%20%2E']], ['prevent', []]]),
  });
  assert.deepEqual(parseValue("$a = '\n__b '"), { value: "$a = '\n__b '", modifiers: new Map() });
});

test('durations', () => {
  assert.deepEqual([['500ms'], ['2s'], ['300'], ['1.5s'], [], undefined].map(milliseconds), [500, 2000, 300, 1500, 0, 0]);
});

async function run(modifier, options, times) {
  const clock = new FakeClock();
  const seen = [];
  const work = paced(new Map([[modifier, options]]), (event) => seen.push([clock.time, event]), clock);
  for (const at of times) {
    await clock.pass(at - clock.time);
    work(at);
  }
  await clock.pass(10_000);
  return seen;
}

test('debounce runs once after the last, with the last event', async () => {
  assert.deepEqual(await run('debounce', ['100ms'], [0, 50, 120, 400]), [[220, 120], [500, 400]]);
  assert.deepEqual(await run('debounce', ['100ms', 'leading', 'notrailing'], [0, 50, 400]), [[0, 0], [400, 400]]);
});

test('throttle runs the first and rests', async () => {
  assert.deepEqual(await run('throttle', ['100ms'], [0, 50, 90, 120]), [[0, 0], [120, 120]]);
  assert.deepEqual(await run('throttle', ['100ms', 'trailing'], [0, 50, 90]), [[0, 0], [100, 90]]);
});
