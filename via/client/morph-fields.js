/**
 * Fields in a morph: what the user typed or chose is not what the `value` attribute says, and is
 * changed only if the server changed that attribute and the field is in nobody's hands.
 */

import { isHeld } from './fields.js';

/**
 * Looks at a field before its attributes are morphed. The function that is returned is called
 * with the names that changed, and says whether the children are done too.
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

/** Whether the server may say what the field holds. */
function isFree(field) {
  return !isHeld(field) && !field.getAttributeNames().some((name) => /^data-bind(?![\w-])/.test(name));
}
