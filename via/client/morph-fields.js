/**
 * Fields in a morph: what the user typed or chose is not what the `value` attribute says, and is
 * changed only if the server changed that attribute and the field is in nobody's hands.
 */

import { isHeld } from './fields.js';

const nothing = () => false;

/**
 * Looks at a field before its attributes are morphed. The function that is returned is called
 * with the names that changed, and says whether the children are done too.
 */
export function morphField(old, next) {
  const free = () => !isHeld(old) && !isBound(old);
  if (old.localName === 'input') {
    return (changed) => {
      if (changed.has('value') && old.type !== 'file' && free()) old.value = old.defaultValue;
      if (changed.has('checked') && free()) old.checked = old.defaultChecked;
      return true;
    };
  }
  if (old.localName === 'textarea') {
    return () => {
      if (old.defaultValue !== next.defaultValue) {
        const value = old.value;
        old.defaultValue = next.defaultValue;
        if (free()) old.value = next.defaultValue;
        else if (old.value !== value) old.value = value;
      }
      return true;
    };
  }
  if (old.localName === 'option') {
    const chosen = old.selected;
    return (changed) => {
      const select = old.closest('select');
      const own = select && !isHeld(select) && !isBound(select);
      if (changed.has('selected')) old.selected = own ? old.defaultSelected : chosen;
      return false;
    };
  }
  return nothing;
}

function isBound(field) {
  return field.getAttributeNames().some((name) => /^data-bind(?![\w-])/.test(name));
}
