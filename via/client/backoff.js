/**
 * Back-off with jitter: how long to wait before the next try, after so many that failed.
 */

export class Backoff {
  #tries = 0;

  /**
   * Waits grow from `base` to `cap` milliseconds, doubling. `floor` is the share of a wait that is
   * not left to chance: 0 is full jitter, which spreads a herd of clients best.
   */
  constructor({ base, cap, floor = 0, random = Math.random }) {
    Object.assign(this, { base, cap, floor, random });
  }

  next() {
    const ceiling = Math.min(this.cap, this.base * 2 ** Math.min(this.#tries++, 30));
    return ceiling * (this.floor + (1 - this.floor) * this.random());
  }

  reset() {
    this.#tries = 0;
  }
}
