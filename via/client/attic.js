/**
 * Elements with ids that a frame takes out of one place and puts in at another: they stay the same
 * elements, with their focus, selection and what the user has typed.
 *
 * The server says only what goes and what comes, in any order. What goes is kept until the frame
 * ends; what comes before it has gone is taken from where it is, and leaves something in its place
 * that can go instead.
 */

import { remember } from './nodes.js';
import { isServers } from './servers.js';

const attic = document.createElement('div');
let places = [];

/** Keeps an element that goes, if the frame may want it back; says whether it did. */
export function keep(element) {
  if (!element.id && !element.querySelector?.('[id]')) return false;
  if (!attic.isConnected) document.body.append(attic);
  move(element, attic, null);
  return true;
}

/** The element that `next` continues, wherever it is but around `inside`. */
export function retrieve(next, inside) {
  const element = document.getElementById(next.id);
  if (!element || element.localName !== next.localName || !isServers(element)) return null;
  if (attic.contains(element)) return element;
  if (element.contains(inside)) return null;
  const place = document.createElement('template');
  remember(place);
  element.before(place);
  places.push(place);
  keep(element);
  return element;
}

/** The frame has ended: what nobody wanted back is given to `end`. Says whether all was in order. */
export function clear(end) {
  const order = places.every((place) => !place.isConnected || attic.contains(place));
  places = [];
  for (const element of [...attic.children]) end(element);
  attic.remove();
  attic.replaceChildren();
  return order;
}

/** Moves a node, with all its state where the browser can do that. */
export function move(node, parent, before) {
  try {
    parent.moveBefore(node, before);
  } catch {
    // Not every browser can, and not every move is possible without losing state.
    parent.insertBefore(node, before);
  }
}
