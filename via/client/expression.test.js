import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, learn } from './expression.js';
import { Signals } from './signals.js';
import { tokenize } from './tokens.js';
import { words } from './words.js';

function scope(values = {}, more = {}) {
  const signals = new Signals();
  for (const [name, value] of Object.entries(values)) signals.write(name, value);
  return { signals, actions: {}, el: undefined, evt: undefined, ...more };
}

learn(words);

const run = (source, values, more) => compile(source)(scope(values, more));

test('literals, operators and their precedence are those of JavaScript', () => {
  const sources = [
    '1', '.5', '1e3', '1.5e-2', "'a\\n\\u0041\\x41\\u{1F600}\\''", '"x"', 'true', 'null', 'undefined', '-3', '+"4"',
    '1 + 2 * 3 - 4 / 5 % 6', '(1 + 2) * 3', '1 - 2 - 3', '2 * -3', '!1 || !0 && false', '1 ? 2 : 3 ? 4 : 5',
    "'a' + 1 + 2", "1 + 2 + 'a'", '1 < 2 == true', '1 == "1"', '1 === "1"', 'null == undefined', 'null === undefined',
    'null ?? 5', '0 ?? 5', '0 || 5', "'' && 5", 'NaN == NaN', '1 / 0 === Infinity', '[1, 2, [3]]', '({a: 1, "b": [2]})',
    '"abc".length', '"abc"[1]', '[1,2].includes(2)', '" a ".trim().toUpperCase()', '(1.005).toFixed(2)', '"b" > "a"', '!!"x"',
    '- -1', '5 % 3 * 2', '1 != 2 !== false', 'null?.a', '[3, 4].at(-1)', '"a,b".split(",").join("-")',
  ];
  for (const source of sources) assert.deepEqual(run(source), Function(`return ${source}`)(), source);
});

test('random expressions equal those of `Function`', () => {
  let seed = 7;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  const make = (depth) => {
    if (depth === 0) return ['1', '0', '2.5', "'a'", "''", 'true', 'false', 'null', '$a', '$b', '$c'][random(11)];
    const operators = ['+', '-', '*', '/', '%', '<', '>', '<=', '>=', '==', '!=', '===', '!==', '&&', '||'];
    const kind = random(8);
    if (kind === 0) return `!${make(depth - 1)}`;
    if (kind === 1) return `(${make(depth - 1)} ? ${make(depth - 1)} : ${make(depth - 1)})`;
    if (kind === 2) return `(${make(depth - 1)} ?? ${make(depth - 1)})`;
    const left = make(depth - 1);
    const right = make(depth - 1);
    return random(2) ? `(${left} ${operators[random(15)]} ${right})` : `${left} ${operators[random(13)]} ${right}`;
  };
  const values = { a: 3, b: 'x', c: null };
  const s = scope(values);
  for (let i = 0; i < 5_000; i++) {
    const source = make(1 + random(4));
    assert.deepEqual(compile(source)(s), Function('$a', '$b', '$c', `return ${source}`)(3, 'x', null), source);
  }
});

test('signals are read, assigned and counted', () => {
  const s = scope({ n: 1, user: { name: 'a', tags: [1] } });
  const at = (source) => compile(source)(s);
  assert.equal(at('$n++'), 1);
  assert.equal(at('++$n'), 3);
  assert.equal(at('$n--; $n'), 2);
  assert.equal(at('$n += 3'), 5);
  assert.equal(at('$n *= 2; $n -= 1; $n /= 3; $n %= 2'), 1);
  assert.equal(at('$missing ??= 7'), 7);
  assert.equal(at('$missing ||= 8'), 7);
  assert.equal(at('$missing &&= 9'), 9);
  assert.equal(at('$a = $b = 4; $a + $b'), 8);
  assert.equal(at('$user.name = "z"; $user.name'), 'z');
  assert.equal(at('$user.tags[0] = 5; $user["tags"][0]'), 5);
  assert.deepEqual(s.signals.peek('user'), { name: 'z', tags: [5] });
  assert.equal(at('$user.nothing'), undefined);
});

test('a hyphen between word characters belongs to the name of a signal', () => {
  assert.deepEqual(tokenize('$a-1').map(({ value }) => value), ['a-1', 'the end']);
  assert.equal(run('$a - 1', { a: 3 }), 2);
});

test('the side that is not needed is left alone', () => {
  const s = scope({ n: 0 });
  compile('false && $n++; true || $n++; 1 ?? $n++; true ? 1 : $n++')(s);
  assert.equal(s.signals.peek('n'), 0);
});

