/**
 * Expressions without `eval`: a precedence parser that turns text into closures.
 *
 * The language is a small part of JavaScript with its meaning: literals, `$signals`, `el`, `evt`,
 * operators, assignment to signals, reads and calls from an allow-list, `@functions` and `@actions`.
 */

import { call, checkName, read } from './members.js';
import { ExpressionError, tokenize } from './tokens.js';
import { divide, functions, held, NOTHING, remainder } from './typed.js';

const WORDS = { true: true, false: false, null: null, undefined, NaN, Infinity };

const BINARY = {
  '*': [7, (a, b) => a * b],
  '/': [7, divide],
  '%': [7, remainder],
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
};

/** Operators that may leave their right side alone. */
const LOGICAL = {
  '&&': [3, (a) => !a],
  '||': [2, (a) => a],
  '??': [1, (a) => a !== null && a !== undefined],
};

const UNARY = { '!': (a) => !a, '-': (a) => -a, '+': (a) => +a };

class Parser {
  #at = 0;

  constructor(source) {
    this.tokens = tokenize(source);
  }

  get #token() {
    return this.tokens[this.#at];
  }

  #is(value) {
    return this.#token.kind === 'punctuator' && this.#token.value === value;
  }

  #skip(value) {
    if (!this.#is(value)) return false;
    this.#at++;
    return true;
  }

  #expect(value) {
    if (!this.#skip(value)) this.#fail(`expected \`${value}\`, found`);
  }

  #fail(what = 'unexpected') {
    throw new ExpressionError(`${what} \`${this.#token.value}\` at ${this.#token.at}`);
  }

  #word() {
    if (this.#token.kind !== 'name') this.#fail('expected a name, found');
    return checkName(this.tokens[this.#at++].value);
  }

  program() {
    const steps = [];
    while (this.#token.kind !== 'end') {
      if (this.#skip(';')) continue;
      steps.push(attempt(this.#assignment().run));
      if (this.#token.kind !== 'end' && !this.#is(';')) this.#fail();
    }
    if (steps.length === 1) return steps[0];
    return (s) => steps.reduce((_, step) => step(s), undefined);
  }

  // A node is `{ run }`; one that can be assigned has a `target` too: the signal and the path in it.

  #assignment() {
    const left = this.#conditional();
    const { kind, value: operator } = this.#token;
    if (kind !== 'punctuator' || !/^(?:[-+*/%]|&&|\|\||\?\?)?=$/.test(operator)) return left;
    if (!left.target) this.#fail('only a signal can be assigned; found');
    this.#at++;
    const right = this.#assignment().run;
    const write = writer(left.target);
    const short = operator.slice(0, -1);
    if (short === '') return { run: (s) => write(s, right(s)) };
    if (LOGICAL[short]) {
      const stops = LOGICAL[short][1];
      return {
        run(s) {
          const before = left.run(s);
          return stops(before) ? before : write(s, right(s));
        },
      };
    }
    const apply = BINARY[short][1];
    return { run: (s) => write(s, apply(left.run(s), right(s))) };
  }

  #conditional() {
    const test = this.#binary(1);
    if (!this.#skip('?')) return test;
    const yes = this.#assignment().run;
    this.#expect(':');
    const no = this.#assignment().run;
    return { run: (s) => (test.run(s) ? yes(s) : no(s)) };
  }

  #binary(least) {
    let left = this.#unary();
    for (;;) {
      const { kind, value } = this.#token;
      const operator = kind === 'punctuator' && (BINARY[value] ?? LOGICAL[value]);
      if (!operator || operator[0] < least) return left;
      this.#at++;
      const [precedence, apply] = operator;
      const a = left.run;
      const b = this.#binary(precedence + 1).run;
      left = LOGICAL[value]
        ? {
            run(s) {
              const first = a(s);
              return apply(first) ? first : b(s);
            },
          }
        : { run: (s) => apply(a(s), b(s)) };
    }
  }

  #unary() {
    const { kind, value } = this.#token;
    if (kind === 'punctuator') {
      if (UNARY[value]) {
        this.#at++;
        const operand = this.#unary().run;
        const apply = UNARY[value];
        return { run: (s) => apply(operand(s)) };
      }
      if (value === '++' || value === '--') {
        this.#at++;
        return this.#step(this.#unary(), value, true);
      }
    }
    const operand = this.#postfix();
    for (const sign of ['++', '--']) if (this.#skip(sign)) return this.#step(operand, sign, false);
    return operand;
  }

  #step(operand, sign, prefix) {
    if (!operand.target) this.#fail('only a signal can be counted; found');
    const write = writer(operand.target);
    return {
      run(s) {
        const before = Number(operand.run(s));
        const after = write(s, before + (sign === '++' ? 1 : -1));
        return prefix ? after : before;
      },
    };
  }

  #postfix() {
    let node = this.#primary();
    for (;;) {
      const object = node.run;
      let key;
      let optional = false;
      if (this.#skip('.') || (optional = this.#skip('?.'))) {
        const name = this.#word();
        if (this.#skip('(')) {
          const args = this.#list(')');
          const gives = (s, value) => call(value, name, args.map((arg) => arg(s)));
          node = { run: maybe(object, gives, optional) };
          continue;
        }
        key = () => name;
      } else if (this.#skip('[')) {
        key = this.#assignment().run;
        this.#expect(']');
      } else {
        return node;
      }
      const target = !optional && node.target && { ...node.target, path: [...node.target.path, key] };
      node = { run: maybe(object, (s, value) => read(value, key(s)), optional), target };
    }
  }

  #primary() {
    const { kind, value } = this.#token;
    this.#at++;
    if (kind === 'number' || kind === 'string') return { run: () => value };
    if (kind === 'signal') {
      checkName(value);
      return { run: (s) => s.signals.get(value), target: { name: value, path: [] } };
    }
    if (kind === 'action') {
      this.#expect('(');
      const args = this.#list(')');
      if (Object.hasOwn(functions, value)) {
        return { run: (s) => functions[value](...args.map((arg) => arg(s))) };
      }
      return { run: (s) => act(s, value, args) };
    }
    if (kind === 'name') {
      if (Object.hasOwn(WORDS, value)) return { run: () => WORDS[value] };
      if (value === 'el' || value === 'evt') return { run: (s) => s[value] };
      if (value === 'patch') return { run: (s) => s.evt?.detail };
    }
    if (kind === 'punctuator') {
      if (value === '(') {
        const { run } = this.#assignment();
        this.#expect(')');
        return { run };
      }
      if (value === '[') {
        const items = this.#list(']');
        return { run: (s) => items.map((item) => item(s)) };
      }
      if (value === '{') return this.#object();
    }
    this.#at--;
    return this.#fail();
  }

  #list(close) {
    const items = [];
    while (!this.#skip(close)) {
      items.push(this.#assignment().run);
      if (!this.#is(close)) this.#expect(',');
    }
    return items;
  }

  #object() {
    const entries = [];
    while (!this.#skip('}')) {
      const { kind, value } = this.#token;
      if (kind !== 'name' && kind !== 'string') this.#fail();
      this.#at++;
      this.#expect(':');
      entries.push([checkName(value), this.#assignment().run]);
      if (!this.#is('}')) this.#expect(',');
    }
    return { run: (s) => Object.fromEntries(entries.map(([key, item]) => [key, item(s)])) };
  }
}

/** What needs a value that is not there is not done; what comes after it is. */
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

function maybe(object, gives, optional) {
  return (s) => {
    const value = object(s);
    return optional && (value === null || value === undefined) ? undefined : gives(s, value);
  };
}

function writer({ name, path }) {
  return (s, value) => {
    s.signals.edit(name, held(value), path.map((key) => checkName(key(s))));
    return value;
  };
}

function act(s, name, args) {
  if (!s.actions || !Object.hasOwn(s.actions, name)) {
    throw new ExpressionError(`there is no action @${name}`);
  }
  return s.actions[name](s, ...args.map((arg) => arg(s)));
}

const cache = new Map();

/**
 * Compiles an expression to a function of a scope `{ signals, actions, el, evt }`.
 * Throws an `ExpressionError` for what is not part of the language.
 */
export function compile(source) {
  let compiled = cache.get(source);
  if (!compiled) cache.set(source, (compiled = new Parser(source).program()));
  return compiled;
}
