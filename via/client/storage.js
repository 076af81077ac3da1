/**
 * sessionStorage that never throws: where it is switched off, nothing is kept.
 */

function tolerant(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

export const storage = {
  getItem: (key) => tolerant(() => sessionStorage.getItem(key)),
  setItem: (key, value) => tolerant(() => sessionStorage.setItem(key, value)),
  removeItem: (key) => tolerant(() => sessionStorage.removeItem(key)),
};
