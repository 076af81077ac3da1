import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, FakeServer } from './fakes.test.js';
import { makeHub } from './hub.js';

function setUp({ random = () => 1 } = {}) {
  const clock = new FakeClock();
  const server = new FakeServer();
  const said = [];
  const hub = makeHub({
    url: '/_via/stream', fetch: server.fetch, random, timers: clock, now: clock.now, debug: (text) => said.push(text),
  });
  const join = (key, token = key, frame = null) => {
    const messages = [];
    hub.join(key, { token, frame }, (message) => messages.push(message));
    return messages;
  };
  return { clock, server, hub, join, said };
}

const statuses = (messages) => messages.filter(({ type }) => type === 'status').map(({ status }) => status);
const frames = (messages) => messages.filter(({ type }) => type === 'frame');

test('tabs that join together share one stream, with what they show', async () => {
  const { clock, server, join } = setUp();
  const a = join('a', 'A', 'h0');
  join('b', 'B');
  await clock.pass(10);
  assert.equal(server.requests.length, 1);
  assert.equal(server.last.headers['Via-Request'], 'stream');
  assert.deepEqual(server.last.body, { tabs: [{ token: 'A', frame: 'h0' }, { token: 'B', frame: null }] });
  server.last.hello();
  await clock.pass(0);
  assert.deepEqual(statuses(a), ['connecting', 'online']);
});

test('the events of a frame go to their tab together, when the hash has come', async () => {
  const { clock, server, join } = setUp();
  const a = join('a', 'a', 'h0');
  const b = join('b');
  await clock.pass(10);
  server.last.hello();
  server.last.event('datastar-patch-elements', 'elements x', '0/1');
  await clock.pass(0);
  assert.equal(frames(a).length, 0);
  server.last.event('datastar-patch-signals', 'signals {}', '0/1/h1');
  server.last.event('datastar-patch-elements', 'elements y', '1/1/k1');
  await clock.pass(0);
  assert.deepEqual(frames(a), [{
    type: 'frame', full: false, hash: 'h1',
    events: [{ event: 'datastar-patch-elements', data: 'elements x' }, { event: 'datastar-patch-signals', data: 'signals {}' }],
  }]);
  assert.equal(frames(b)[0].full, true);
});

test('a third tab replaces the stream, and the others ask from where they are, unseen', async () => {
  const { clock, server, join } = setUp();
  const a = join('a', 'a', 'h0');
  await clock.pass(10);
  const first = server.last;
  first.hello();
  first.event('datastar-patch-signals', 'signals {}', '0/1/h1');
  await clock.pass(0);
  join('b');
  await clock.pass(10);
  assert.ok(first.aborted);
  assert.deepEqual(server.last.body.tabs, [{ token: 'a', frame: 'h1' }, { token: 'b', frame: null }]);
  server.last.hello();
  await clock.pass(0);
  assert.deepEqual(statuses(a), ['connecting', 'online']);
});

test('tabs that join while a stream opens wait for its hello, but not for ever', async () => {
  const { clock, server, join } = setUp();
  join('a');
  await clock.pass(10);
  const first = server.last;
  join('b');
  join('c');
  await clock.pass(500);
  assert.equal(server.requests.length, 1);
  first.hello();
  await clock.pass(10);
  assert.equal(server.requests.length, 2);
  assert.equal(server.last.body.tabs.length, 3);
  join('d');
  await clock.pass(2_000);
  assert.equal(server.requests.length, 3);
  assert.equal(server.last.body.tabs.length, 4);
});

