/**
 * How values are shown, and how they travel.
 */

/** The text that shows a value. */
export function text(value) {
  if (value === null || value === undefined) return '';
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A value as it travels and as signals hold it: JSON that loses nothing. */
export function held(value) {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  const exact = typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0));
  return exact ? value : text(value);
}
