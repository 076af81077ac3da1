/**
 * The attributes of a morphed element: set to the server's values, except if the client or the
 * user has changed one and the server's value is the same as before.
 */

import { owned } from './nodes.js';

/** Event handlers and inline documents are code or markup; a patch cannot set them. */
const REFUSED = /^(?:on|srcdoc$)/i;

/** Makes the attributes of `old` equal to those of `next`; returns the names of those that changed. */
export function morphAttributes(old, next) {
  const values = owned.get(old);
  const changed = new Set();
  const kept = next.getAttribute('data-preserve-attr')?.split(/\s+/) ?? [];
  for (const attribute of next.attributes) {
    const { name, value } = attribute;
    const before = values?.has(name) ? values.get(name) : old.getAttribute(name);
    if (before === value || kept.includes(name) || REFUSED.test(name)) continue;
    values?.has(name) && values.set(name, value);
    changed.add(name);
    if (name === 'style') old.style.cssText = value;
    else old.setAttributeNode(attribute.cloneNode());
  }
  for (const name of [...old.getAttributeNames(), ...(values?.keys() ?? [])]) {
    if (next.hasAttribute(name) || kept.includes(name) || isClients(old, name)) continue;
    if (values?.has(name)) {
      if (values.get(name) === null) continue;
      values.set(name, null);
    }
    changed.add(name);
    old.removeAttribute(name);
  }
  return changed;
}

/** Whether the client owns the attribute: `style` under `data-style`, and the initial values of `data-bind`. */
function isClients(element, name) {
  const directive = { style: 'style', value: 'bind', checked: 'bind' }[name];
  const is = new RegExp(`^data-${directive}(?![\\w-])`);
  return Boolean(directive) && element.getAttributeNames().some((other) => is.test(other));
}
