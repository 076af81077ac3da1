/**
 * How long to wait before the next try, after each failed one.
 */

/**
 * Waits double from `base` up to `cap` milliseconds. `floor` is the share of a wait that is
 * not random: 0 is full jitter, which spreads a herd of clients best.
 */
export function makeBackoff({ base = 250, cap = 15_000, floor = 0, random = Math.random }) {
  let ceiling;
  const reset = () => (ceiling = base);
  const next = () => {
    const wait = ceiling * (floor + (1 - floor) * random());
    ceiling = Math.min(cap, ceiling * 2);
    return wait;
  };
  reset();
  return { next, reset };
}
