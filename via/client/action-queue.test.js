import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeQueue } from './action-queue.js';
import { FakeClock } from './fakes.test.js';

function setUp(more = {}) {
  const clock = new FakeClock();
  const sent = [];
  const settled = [];
  const first = [];
  const delayed = [];
  const queue = makeQueue({
    post: (body, options) =>
      new Promise((resolve, reject) => {
        const request = { body, options, json: JSON.parse(body), fail: () => reject(new TypeError('network')) };
        request.answer = (status, headers = {}, text = null) => resolve(new Response(text, { status, headers }));
        request.ack = (status = 204, text = null) => request.answer(status, { 'Via-Ack': String(request.json.number) }, text);
        options.signal.addEventListener('abort', request.fail);
        sent.push(request);
      }),
    sending: (item) => first.push(item.action),
    settled: (item, answer) => settled.push([item.action, answer.status, answer.body]),
    delayed: (message) => delayed.push(message),
    random: () => 1,
    timers: clock,
    now: clock.now,
    ...more,
  });
  const add = (action, more = {}) => queue.add({ action, args: '[]', signals: {}, dirty: [], ...more });
  return { clock, queue, sent, settled, first, delayed, add };
}

test('nothing is sent before there is a token; then in order, one in flight, numbered from 1', async () => {
  const { clock, queue, sent, settled, add } = setUp();
  add('a');
  add('b');
  await clock.pass(0);
  assert.equal(sent.length, 0);
  queue.authorize('T', true);
  await clock.pass(0);
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0].json, { token: 'T', number: 1, action: 'a', args: [], signals: {}, dirty: [] });
  assert.equal(sent[0].options.keepalive, true);
  sent[0].ack();
  await clock.pass(0);
  assert.equal(sent[1].json.number, 2);
  sent[1].ack(200, '{"commands":[]}');
  await clock.pass(0);
  assert.deepEqual(settled, [['a', 204, null], ['b', 200, { commands: [] }]]);
});

test('the same bytes are repeated until an answer names the number, whatever its status', async () => {
  const { clock, queue, sent, settled, first, add } = setUp();
  queue.authorize('T', true);
  add('a');
  await clock.pass(0);
  const not = [
    (request) => request.fail(),
    (request) => request.answer(502),
    (request) => request.answer(204),
    (request) => request.answer(200, { 'Via-Ack': '7' }, '{}'),
    (request) => request.answer(429, {}, '<h1>Slow down</h1>'),
    (request) => request.answer(503),
  ];
  for (const answer of not) {
    answer(sent.at(-1));
    await clock.pass(5_000);
  }
  assert.equal(sent.length, 7);
  assert.equal(new Set(sent.map(({ body }) => body)).size, 1);
  assert.equal(settled.length, 0);
  sent.at(-1).ack();
  await clock.pass(60_000);
  assert.equal(settled.length, 1);
  assert.equal(sent.length, 7);
  assert.deepEqual(first, ['a']);
});

test('who has to wait until the server has room is told so once for each action', async () => {
  const { clock, queue, sent, settled, delayed, add } = setUp();
  queue.authorize('T', true);
  add('a');
  add('b');
  const refuse = async () => {
    await clock.pass(0);
    sent.at(-1).answer(503, { 'Retry-After': '5' }, '{"code":"full","message":"no room"}');
    await clock.pass(5_000);
  };
  await refuse();
  await refuse();
  assert.equal(sent.length, 3);
  assert.deepEqual([delayed, settled], [['no room'], []]);
  sent.at(-1).ack();
  await refuse();
  assert.deepEqual([delayed, settled.length], [['no room', 'no room'], 1]);
});