test('a repeated frame is dropped; a gap that stays makes the hub ask from where the tab is', async () => {
  const { clock, server, join } = setUp();
  const a = join('a', 'a', 'h0');
  await clock.pass(10);
  const first = server.last;
  first.hello();
  first.event('datastar-patch-signals', 'signals {}', '0/1/h1');
  first.event('datastar-patch-signals', 'signals {}', '0/1/h1');
  await clock.pass(0);
  assert.equal(frames(a).length, 1);
  first.event('datastar-patch-signals', 'signals {}', '0/3/h3');
  first.event('datastar-patch-signals', 'signals {}', '0/4/h4');
  await clock.pass(999);
  assert.equal(server.requests.length, 1);
  await clock.pass(1);
  assert.equal(frames(a).length, 1);
  assert.equal(server.requests.length, 2);
  assert.deepEqual(server.last.body.tabs, [{ token: 'a', frame: 'h1' }]);
  server.last.hello();
  server.last.event('datastar-patch-elements', 'elements', '0/1/h4');
  await clock.pass(5_000);
  assert.deepEqual(frames(a)[1].hash, 'h4');
  assert.equal(server.requests.length, 2);
});

/** A frame as it is written in an answer or on the stream. */
const frame = (id) => `event: datastar-patch-elements\nid: ${id}\ndata: elements ${id}\n\n`;
const hashes = (messages) => frames(messages).map(({ hash }) => hash);

test('frames of answers and of the stream are taken in the order of their numbers', async () => {
  const { clock, server, hub, join, said } = setUp();
  const a = join('a', 'a', 'h0');
  await clock.pass(10);
  const request = server.last;
  request.hello();
  await clock.pass(0);
  assert.deepEqual(a.at(-1), { type: 'stream', id: request.id, identity: undefined });
  const answer = (text) => hub.answered('a', { id: request.id, text });
  answer(frame('0/1/h1'));
  assert.deepEqual(hashes(a), ['h1']);
  // The answer with the second one is on its way.
  request.send(frame('0/3') + frame('0/3/h3') + frame('0/4/h4'));
  await clock.pass(900);
  assert.deepEqual(hashes(a), ['h1']);
  answer(frame('0/2/h2'));
  assert.deepEqual(hashes(a), ['h1', 'h2', 'h3', 'h4']);
  assert.equal(frames(a)[2].events.length, 2);
  // Another one that came before is dropped, and no tab waits for anything any more.
  answer(frame('0/2/h2'));
  await clock.pass(5_000);
  assert.deepEqual(hashes(a), ['h1', 'h2', 'h3', 'h4']);
  assert.deepEqual(said, []);
  assert.equal(server.requests.length, 1);
});

test('where a frame was lost with its answer the hub asks from where the tab is, if its stream is still that one', async () => {
  const { clock, server, hub, join, said } = setUp();
  const a = join('a', 'a', 'h0');
  await clock.pass(10);
  const first = server.last;
  first.hello();
  await clock.pass(0);
  hub.answered('a', { id: 'another', text: '' });
  hub.answered('a', { id: '', text: '' });
  await clock.pass(5_000);
  assert.equal(server.requests.length, 1);
  hub.answered('a', { id: first.id, text: '' });
  await clock.pass(1);
  assert.deepEqual(server.last.body.tabs, [{ token: 'a', frame: 'h0' }]);
  // Answers that named the earlier stream are useless now.
  hub.answered('a', { id: first.id, text: frame('0/1/h1') });
  server.last.hello();
  await clock.pass(0);
  hub.answered('a', { id: first.id, text: frame('0/1/h1') });
  hub.answered('a', { id: first.id, text: '' });
  await clock.pass(5_000);
  assert.deepEqual(hashes(a), []);
  hub.answered('a', { id: server.last.id, text: frame('0/1/h2') });
  assert.deepEqual(hashes(a), ['h2']);
  assert.deepEqual(said, []);
  assert.equal(server.requests.length, 2);
});

test('frames that wait when the stream is lost are forgotten', async () => {
  const { clock, server, join } = setUp();
  const a = join('a', 'a', 'h0');
  await clock.pass(10);
  server.last.hello();
  server.last.send(frame('0/2/h2'));
  await clock.pass(0);
  server.last.close();
  await clock.pass(250);
  assert.deepEqual(server.last.body.tabs, [{ token: 'a', frame: 'h0' }]);
  server.last.hello();
  server.last.send(frame('0/1/k1'));
  await clock.pass(5_000);
  assert.deepEqual(hashes(a), ['k1']);
  assert.equal(server.requests.length, 2);
});

