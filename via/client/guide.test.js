import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const folder = new URL('.', import.meta.url);
const read = (name) => readFileSync(new URL(name, folder), 'utf8');
const guide = read('../docs/client.md');
const sources = readdirSync(folder).filter((name) => /^(?!.*\.test).*\.js$/.test(name));

test('the guide has every message that the client writes into the console', () => {
  for (const name of sources) {
    for (const [, message] of read(name).matchAll(/(?:console\.\w+|debug)\(\s*['`](.*?)['`][,)]/g)) {
      // In the guide, two dots stand for something to fill in.
      const written = message.replace(/\$\{[^}]*\}/g, '..');
      assert.ok(written.startsWith('via: '), `${name}: ${message}`);
      const begin = /^via: (?:in )?[^:;]*/.exec(written)[0].split('..')[0].trim();
      assert.ok(guide.includes(`\`${begin}`), `${name}: the guide has no row for \`${begin}\``);
    }
  }
});

test('the guide has every attribute that the overlay knows, and the reverse', () => {
  const [, known] = /new Set\(\s*'(.*?)'/s.exec(read('dev-spelling.js'));
  const rows = Array.from(guide.matchAll(/^\| `data-([a-z-]+)/gm), ([, name]) => name);
  const told = new Set(rows.filter((name) => !name.startsWith('via-') ));
  assert.deepEqual([...told].sort(), known.split(' ').sort());
});
