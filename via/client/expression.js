/**
 * Expressions without `eval`: a precedence parser that turns text into closures.
 *
 * The language is a small part of JavaScript with its meaning: literals, `$signals`, `el`, `evt`,
 * operators, assignment to signals, reads and calls from an allow-list, `@functions` and `@actions`.
 */

import { checkName, ExpressionError, tokenize } from './tokens.js';
import { held } from './text.js';

/** Thrown if an expression needs a value that is missing, such as an emptied number. */
export const NOTHING = Symbol('nothing');

/** What expressions may read and call, and the functions: `words.js`, if a page needs it. */
let words;

export function learn(more) {
  words = more;
}

/** BigInts cannot be divided by 0: the result is limited to the range of its type. */
const FAR = 1n << 256n;

const WORDS = { true: true, false: false, null: null, undefined, NaN, Infinity };

/** With their precedence. Those below `4` decide whether to evaluate their right side. */
const OPERATORS = {
  '*': [7, (a, b) => a * b],
  '/': [7, (a, b) => (b === 0n ? a * FAR : a / b)],
  '%': [7, (a, b) => (b === 0n ? b : a % b)],
  '+': [6, (a, b) => a + b],
  '-': [6, (a, b) => a - b],
  '<': [5, (a, b) => a < b],
  '>': [5, (a, b) => a > b],
  '<=': [5, (a, b) => a <= b],
  '>=': [5, (a, b) => a >= b],
  '==': [4, (a, b) => a == b],
  '!=': [4, (a, b) => a != b],
  '===': [4, (a, b) => a === b],
  '!==': [4, (a, b) => a !== b],
  '&&': [3, (a) => !a],
  '||': [2, (a) => a],
  '??': [1, (a) => a != null],
};

const UNARY = { '!': (a) => !a, '-': (a) => -a, '+': (a) => +a };

/**
 * A part of an expression is a function of the scope. A part that can be assigned has a `target`: the
 * name of the signal, and the parts that give the keys below it.
 */