test('a frame that a tab cannot apply is asked for in full, ever more slowly', async () => {
  const { clock, server, hub, join } = setUp();
  join('a', 'a', 'h0');
  await clock.pass(10);
  for (let i = 0; i < 20; i++) {
    hub.failed('a', 'no #x');
    await clock.pass(1_000);
  }
  assert.equal(server.last.body.tabs[0].frame, null);
  assert.ok(server.requests.length < 10, `${server.requests.length} requests`);
});

test('a tab may say while it is given a frame that it cannot apply it', async () => {
  const { clock, server, hub } = setUp();
  const given = [];
  hub.join('a', { token: 'a', frame: 'h0' }, (message) => {
    if (message.type === 'frame' && given.push(message.full) === 1) hub.failed('a', 'no #x');
  });
  await clock.pass(10);
  server.last.hello();
  server.last.event('datastar-patch-elements', 'elements x', '0/1/h1');
  await clock.pass(1);
  assert.deepEqual(server.last.body.tabs, [{ token: 'a', frame: null }]);
  server.last.hello();
  server.last.event('datastar-patch-elements', 'elements y', '0/1/h2');
  await clock.pass(1);
  assert.deepEqual(given, [false, true]);
});

test('every kind of loss is followed by another try, with growing waits', async () => {
  const { clock, server, join } = setUp();
  const a = join('a');
  await clock.pass(10);
  const losses = [
    (request) => request.fail(),
    (request) => request.answer(502, 'text/html'),
    (request) => request.answer(200, 'text/html'),
    (request) => (request.answer(500, 'application/json'), request.send('{"code":"oops"}'), request.close()),
    (request) => (request.answer(), request.close()),
    (request) => (request.hello(), request.close()),
  ];
  let wait = 250;
  for (const lose of losses) {
    const count = server.requests.length;
    lose(server.last);
    await clock.pass(wait - 1);
    assert.equal(server.requests.length, count);
    await clock.pass(1);
    assert.equal(server.requests.length, count + 1);
    wait *= 2;
  }
  assert.equal(statuses(a).at(-1), 'reconnecting');
  for (let i = 0; i < 50; i++) {
    server.last.fail();
    await clock.pass(15_000);
  }
  assert.equal(server.requests.length, 57);
  server.last.hello();
  await clock.pass(0);
  assert.equal(statuses(a).at(-1), 'online');
});

test('a missing heartbeat is a loss; comments are a heartbeat', async () => {
  const { clock, server, join } = setUp();
  const a = join('a');
  await clock.pass(10);
  const first = server.last;
  first.hello();
  await clock.pass(40_000);
  first.send(':\n\n');
  await clock.pass(49_000);
  assert.equal(statuses(a).at(-1), 'online');
  await clock.pass(1_001);
  assert.equal(statuses(a).at(-1), 'reconnecting');
  assert.ok(first.aborted);
});

test('after a bye the hub comes back at the time it was told, and shows nothing', async () => {
  const { clock, server, join } = setUp();
  const a = join('a');
  await clock.pass(10);
  server.last.hello();
  server.last.event('via-bye', '{"reconnect_ms":1200}');
  server.last.close();
  await clock.pass(1_199);
  assert.equal(server.requests.length, 1);
  await clock.pass(1);
  assert.equal(server.requests.length, 2);
  server.last.hello();
  await clock.pass(0);
  assert.deepEqual(statuses(a), ['connecting', 'online']);
});

test('wake ends the waiting at once', async () => {
  const { clock, server, hub, join } = setUp();
  join('a');
  await clock.pass(10);
  for (let i = 0; i < 8; i++) {
    server.last.fail();
    await clock.pass(15_000);
  }
  server.last.fail();
  await clock.pass(0);
  const count = server.requests.length;
  hub.wake();
  await clock.pass(0);
  assert.equal(server.requests.length, count + 1);
});

