/**
 * sessionStorage that never throws: where it is switched off, nothing is kept.
 */

function attempt(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

export const storage = {
  getItem: (key) => attempt(() => sessionStorage.getItem(key)),
  setItem: (key, value) => attempt(() => sessionStorage.setItem(key, value)),
  removeItem: (key) => attempt(() => sessionStorage.removeItem(key)),
};
