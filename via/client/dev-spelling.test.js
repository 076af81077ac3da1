import assert from 'node:assert/strict';
import { test } from 'node:test';

import { misspelled } from './dev-spelling.js';

test('spellings that do nothing are told, with what to write', () => {
  const isEvent = (name) => ['click', 'input'].includes(name);
  for (const [name, expected] of [
    ['data-on:click', null],
    ['data-on:click__debounce.500ms', null],
    ['data-on:my-event', null],
    ['data-on-click', 'write data-on:click'],
    ['data-onclick', 'write data-on:click'],
    ['data-on-intersect__once', null],
    ['data-on-interval__duration.2s', null],
    ['data-onboarding', null],
    ['data-class-active', 'write data-class:active'],
    ['data-onn:click', 'there is no data-onn'],
    ['data-computed:my-sum', null],
    ['data-via-frame', null],
    ['data-id', null],
    ['class', null],
  ]) {
    assert.equal(misspelled(name, isEvent), expected, name);
  }
});