test('an expired tab is told, stays out of the list, and comes back with its new token', async () => {
  const { clock, server, join } = setUp();
  const a = join('a', 'A', 'h0');
  join('b', 'B');
  await clock.pass(10);
  server.last.hello();
  server.last.event('via-tab', '{"code":"expired","message":"old"}', '0/0');
  await clock.pass(0);
  assert.deepEqual(a.at(-1), { type: 'tab', code: 'expired', message: 'old' });
  server.last.close();
  await clock.pass(250);
  assert.deepEqual(server.last.body.tabs, [{ token: 'B', frame: null }]);
  server.last.hello();
  await clock.pass(0);
  join('a', 'A2', 'stale');
  await clock.pass(10);
  assert.deepEqual(server.last.body.tabs, [{ token: 'A2', frame: 'h0' }, { token: 'B', frame: null }]);
});

test('a tab that leaves gets nothing more; the stream of the others goes on for a while', async () => {
  const { clock, server, hub, join } = setUp();
  const a = join('a');
  const b = join('b');
  await clock.pass(10);
  const first = server.last;
  first.hello();
  await clock.pass(0);
  hub.leave('a');
  first.event('datastar-patch-signals', 'signals {}', '0/1/x');
  first.event('datastar-patch-signals', 'signals {}', '1/1/y');
  await clock.pass(100);
  assert.equal(frames(a).length, 0);
  assert.equal(frames(b).length, 1);
  assert.ok(!first.aborted);
  await clock.pass(5_000);
  assert.deepEqual(server.last.body.tabs, [{ token: 'b', frame: 'y' }]);
  hub.leave('b');
  await clock.pass(60_000);
  assert.ok(server.last.aborted);
  assert.equal(server.requests.length, 2);
});

const OVER = [
  [401, { code: 'session_gone', message: 'It is over.', definite: true }],
  [500, { code: 'damaged', message: 'It is over.', definite: true }],
  // From a server that does not send `definite` yet.
  [401, { code: 'session_gone', message: 'It is over.' }],
];
for (const [status, refusal] of OVER) {
  test(`after ${status} ${JSON.stringify(refusal)} every tab is told, and the stream is not asked for again`, async () => {
    const { clock, server, join } = setUp();
    const tabs = [join('a'), join('b')];
    await clock.pass(10);
    server.last.answer(status, 'application/json');
    server.last.send(JSON.stringify(refusal));
    server.last.close();
    await clock.pass(60_000);
    for (const messages of tabs) assert.deepEqual(messages.at(-1), { type: 'tab', ...refusal });
    assert.equal(server.requests.length, 1);
    join('a', 'new');
    await clock.pass(10);
    assert.deepEqual(server.last.body.tabs, [{ token: 'new', frame: null }]);
  });
}

test('a refusal of the stream that is not definite, or that another server may not give, is waited out', async () => {
  const other = [
    [500, { code: 'any', message: 'Later.', definite: false }],
    [422, { code: 'malformed', message: 'Unknown field.', definite: true }],
  ];
  for (const [status, refusal] of other) {
    const { clock, server, join } = setUp();
    const messages = join('a');
    await clock.pass(10);
    server.last.answer(status, 'application/json');
    server.last.send(JSON.stringify(refusal));
    server.last.close();
    await clock.pass(60_000);
    assert.ok(server.requests.length > 1);
    assert.ok(!messages.some(({ type }) => type === 'tab'));
  }
});

test('the tabs that are too many are told, and the others are served', async () => {
  const { clock, server, join } = setUp();
  const tabs = Array.from({ length: 33 }, (_, index) => join(`tab ${index}`));
  await clock.pass(10);
  assert.equal(server.last.body.tabs.length, 32);
  assert.equal(tabs[32].at(-1).code, 'too_many_tabs');
  server.last.hello();
  await clock.pass(0);
  assert.deepEqual(statuses(tabs[0]), ['connecting', 'online']);
});
