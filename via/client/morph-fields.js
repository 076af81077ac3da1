/**
 * Fields in a morph. The `value` attribute does not say what the user typed or chose. A field's value
 * changes only if the server changed that attribute and the user is not editing the field.
 */

import { isHeld } from './fields.js';

/**
 * Looks at a field before its attributes are morphed. Call the returned function with the names that
 * changed; it returns whether the children are done too.
 */
export function morphField(old, next) {
  const { localName } = old;
  const chosen = localName === 'option' && old.selected;
  return (changed) => {
    if (localName === 'input') {
      if (changed.has('value') && old.type !== 'file' && isFree(old)) old.value = old.defaultValue;
      if (changed.has('checked') && isFree(old)) old.checked = old.defaultChecked;
    } else if (localName === 'textarea') {
      if (old.defaultValue !== next.defaultValue) {
        const { value } = old;
        old.defaultValue = next.defaultValue;
        const wanted = isFree(old) ? next.defaultValue : value;
        if (old.value !== wanted) old.value = wanted;
      }
    } else {
      if (localName === 'option' && changed.has('selected')) {
        const select = old.closest('select');
        old.selected = select && isFree(select) ? old.defaultSelected : chosen;
      }
      return false;
    }
    return true;
  };
}

/** Whether the server may set the value of the field. */
function isFree(field) {
  return !isHeld(field) && !field.getAttributeNames().some((name) => /^data-bind(?![\w-])/.test(name));
}
