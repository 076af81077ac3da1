/**
 * Bundles the client: `npm run build` writes `dist/`, and `npm run check` fails if `dist/` differs from what
 * the modules give. The same modules give the same bytes on every machine.
 */

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';
import { minify } from 'terser';

/** The client of a page, then the parts that it loads later. A part imports from `boot.js` what that has. */
const PAGE = ['boot', 'patches', 'words', 'further', 'own-stream'];

/** Bundles that share nothing. A page loads the first two before the client; a worker runs the third. */
const ALONE = ['early', 'dev', 'hub-worker'];

const MINIFY = {
  module: true,
  ecma: 2022,
  // `unsafe_arrows` breaks only functions that are called with `new`; the client has classes for that.
  compress: { passes: 3, hoist_funs: true, inline: 0, unsafe_arrows: true },
  format: { quote_style: 1 },
};

const dist = new URL('dist/', import.meta.url);
const source = (name) => fileURLToPath(new URL(`${name}.js`, import.meta.url));
const isCheck = process.argv.includes('--check');

/** Replaces `const` by `let`: a single keyword compresses better. */
const LETS = {
  renderChunk(code) {
    const starts = [];
    const walk = (node) => {
      if (node.type === 'VariableDeclaration' && node.kind === 'const') starts.push(node.start);
      for (const child of Object.values(node)) if (child instanceof Object) walk(child);
    };
    walk(this.parse(code));
    for (const start of starts.toSorted((a, b) => b - a)) {
      code = `${code.slice(0, start)}let${code.slice(start + 'const'.length)}`;
    }
    return code;
  },
};

async function bundle(names) {
  const bundle = await rollup({
    input: Object.fromEntries(names.map((name) => [name, source(name)])),
    plugins: [LETS],
    preserveEntrySignatures: 'allow-extension',
    onLog(_, { message }) {
      throw new Error(message);
    },
  });
  const { output } = await bundle.generate({
    entryFileNames: '[name].js',
    // The first entry's file gets all modules that it imports; the other files import them from there.
    manualChunks: { [names[0]]: [source(names[0])] },
  });
  if (output.length !== names.length) {
    const extra = output.map(({ name }) => name).filter((name) => !names.includes(name));
    throw new Error(`parts share ${extra}, which ${names[0]}.js does not import; import it there, or share less`);
  }
  return Promise.all(output.map(async ({ fileName, code }) => [fileName, (await minify(code, MINIFY)).code]));
}

const files = new Map((await Promise.all([PAGE, ...ALONE.map((name) => [name])].map(bundle))).flat());

if (isCheck) {
  const committed = await readdir(dist);
  const stale = [];
  for (const name of new Set([...committed, ...files.keys()])) {
    const text = committed.includes(name) ? await readFile(new URL(name, dist), 'utf8') : undefined;
    if (text !== files.get(name)) stale.push(name);
  }
  if (stale.length) {
    console.error(`These files in via/client/dist/ are stale: ${stale.join(', ')}. Run \`npm run build\` in via/client.`);
    process.exitCode = 1;
  }
} else {
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist);
  for (const [name, text] of files) await writeFile(new URL(name, dist), text);
}
