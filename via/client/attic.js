/**
 * Elements with ids that a frame removes in one place and inserts in another. They stay the same
 * elements, with their focus, selection and what the user has typed.
 *
 * The server only says which elements go and which come, in any order. An element that goes is kept
 * until the frame ends. If an element comes before it has gone, it is moved from its old place, where
 * a placeholder stays that can go instead.
 */

import { remember } from './nodes.js';
import { isServers } from './servers.js';

const attic = document.createElement('div');
let places = [];

/** Keeps an element that goes, if the frame may insert it again; returns whether it kept the element. */
export function keep(element) {
  if (!element.id && !element.querySelector?.('[id]')) return false;
  if (!attic.isConnected) document.body.append(attic);
  move(element, attic, null);
  return true;
}

/** The element that `next` continues, anywhere except around `inside`. */
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

/** The frame has ended: passes elements that it did not insert again to `end`. Returns whether all was well. */
export function clear(end) {
  const order = places.every((place) => !place.isConnected || attic.contains(place));
  places = [];
  for (const element of [...attic.children]) end(element);
  attic.remove();
  attic.replaceChildren();
  return order;
}

/** Moves a node, with all its state if the browser can do that. */
export function move(node, parent, before) {
  try {
    parent.moveBefore(node, before);
  } catch {
    // Not every browser can do this, and not every move can keep the state.
    parent.insertBefore(node, before);
  }
}
