import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPassing, verdict } from './verdict.js';

const HTML = { html: true, text: '<h1>Hello</h1>', body: null };
const EMPTY = { html: false, text: '', body: null };

function json(body) {
  return { html: false, text: JSON.stringify(body), body };
}

test('every kind of answer to an action has one meaning', () => {
  const rows = [
    ['a lost connection', null, 'again'],
    // The app says which action it answers, whatever the status.
    ...[200, 204, 401, 403, 404, 409, 413, 422, 429, 500, 503].map((status) => [
      `${status} with our number`,
      { status, ack: '7', ...EMPTY },
      'ours',
    ]),
    ['200 with another number', { status: 200, ack: '8', ...json({}) }, 'again'],
    ['200 with another number and HTML', { status: 200, ack: '8', ...HTML }, 'again'],
    // The app, through something that has removed the number.
    ['a definite refusal', { status: 413, ack: null, ...json({ code: 'body_too_large', definite: true }) }, 'ours'],
    ['a definite 429', { status: 429, ack: null, ...json({ code: 'too_many_tabs', definite: true }) }, 'ours'],
    ['an unsure refusal', { status: 409, ack: null, ...json({ code: 'superseded', definite: false }) }, 'ours'],
    ['a request to wait', { status: 503, ack: null, ...json({ code: 'unavailable', definite: false }) }, 'again'],
    ['a request to slow down', { status: 429, ack: null, ...json({ code: 'too_often', definite: false }) }, 'again'],
    // Something else.
    ...[408, 425, 429, 502, 503, 504].flatMap((status) => [
      [`${status} with HTML`, { status, ack: null, ...HTML }, 'again'],
      [`${status} with JSON`, { status, ack: null, ...json({ message: 'no' }) }, 'again'],
      [`${status} without a body`, { status, ack: null, ...EMPTY }, 'again'],
    ]),
    ...[400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 413, 414, 415, 421, 422, 426, 428, 431, 451].flatMap((status) => [
      [`${status} with HTML`, { status, ack: null, ...HTML }, 'foreign'],
      [`${status} with JSON`, { status, ack: null, ...json({ code: 'denied' }) }, 'foreign'],
      [`${status} without a body`, { status, ack: null, ...EMPTY }, 'foreign'],
    ]),
    ...[500, 501, 505, 507, 508, 511, 520, 530].map((status) => [`${status}`, { status, ack: null, ...HTML }, 'foreign']),
    ['a redirect that the browser hides', { status: 0, ack: null, ...EMPTY }, 'moved'],
    ...[300, 301, 302, 303, 304, 307, 308].map((status) => [`${status}`, { status, ack: null, ...EMPTY }, 'moved']),
    ['a sign-in page with 200', { status: 200, ack: null, ...HTML }, 'moved'],
    ['JSON of something else', { status: 200, ack: null, ...json({ ok: true }) }, 'foreign'],
    ['a 200 that was cut', { status: 200, ack: null, ...EMPTY }, 'again'],
    ['a 204 without a number', { status: 204, ack: null, ...EMPTY }, 'again'],
  ];
  for (const [what, answer, expected] of rows) assert.equal(verdict(answer, 7), expected, what);
});

test('only six statuses are repeated', () => {
  const repeated = Array.from({ length: 600 }, (_, status) => status).filter(isPassing);
  assert.deepEqual(repeated, [408, 425, 429, 502, 503, 504]);
});
