/**
 * The longest increasing subsequence in a list of different numbers: what need not move when a list
 * gets another order.
 */

/** Returns the indices of a longest increasing subsequence. */
export function longestRise(numbers) {
  // tails[n] is the index of the smallest number that ends a run of n + 1.
  const tails = [];
  const previous = [];
  numbers.forEach((number, index) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[tails[middle]] < number) low = middle + 1;
      else high = middle;
    }
    previous[index] = low > 0 ? tails[low - 1] : -1;
    tails[low] = index;
  });
  const run = [];
  for (let at = tails.at(-1) ?? -1; at >= 0; at = previous[at]) run.push(at);
  return run.reverse();
}
