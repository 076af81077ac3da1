/**
 * Parts of the client that most pages do not need. Each is a separate file, and loads before anything
 * begins that needs it.
 */

import { makeBackoff } from './backoff.js';
import { learn } from './expression.js';
import { parseJson } from './tolerant.js';
import { isPassing } from './verdict.js';

/** Finds attributes with expressions in the text of HTML. Not every match has to be one. */
const EXPRESSION = /data-(?:on|text|show|class|attr|style|signals|computed|effect|init)[^\s=>]*\s*=\s*(?:"([^"]*)")?/gi;

/** Functions, members, and characters that are written as an entity and could be anything. */
const WORD = /@(?!(?:post|set|toggle)\()|\.\s*[a-z_]|\?\.|\[|&(?!(?:amp|lt|gt|quot);)/i;

/** It may find words where there are none, but it never misses one. */
export function hasWords(html) {
  for (const [, value] of html.matchAll(EXPRESSION)) {
    // A page's signals are JSON.
    const isHarmless = value && (!WORD.test(value) || parseJson(value.replaceAll('&quot;', '"')));
    if (!isHarmless) return true;
  }
  return false;
}

/**
 * Returns a function that takes the HTML that will be shown, and returns a promise if a part must
 * be loaded for it first. `gone()` is called if the server does not have a part any more.
 */
export function makeParts({ extend, gone }) {
  let parts = [
    ['words.js', hasWords, ({ words }) => learn(words)],
    ['further.js', (html) => /data-(?:on-|computed|ref|style|effect|init)|__(?:debounce|throttle)/i.test(html), extend],
  ];
  return (html) => {
    const wanted = parts.filter(([, isNeeded]) => isNeeded(html));
    parts = parts.filter((part) => !wanted.includes(part));
    if (!wanted.length) return null;
    return Promise.all(wanted.map(async ([file, , use]) => use(await load(file, gone))));
  };
}

/** Loads a part, however long it takes. */
export async function load(file, gone) {
  const backoff = makeBackoff({});
  for (let tries = ''; ; tries += '?') {
    // Another name each time, because browsers remember which modules could not be loaded.
    const url = new URL(file + tries, import.meta.url);
    try {
      return await import(url);
    } catch {
      const answer = await fetch(url).catch(() => null);
      if (answer && !isPassing(answer.status) && (answer.redirected || !answer.ok)) gone();
      await new Promise((resolve) => setTimeout(resolve, backoff.next()));
    }
  }
}