test('actions are called with their scope and arguments', () => {
  const calls = [];
  const actions = { post: (s, ...args) => calls.push([s.el, ...args]) };
  run("$n > 1 && @post('?via=A::b&args=%5B5%5D', $n)", { n: 2 }, { actions, el: 'me' });
  assert.deepEqual(calls, [['me', '?via=A::b&args=%5B5%5D', 2]]);
  assert.throws(() => run('@constructor()', {}, { actions }), /no action/);
  assert.throws(() => run('@get("/")', {}, { actions }), /no action @get/);
});

test('events give what is on the list', () => {
  const evt = new Event('click', { cancelable: true });
  assert.equal(run('evt.type', {}, { evt }), 'click');
  run('evt.preventDefault()', {}, { evt });
  assert.ok(evt.defaultPrevented);
});

test('nothing leads to code, to markup or to the document', (t) => {
  class Element {
    innerHTML = 'x';
    outerHTML = 'x';
    ownerDocument = globalThis;
    parentNode = this;
    value = 'typed';
    onclick = null;
    click() {}
  }
  globalThis.Element = Element;
  t.after(() => delete globalThis.Element);
  const more = { el: new Element(), evt: new Event('x') };
  assert.equal(run('el.value', {}, more), 'typed');
  const forbidden = [
    'el.innerHTML', 'el.outerHTML', 'el.ownerDocument', 'el.parentNode', 'el.constructor', 'el["constructor"]',
    'el["inner" + "HTML"]', 'el.__proto__', '"".constructor', '""["constructor"]', '[].constructor', '[]["__proto__"]',
    '(1).constructor', '({}).constructor', '({}).__proto__', '({__proto__: 1})', '({"constructor": 1})', '$a.constructor',
    '$a.__proto__', '$constructor', '$__proto__', '$a["__proto__"] = 1', '$a[["__proto__"]]', 'el.value = 1', 'el.innerHTML = 1',
    'el.click', '"a".trim', '[1].map', '[1].map(1)', 'evt.path', 'evt.view', 'evt.composedPath()', 'el.remove()',
    '@toString()', '@has([1], 1, "constructor")', '@json("{}").constructor', '@json("[]").constructor', '@text.constructor',
    'el.setAttribute("a", "b")', 'evt.target.ownerDocument', '"a".at.call', 'el.onclick', '"a".replace.constructor',
  ];
  for (const source of forbidden) {
    let value;
    try {
      value = run(source, { a: { b: 1 } }, more);
    } catch (error) {
      assert.match(error.name, /ExpressionError|TypeError/, source);
      continue;
    }
    assert.fail(`${source} gave ${String(value)}`);
  }
  assert.equal({}.polluted, undefined);
});

test('a custom event cannot hand out what is not on the list', () => {
  const evt = new Event('x');
  Object.defineProperty(evt, 'detail', { value: globalThis });
  assert.equal(run('evt.detail', {}, { evt }), undefined);
});

test('what is not in the language is refused with its place', () => {
  const sources = [
    'alert(1)', 'window', 'document.cookie', 'this', 'new Date()', 'x => 1', '() => 1', 'function () {}', '`a`', 'a.b', '1 +', '(1',
    '$a $b', '1 = 2', '$a++ ++', 'let x = 1', 'if (1) {}', 'typeof 1', 'delete $a.b', 'void 0', '1 ** 2', '1 & 2', '/a/.test("a")',
    '...[1]', '[1', '{a: 1', "'open", '@', '$', '#', 'import("x")', 'eval("1")', '1_000', '012', '5 = $a', 'el = 1', '$a.b() = 1',
    '"\\u12"', '$a?.b = 1',
  ];
  for (const source of sources) assert.throws(() => compile(source), { name: 'ExpressionError' }, source);
  assert.throws(() => compile('1 + window'), /`window` at 4/);
});

test('an empty expression is undefined', () => {
  assert.equal(run(''), undefined);
  assert.equal(run(' ; '), undefined);
});

test('a character that does not exist is a mistake of the expression', () => {
  for (const source of ["'\\u{110000}'", "'\\u{20ffff}'", "'\\u{}'", "'\\u{1000000}'"]) {
    assert.throws(() => compile(source), { name: 'ExpressionError' }, source);
  }
  assert.equal(run("'\\u{0010ffff}\\u{00}\\u{fffff}'"), '\u{10ffff}\0\u{fffff}');
});
