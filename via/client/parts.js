/**
 * Parts of the client that most pages do without. Each is a file of its own, loaded before anything
 * is begun that needs it.
 */

import { makeBackoff } from './backoff.js';
import { learn } from './expression.js';
import { parseJson } from './tolerant.js';

/** Attributes with expressions, in the text of HTML. Not all that it finds has to be one. */
const EXPRESSION = /data-(?:on|text|show|class|attr|style|signals|computed|effect|init)[^\s=>]*\s*=\s*(?:"([^"]*)")?/gi;

/** Functions, members, and characters that hide behind an entity, so that nobody knows. */
const WORD = /@(?!(?:post|set|toggle)\()|\.\s*[a-z_]|\?\.|\[|&(?!(?:amp|lt|gt|quot);)/i;

/** It may find words where there are none, but never the reverse. */
export function hasWords(html) {
  for (const [, value] of html.matchAll(EXPRESSION)) {
    // The signals of a page are JSON.
    const isHarmless = value && (!WORD.test(value) || parseJson(value.replaceAll('&quot;', '"')));
    if (!isHarmless) return true;
  }
  return false;
}

/**
 * Returns a function that takes the HTML that is to come, and answers with a promise where a part has
 * to be loaded for it first. `gone()` is called where the server does not have a part any more.
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
    // Another name each time, because browsers remember what could not be loaded.
    const url = new URL(file + tries, import.meta.url);
    try {
      return await import(url);
    } catch {
      const answer = await fetch(url).catch(() => null);
      if (answer?.status === 404) gone();
      await new Promise((resolve) => setTimeout(resolve, backoff.next()));
    }
  }
}
