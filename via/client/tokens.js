/**
 * The tokenizer of expressions: text in, a list of `{ kind, value, at }` out.
 *
 * Kinds are `literal`, `signal` (`$step`), `action` (`@post`), `name` and `end`, and each punctuator is
 * its own kind. As in Datastar, a hyphen between word characters belongs to a signal's name:
 * `$a-1` is one signal, `$a - 1` a subtraction.
 */

const PATTERN = new RegExp(
  [
    String.raw`\s+|((?!0\d)(?:\d+n|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w$])`,
    String.raw`'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*")`,
    String.raw`\$([A-Za-z_]\w*(?:-\w+)*)`,
    String.raw`@([A-Za-z]\w*)`,
    String.raw`([A-Za-z_]\w*)`,
    String.raw`([=!]==?|(?:&&|\|\||\?\?)=?|\?\.(?!\d)|\+\+|--|[-+*/%<>]=?|[=!?:;,.()[\]{}])`,
  ].join('|'),
  'y',
);
const KINDS = [, 'literal', 'signal', 'action', 'name'];

const ESCAPES = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', 0: '\0', '\n': '' };

export class ExpressionError extends Error {
  name = 'ExpressionError';
}

/** Refuses what an expression may not do. */
export function refuse(name, what) {
  throw new ExpressionError(`\`${name}\` cannot be ${what}`);
}

/** Refuses a name that no expression may use. */
export function checkName(name) {
  return /^(?:__proto__|constructor|prototype)$/.test(name) ? refuse(name, 'used') : name;
}

export function tokenize(source) {
  const tokens = [];
  let at = 0;
  while (at < source.length) {
    PATTERN.lastIndex = at;
    const found = PATTERN.exec(source);
    if (!found) throw new ExpressionError(`unexpected \`${source[at]}\` at ${at}`);
    const group = found.findIndex((text, index) => index && text !== undefined);
    const text = found[group];
    if (text) tokens.push({ kind: KINDS[group] ?? text, value: group === 1 ? meaning(text) : text, at });
    at = PATTERN.lastIndex;
  }
  return [...tokens, { kind: 'end', value: 'the end', at }];
}

function meaning(literal) {
  if (!/^['"]/.test(literal)) return literal.endsWith('n') ? BigInt(literal.slice(0, -1)) : Number(literal);
  return literal.slice(1, -1).replace(
    /\\(?:u\{0*([\da-fA-F]{1,5}|10[\da-fA-F]{4})\}|u([\da-fA-F]{4})|x([\da-fA-F]{2})|([^]))/g,
    (_, brace, four, two, char) => {
      if (!char) return String.fromCodePoint(parseInt(brace ?? four ?? two, 16));
      if (/[ux1-9]/.test(char)) throw new ExpressionError(`bad escape \`\\${char}\``);
      return ESCAPES[char] ?? char;
    },
  );
}
