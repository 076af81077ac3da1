/**
 * What expressions may read and call: a short allow-list for each kind of value.
 *
 * Expressions cannot reach anything else, above all nothing that leads to code, markup or the document
 * (`constructor`, `__proto__`, `innerHTML`, `ownerDocument`, ..).
 */

import { isPlain } from './data.js';
import { checkName, refuse } from './tokens.js';

const list = (text) => new Set(text.split(' '));

const TEXT = {
  reads: list('length'),
  calls: list(
    'at charAt endsWith includes indexOf padEnd padStart replace replaceAll slice split startsWith substring toLowerCase toUpperCase trim trimEnd trimStart',
  ),
};
const ARRAY = { reads: list('length'), calls: list('at concat includes indexOf join slice') };
const NUMBER = { reads: new Set(), calls: list('toFixed toString') };
const EVENT = {
  reads: list(
    'altKey button buttons clientX clientY code ctrlKey currentTarget data defaultPrevented deltaX deltaY detail inputType isComposing key metaKey offsetX offsetY pageX pageY pointerType repeat shiftKey submitter target type',
  ),
  calls: list('preventDefault stopImmediatePropagation stopPropagation'),
};
const ELEMENT_MEMBERS = {
  reads: list(
    'checked clientHeight clientWidth dataset disabled hidden id max min name offsetHeight offsetWidth open placeholder readOnly scrollHeight scrollLeft scrollTop scrollWidth selectedIndex textContent type value valueAsNumber',
  ),
  calls: list(
    'blur checkValidity click close focus hidePopover reportValidity requestSubmit reset scrollIntoView select show showModal showPopover togglePopover',
  ),
};

const is = (name, value) => globalThis[name] && value instanceof globalThis[name];

const kindOf = (value) =>
  typeof value === 'string'
    ? TEXT
    : typeof value === 'number'
      ? NUMBER
      : Array.isArray(value)
        ? ARRAY
        : is('Event', value)
          ? EVENT
          : is('Element', value) && ELEMENT_MEMBERS;

/** Objects whose own properties are data: values of signals, and an element's `dataset`. */
const isData = (value) => isPlain(value) || is('DOMStringMap', value);

/** The value of `object.name` or `object[name]`. */
export function read(object, name) {
  checkName(name);
  const kind = kindOf(object);
  if ((kind === ARRAY || kind === TEXT) && Number.isInteger(Number(name)) && name !== '') return object[name];
  const data = isData(object);
  if (kind ? kind.reads.has(name) : data && Object.hasOwn(object, name)) return safe(object[name], name);
  return data ? undefined : refuse(name, 'read here');
}

/** The value of `object.name(...args)`. */
export function call(object, name, args) {
  if (!kindOf(object)?.calls?.has(name)) refuse(name, 'called here');
  return safe(object[name](...args), name);
}

/** Passes only values of kinds that this file knows; a custom event's `detail` may be anything. */
function safe(value, name) {
  if (typeof value === 'function') refuse(name, 'read here');
  return Object(value) !== value || kindOf(value) || isData(value) ? value : undefined;
}
