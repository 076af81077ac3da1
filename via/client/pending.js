/**
 * Shows what is in progress: while an action of an element is queued or in flight, the element and
 * its form have `data-via-pending` and `aria-busy`, and its `data-indicator` signal is true.
 */

import { disown, own } from './nodes.js';

const counts = new WeakMap();
const indicators = new WeakMap();

export const indicator = {
  indicator(context) {
    const { element, page } = context;
    const name = context.signal;
    const show = () => page.signals.write(name, (counts.get(element) ?? 0) > 0);
    indicators.set(element, show);
    show();
    return () => {
      indicators.delete(element);
      page.signals.write(name, false);
    };
  },
};

/** Marks the element of an action; the returned function removes the mark. */
export function markPending(element) {
  const form = element?.closest?.('form');
  const elements = new Set([element, form].filter(Boolean));
  for (const each of elements) count(each, 1);
  return () => {
    for (const each of elements) count(each, -1);
  };
}

function count(element, by) {
  const before = counts.get(element) ?? 0;
  counts.set(element, before + by);
  if (before === 0) {
    set(element, 'data-via-pending', '');
    set(element, 'aria-busy', 'true');
  } else if (before + by === 0) {
    disown(element, 'data-via-pending');
    disown(element, 'aria-busy');
  }
  indicators.get(element)?.();
}

function set(element, name, value) {
  own(element, name);
  element.setAttribute(name, value);
}
