/**
 * The tokenizer of expressions: text in, a list of `{ kind, value, at }` out.
 *
 * Kinds are `number`, `string`, `signal` (`$step`), `action` (`@post`), `name`, `punctuator` and
 * `end`. As in Datastar, a hyphen between word characters belongs to a signal's name: `$a-1` is
 * one signal, `$a - 1` a subtraction.
 */

const PATTERN = new RegExp(
  [
    String.raw`(?<space>\s+)`,
    String.raw`(?<number>(?:\d+n|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w$]))`,
    String.raw`(?<string>'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*")`,
    String.raw`\$(?<signal>[A-Za-z_]\w*(?:-\w+)*)`,
    String.raw`@(?<action>[A-Za-z]\w*)`,
    String.raw`(?<name>[A-Za-z_]\w*)`,
    String.raw`(?<punctuator>===|!==|\?\?=|\|\|=|&&=|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--|\+=|-=|\*=|/=|%=|[-+*/%<>=!?:;,.()[\]{}])`,
  ].join('|'),
  'y',
);

const ESCAPES = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', 0: '\0', '\n': '' };

export class ExpressionError extends Error {
  name = 'ExpressionError';
}

export function tokenize(source) {
  const tokens = [];
  PATTERN.lastIndex = 0;
  while (PATTERN.lastIndex < source.length) {
    const at = PATTERN.lastIndex;
    const groups = PATTERN.exec(source)?.groups;
    if (!groups) throw new ExpressionError(`unexpected \`${source[at]}\` at ${at}`);
    const [kind, text] = Object.entries(groups).find(([, value]) => value !== undefined);
    if (kind === 'space') continue;
    tokens.push({ kind, value: meaning(kind, text), at });
  }
  tokens.push({ kind: 'end', value: 'the end', at: source.length });
  return tokens;
}

function meaning(kind, text) {
  if (kind === 'number') {
    if (/^0\d/.test(text)) throw new ExpressionError(`\`${text}\` is not a number`);
    return text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text);
  }
  if (kind !== 'string') return text;
  return text.slice(1, -1).replace(
    /\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([^]))/g,
    (_, brace, four, two, char) => {
      const code = brace ?? four ?? two;
      if (code !== undefined) return String.fromCodePoint(parseInt(code, 16));
      if (/[ux1-9]/.test(char)) throw new ExpressionError(`bad escape \`\\${char}\``);
      return ESCAPES[char] ?? char;
    },
  );
}