test('waits grow from 200 ms to 5 s, Retry-After is kept, and wake ends them', async () => {
  const { clock, queue, sent, add } = setUp();
  queue.authorize('T', true);
  add('a');
  await clock.pass(0);
  for (const wait of [200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
    const count = sent.length;
    sent.at(-1).fail();
    await clock.pass(wait - 1);
    assert.equal(sent.length, count, `after ${wait}`);
    await clock.pass(1);
    assert.equal(sent.length, count + 1);
  }
  const count = sent.length;
  sent.at(-1).answer(429, { 'Retry-After': '20' });
  await clock.pass(19_000);
  assert.equal(sent.length, count);
  queue.wake();
  await clock.pass(0);
  assert.equal(sent.length, count + 1);
});

test('a request that went out before the connection came back is repeated, a young one is left', async () => {
  const { clock, queue, sent, add } = setUp();
  queue.authorize('T', true);
  add('a');
  await clock.pass(1_000);
  queue.wake();
  await clock.pass(1_000);
  assert.equal(sent.length, 1);
  await clock.pass(3_000);
  queue.wake();
  await clock.pass(1_000);
  assert.equal(sent.length, 2);
  assert.equal(sent[0].body, sent[1].body);
});

test('a refusal is an answer', async () => {
  const { clock, queue, sent, settled, add } = setUp();
  queue.authorize('T', true);
  add('a');
  add('b');
  await clock.pass(0);
  sent[0].ack(422, '{"code":"refused","message":"no"}');
  await clock.pass(0);
  assert.deepEqual(settled, [['a', 422, { code: 'refused', message: 'no' }]]);
  assert.equal(sent[1].json.number, 2);
});

test('the number goes beside the body, the same in every repetition', async () => {
  const { clock, queue, sent, add } = setUp();
  queue.authorize('T', true);
  add('a');
  add('b');
  await clock.pass(0);
  sent[0].fail();
  await clock.pass(5_000);
  sent[1].answer(413, { 'Via-Ack': '1' }, '{"code":"body_too_large"}');
  await clock.pass(0);
  assert.deepEqual(sent.map(({ options }) => options.number), [1, 1, 2]);
  assert.deepEqual(sent.map(({ json }) => json.number), [1, 1, 2]);
});

test('a refusal that was given without a look at the body is an answer', async () => {
  const { clock, queue, sent, settled, add } = setUp();
  queue.authorize('T', true);
  add('a');
  await clock.pass(0);
  sent[0].answer(403, { 'Via-Ack': String(sent[0].options.number) }, '{"code":"cross_origin"}');
  await clock.pass(60_000);
  assert.deepEqual(settled, [['a', 403, { code: 'cross_origin' }]]);
  assert.equal(sent.length, 1);
});

test('a renewed token keeps the numbers, a new tab starts at 1 and repeats nothing of the old', async () => {
  const { clock, queue, sent, settled, add } = setUp();
  queue.authorize('T', true);
  add('a');
  await clock.pass(0);
  sent[0].ack();
  queue.authorize('T2', false);
  add('b');
  await clock.pass(0);
  assert.deepEqual([sent[1].json.token, sent[1].json.number], ['T2', 2]);
  add('c');
  queue.authorize('N', true);
  await clock.pass(0);
  assert.deepEqual(settled[1], ['b', 0, {
    code: 'unknown_outcome',
    message: 'We cannot tell whether your last action was done. Please check, then try again.',
    definite: false,
  }]);
  assert.deepEqual([sent[2].json.token, sent[2].json.number, sent[2].json.action], ['N', 1, 'c']);
});

test('arguments go out as the server wrote them, digit for digit', async () => {
  const { clock, queue, sent, add } = setUp();
  queue.authorize('T', true);
  add('a', { args: '[9007199254740993,"x"]', signals: { big: '9007199254740995' }, dirty: ['big'] });
  await clock.pass(0);
  assert.ok(sent[0].body.includes('"args":[9007199254740993,"x"]'));
  assert.deepEqual(sent[0].json.signals, { big: '9007199254740995' });
});

test('a body beyond the browsers limit goes without keepalive', async () => {
  const { clock, queue, sent, add } = setUp();
  queue.authorize('T', true);
  add('a', { signals: { text: 'ü'.repeat(40_000) } });
  await clock.pass(0);
  assert.equal(sent[0].options.keepalive, false);
});

test('what waits behind an action whose tab lost its place goes out as another tab', async () => {
  // The second one is from a server that does not send `definite` yet.
  for (const refusal of [{ code: 'any', definite: false }, { code: 'superseded' }]) {
    let displaced = 0;
    const { clock, queue, sent, settled, add } = setUp({ displaced: () => (displaced += 1) });
    queue.authorize('T', true);
    add('a');
    add('b');
    await clock.pass(0);
    sent[0].ack(409, JSON.stringify(refusal));
    await clock.pass(0);
    assert.deepEqual(settled, [['a', 409, refusal]]);
    assert.equal(displaced, 1);
    assert.equal(sent.length, 1);
    queue.authorize('U', true);
    await clock.pass(0);
    assert.deepEqual([sent[1].json.token, sent[1].json.number, sent[1].json.action], ['U', 1, 'b']);
  }
});

test('after a definite refusal the next action goes out as the same tab', async () => {
  for (const refusal of [{ code: 'any', definite: true }, { code: 'stale_page' }]) {
    const { clock, queue, sent, add } = setUp({ displaced: () => assert.fail('the tab has kept its place') });
    queue.authorize('T', true);
    add('a');
    add('b');
    await clock.pass(0);
    sent[0].ack(409, JSON.stringify(refusal));
    await clock.pass(0);
    assert.deepEqual([sent[1].json.token, sent[1].json.number], ['T', 2]);
  }
});

test('each repetition of an action names the user of its click', async () => {
  const { clock, queue, sent, add } = setUp();
  queue.authorize('T', true);
  add('a', { identity: 'ann' });
  await clock.pass(0);
  sent[0].fail();
  await clock.pass(1_000);
  assert.deepEqual(sent.map(({ options }) => options.identity), ['ann', 'ann']);
});

test('after an answer of something else the next action goes out, and nobody takes another tab', async () => {
  const { clock, queue, sent, settled, add } = setUp({ displaced: () => assert.fail('the tab has kept its place') });
  queue.authorize('T', true);
  add('a');
  add('b');
  add('c');
  await clock.pass(0);
  sent[0].answer(403, { 'Content-Type': 'text/html' }, '<h1>No</h1>');
  await clock.pass(0);
  sent[1].fail();
  await clock.pass(5_000);
  sent[2].answer(413, {}, 'too large');
  await clock.pass(0);
  assert.deepEqual(settled, [['a', 403, null], ['b', 413, null]]);
  assert.deepEqual(sent.map(({ json }) => json.number), [1, 2, 2, 3]);
});

test('an action that waits for its answer for two seconds is told, until it has one', async () => {
  const told = [];
  const { clock, queue, sent, add } = setUp({ slow: (isSlow) => told.push(isSlow) });
  queue.authorize('T', true);
  add('a');
  add('b');
  await clock.pass(1_999);
  assert.deepEqual(told, [false]);
  await clock.pass(1);
  assert.equal(told.at(-1), true);
  sent[0].ack();
  await clock.pass(0);
  assert.equal(told.at(-1), false);
  await clock.pass(2_000);
  assert.equal(told.at(-1), true);
  sent[1].ack();
  await clock.pass(60_000);
  assert.equal(told.at(-1), false);
});

test('an action that an earlier document has sent is sent again as it was, before all others', async () => {
  const { clock, queue, sent, settled, add } = setUp({ displaced: () => assert.fail('this tab has its place') });
  add('old', { resumed: true, number: 7, body: '{"token":"OLD","number":7,"action":"old"}' });
  add('new');
  queue.authorize('T', true);
  await clock.pass(0);
  assert.deepEqual([sent[0].json.token, sent[0].options.number], ['OLD', 7]);
  sent[0].ack(409, '{"code":"superseded","definite":false}');
  await clock.pass(0);
  assert.deepEqual([sent[1].json.token, sent[1].json.number], ['T', 1]);
  assert.equal(settled.length, 1);
});
