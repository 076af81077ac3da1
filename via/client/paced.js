/**
 * The modifiers `debounce` and `throttle`, with Datastar's options.
 */

/** `500ms`, `2s` or `500` in milliseconds. */
export function milliseconds([text = '0'] = []) {
  const number = parseFloat(text);
  return /\ds$/.test(text) ? number * 1000 : number || 0;
}

/** Wraps `work` as the modifiers `debounce` and `throttle` say, with Datastar's options. */
export function paced(modifiers, work, timers = globalThis) {
  for (const [name, wrap] of [['debounce', debounce], ['throttle', throttle]]) {
    const options = modifiers.get(name);
    if (options) work = wrap(work, milliseconds(options), (option) => options.includes(option), timers);
  }
  return work;
}

function debounce(work, wait, has, { setTimeout, clearTimeout }) {
  let timer;
  return (event) => {
    if (!timer && has('leading')) work(event);
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      if (!has('notrailing')) work(event);
    }, wait);
  };
}

function throttle(work, wait, has, { setTimeout }) {
  let resting;
  let last;
  const rest = () => {
    resting = true;
    setTimeout(() => {
      resting = false;
      const event = last;
      last = null;
      if (!event) return;
      rest();
      work(event);
    }, wait);
  };
  return (event) => {
    if (resting) {
      if (has('trailing')) last = event;
      return;
    }
    rest();
    if (has('noleading')) last = event;
    else work(event);
  };
}
