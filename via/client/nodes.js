/**
 * What the client knows of the page's nodes: which elements came from the server, and the server's
 * last values of attributes that the client changes by itself.
 */

/** The elements that came from the server. */
export const fromServer = new WeakSet();

/** The attributes that the client changes, with the server's values. */
export const owned = new WeakMap();

/** Remembers an element and all below it as the server's. */
export function remember(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  fromServer.add(node);
  if (node.localName === 'details' || node.localName === 'dialog') own(node, 'open');
  for (const child of node.children) remember(child);
}

/** Marks an attribute as changed by the client (or the user) from now on; keeps the server's value. */
export function own(element, name, value = element.getAttribute(name)) {
  let values = owned.get(element);
  if (!values) owned.set(element, (values = new Map()));
  if (!values.has(name)) values.set(name, value);
}

/** Gives an attribute back to the server: it gets the server's last value. */
export function disown(element, name) {
  const values = owned.get(element);
  if (!values?.has(name)) return;
  const value = values.get(name);
  values.delete(name);
  putAttribute(element, name, value);
}

/** Sets an attribute, or removes it for `null`; does nothing if that is the case already. */
export function putAttribute(element, name, value) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}
