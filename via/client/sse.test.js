import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sseParser } from './sse.js';

const LINES = [
  ': a comment', 'event: via-hello', 'data: {"heartbeat_ms":20000}', '',
  'id: 0/1', 'event: datastar-patch-elements', 'data: selector #a', 'data: elements <p>', 'data: elements  b: c</p>', '',
  ':', '', 'id: 0/1/hash', 'data', '', 'event: no-data', '', 'data:tight', '', 'data: cut off',
];
const EXPECTED = [
  { event: 'via-hello', id: '', data: '{"heartbeat_ms":20000}' },
  { event: 'datastar-patch-elements', id: '0/1', data: 'selector #a\nelements <p>\nelements  b: c</p>' },
  { event: '', id: '0/1/hash', data: '' },
  { event: '', id: '', data: 'tight' },
];

function parse(chunks) {
  const seen = [];
  const push = sseParser((event) => seen.push(event));
  for (const chunk of chunks) push(chunk);
  return seen;
}

for (const [name, end] of [['LF', '\n'], ['CR', '\r'], ['CRLF', '\r\n']]) {
  const text = LINES.join(end);

  test(`${name} ends lines`, () => assert.deepEqual(parse([text]), EXPECTED));

  test(`${name} ends lines wherever a chunk is cut`, () => {
    for (let a = 0; a <= text.length; a++) {
      for (let b = a; b <= text.length; b += 7) {
        assert.deepEqual(parse([text.slice(0, a), text.slice(a, b), text.slice(b)]), EXPECTED);
      }
    }
    assert.deepEqual(parse([...text]), EXPECTED);
  });
}

test('an event ended by CR is given out before the next byte comes', () => {
  assert.equal(parse(['data: x\r\r']).length, 1);
});
