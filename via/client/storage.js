/**
 * sessionStorage that never throws: if it is switched off, nothing is kept.
 */

import { tolerant } from './tolerant.js';

export const storage = {
  getItem: (key) => tolerant(() => sessionStorage.getItem(key)),
  setItem: (key, value) => tolerant(() => sessionStorage.setItem(key, value)),
  removeItem: (key) => tolerant(() => sessionStorage.removeItem(key)),
};
