// Prints the size of the browser client, compressed with brotli, and fails above the limits.
//
// What the page loads is found by following static imports from `boot.js`, what the worker loads
// from `hub-worker.js`. Comments do not count: they are for readers of the source.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const CLIENT = join(dirname(fileURLToPath(import.meta.url)), '..', 'via', 'client');
const KIB = 1024;
// Where the client stands; the aim is 11 and 2 KiB. Lower these whenever it gets smaller.
const LIMITS = { 'boot.js': 18.25 * KIB, 'hub-worker.js': 3 * KIB };

const IMPORT =
  /^(?:import\s*(?:[\w*{}\s,$]+?\sfrom\s*)?|export\s*(?:\*|\{[^}]*\})[\w\s]*?from\s*)["'](\.{1,2}\/[^"']+)["']/gm;

/** The module and everything it imports, each once. */
function closure(entry, seen = new Set()) {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const [, path] of readFileSync(entry, 'utf8').matchAll(IMPORT)) {
    closure(join(dirname(entry), path), seen);
  }
  return seen;
}

const withoutComments = (text) =>
  text.replace(/^\s*\/\*[\s\S]*?\*\/\s*?$/gm, '').replace(/^\s*\/\/.*$/gm, '').replace(/^\s+/gm, '');

const compressed = (text) => brotliCompressSync(text).length;
const kib = (bytes) => `${(bytes / KIB).toFixed(1)} KiB`;

let tooLarge = false;
for (const [entry, limit] of Object.entries(LIMITS)) {
  const texts = [...closure(join(CLIENT, entry))].map((file) => readFileSync(file, 'utf8'));
  const size = compressed(texts.map(withoutComments).join('\n'));
  const source = compressed(texts.join('\n'));
  const verdict = size > limit ? 'TOO LARGE' : 'fine';
  console.log(
    `${entry}: ${texts.length} modules, ${kib(size)} of ${kib(limit)} (${verdict}); with comments ${kib(source)}`,
  );
  tooLarge ||= size > limit;
}
process.exitCode = tooLarge ? 1 : 0;
