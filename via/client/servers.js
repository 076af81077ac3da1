/**
 * The nodes that patches may count, match and change.
 */

import { fromServer } from './nodes.js';

/** Whether a node came from the server; for text this is unknown, so it counts as the server's. */
export function isServers(node) {
  return node.nodeType !== Node.ELEMENT_NODE || fromServer.has(node);
}

/** The `index`th (from 1) child element that came from the server. */
export function serverChild(parent, index) {
  let seen = 0;
  for (const child of parent.children) if (fromServer.has(child) && ++seen === index) return child;
  return null;
}
