/**
 * The life of `data-*` attributes when a patch changes or removes them.
 */

import { live, parseName, startOne } from './directives.js';

/** Directives that share an attribute restart together. */
const SHARED = ['class', 'style'];

/** Updates the directives of an element after a patch changed its attributes named in `changed`. */
export function restart(page, element, changed) {
  if (element.closest('[data-ignore]')) return;
  const lives = live.get(element);
  const targets = new Set(changed);
  for (const name of changed) if (name.startsWith('data-')) targets.add(parseName(name).plugin);
  for (const name of [...(lives?.keys() ?? [])]) {
    const { plugin, key } = parseName(name);
    const shares = SHARED.includes(plugin) && targets.has(plugin);
    const sets = plugin === 'attr' && (!key || changed.has(key));
    if (changed.has(name) || shares || sets || plugin === 'bind') end(lives, name);
  }
  for (const stage of page.stages) startOne(page, element, stage);
}

/** Ends all attributes of a removed element and of its descendants. */
export function stop(root) {
  if (root.nodeType !== Node.ELEMENT_NODE) return;
  for (const element of [root, ...root.querySelectorAll('*')]) {
    const lives = live.get(element);
    for (const name of lives?.keys() ?? []) end(lives, name);
  }
}

function end(lives, name) {
  const stop = lives.get(name);
  lives.delete(name);
  stop?.();
}
