/**
 * What expressions may read and call: a short allow-list for each kind of value.
 *
 * Everything else, above all whatever leads to code, to markup or to the document
 * (`constructor`, `__proto__`, `innerHTML`, `ownerDocument`, ..), cannot be reached.
 */

import { ExpressionError } from './tokens.js';

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

const FORBIDDEN = list('__proto__ constructor prototype');
const is = (name, value) => typeof globalThis[name] === 'function' && value instanceof globalThis[name];

function kindOf(value) {
  if (typeof value === 'string') return TEXT;
  if (typeof value === 'number') return NUMBER;
  if (Array.isArray(value)) return ARRAY;
  if (is('Event', value)) return EVENT;
  if (is('Element', value)) return ELEMENT_MEMBERS;
  return undefined;
}

/** Objects whose own properties are data: values of signals, and an element's `dataset`. */
function isData(value) {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || is('DOMStringMap', value);
}

/** Refuses a name that no expression may say, when it is parsed. */
export function checkName(name) {
  if (FORBIDDEN.has(String(name))) throw new ExpressionError(`\`${name}\` cannot be used`);
  return name;
}

/** The value of `object.name` or `object[name]`. */
export function read(object, name) {
  checkName(name);
  if (object === null || object === undefined) {
    throw new ExpressionError(`cannot read \`${String(name)}\` of ${object}`);
  }
  const kind = kindOf(object);
  if ((kind === ARRAY || kind === TEXT) && Number.isInteger(Number(name)) && name !== '') {
    return object[name];
  }
  if (kind?.reads.has(name)) return safe(object[name], name);
  if (isData(object)) return Object.hasOwn(object, name) ? safe(object[name], name) : undefined;
  throw new ExpressionError(`\`${String(name)}\` cannot be read here`);
}

/** The value of `object.name(...args)`. */
export function call(object, name, args) {
  if (!kindOf(object)?.calls.has(name)) {
    throw new ExpressionError(`\`${String(name)}\` cannot be called here`);
  }
  const method = object[name];
  if (typeof method !== 'function') throw new ExpressionError(`\`${name}\` is not a method`);
  return safe(method.apply(object, args), name);
}

/** Lets through only values of kinds that this file knows; a custom event's `detail` may be anything. */
function safe(value, name) {
  if (typeof value === 'function') throw new ExpressionError(`\`${name}\` cannot be read here`);
  if (typeof value !== 'object' || value === null || kindOf(value) || isData(value)) return value;
  return undefined;
}