function parse(source) {
  const tokens = tokenize(source);
  let token = tokens.shift();

  const next = () => {
    const before = token;
    token = tokens.shift();
    return before;
  };
  const skip = (kind) => token.kind === kind && next();
  const fail = (what, { value, at } = token) => {
    throw new ExpressionError(`${what} \`${value}\` at ${at}`);
  };
  const expect = (kind) => skip(kind) || fail(`expected \`${kind}\`, found`);

  /** Items up to a bracket, which may follow a comma. */
  const list = (close, item = assignment) => {
    const items = [];
    while (!skip(close)) {
      items.push(item());
      if (token.kind !== close) expect(',');
    }
    return items;
  };

  const writer = ({ target }, why) => {
    if (!target) fail(`only a signal can be ${why}; found`);
    const [name, ...keys] = target;
    return (s, value) => {
      s.signals.edit(name, held(value), values(keys, s).map(checkName));
      return value;
    };
  };

  const assignment = () => {
    const left = conditional();
    if (!token.kind.endsWith('=')) return left;
    const write = writer(left, 'assigned');
    const operator = next().kind.slice(0, -1);
    const right = assignment();
    const put = (part) => (s) => write(s, part(s));
    if (!operator) return put(right);
    return isLogical(operator) ? joined(left, operator, put(right)) : put(joined(left, operator, right));
  };

  const conditional = () => {
    const test = binary(1);
    if (!skip('?')) return test;
    const yes = assignment();
    expect(':');
    const no = assignment();
    return (s) => (test(s) ? yes(s) : no(s));
  };

  const binary = (least) => {
    let left = unary();
    for (;;) {
      const operator = token.kind;
      const precedence = OPERATORS[operator]?.[0];
      if (!(precedence >= least)) return left;
      next();
      left = joined(left, operator, binary(precedence + 1));
    }
  };

  const unary = () => {
    const sign = counter();
    if (sign) return step(unary(), sign, true);
    const apply = UNARY[token.kind];
    if (apply) {
      next();
      const operand = unary();
      return (s) => apply(operand(s));
    }
    const operand = postfix();
    const after = counter();
    return after ? step(operand, after) : operand;
  };

  const counter = () => skip('++') || skip('--');

  const step = (operand, { kind }, prefix) => {
    const write = writer(operand, 'counted');
    const by = kind === '++' ? 1 : -1;
    return (s) => {
      const before = Number(operand(s));
      const after = write(s, before + by);
      return prefix ? after : before;
    };
  };

  const postfix = () => {
    let part = primary();
    for (;;) {
      const object = part;
      const optional = skip('?.');
      let key;
      let gives = (value, s) => words.read(value, key(s));
      if (optional || skip('.')) {
        if (token.kind !== 'name') fail('expected a name, found');
        const name = checkName(next().value);
        key = () => name;
        if (skip('(')) {
          const args = list(')');
          key = null;
          gives = (value, s) => words.call(value, name, values(args, s));
        }
      } else if (skip('[')) {
        key = assignment();
        expect(']');
      } else {
        return part;
      }
      part = (s) => {
        const value = object(s);
        return optional && value == null ? undefined : gives(value, s);
      };
      if (key && !optional && object.target) part.target = [...object.target, key];
    }
  };

  const entry = () => {
    const key = next();
    if (key.kind !== 'name' && (key.kind !== 'literal' || typeof key.value !== 'string')) fail('unexpected', key);
    const name = checkName(key.value);
    expect(':');
    const item = assignment();
    return (s) => [name, item(s)];
  };

  const primary = () => {
    const first = next();
    const { kind, value } = first;
    if (kind === 'literal') return () => value;
    if (kind === 'signal') {
      checkName(value);
      return Object.assign((s) => s.signals.get(value), { target: [value] });
    }
    if (kind === 'action') {
      expect('(');
      const args = list(')');
      return (s) => act(s, value, args);
    }
    if (kind === 'name') {
      if (Object.hasOwn(WORDS, value)) return () => WORDS[value];
      if (value === 'el' || value === 'evt') return (s) => s[value];
      if (value === 'patch') return (s) => s.evt?.detail;
    }
    if (kind === '(') {
      const inner = assignment();
      expect(')');
      return (s) => inner(s);
    }
    if (kind === '[') {
      const items = list(']');
      return (s) => values(items, s);
    }
    if (kind === '{') {
      const entries = list('}', entry);
      return (s) => Object.fromEntries(values(entries, s));
    }
    return fail('unexpected', first);
  };

  const steps = [];
  while (token.kind !== 'end') {
    if (skip(';')) continue;
    steps.push(attempt(assignment()));
    if (token.kind !== 'end') expect(';');
  }
  return steps.length === 1 ? steps[0] : (s) => values(steps, s).at(-1);
}

const values = (parts, s) => parts.map((part) => part(s));

const isLogical = (operator) => OPERATORS[operator][0] < 4;

function joined(a, operator, b) {
  const apply = OPERATORS[operator][1];
  if (!isLogical(operator)) return (s) => apply(a(s), b(s));
  return (s) => {
    const first = a(s);
    return apply(first) ? first : b(s);
  };
}

/** A statement that needs a missing value does nothing; the next one still runs. */
function attempt(step) {
  return (s) => {
    try {
      return step(s);
    } catch (error) {
      if (error !== NOTHING) throw error;
      return undefined;
    }
  };
}

function act(s, name, args) {
  const own = words?.functions[name];
  if (own) return own(...values(args, s));
  if (!Object.hasOwn(s.actions ?? {}, name)) throw new ExpressionError(`there is no action @${name}`);
  return s.actions[name](s, ...values(args, s));
}

const cache = new Map();

/**
 * Compiles an expression to a function of a scope `{ signals, actions, el, evt }`.
 * Throws an `ExpressionError` for text that is not part of the language.
 */
export function compile(source) {
  let compiled = cache.get(source);
  if (!compiled) cache.set(source, (compiled = parse(source)));
  return compiled;
}
