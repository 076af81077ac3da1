/**
 * A parser for `text/event-stream`, fed with decoded text in chunks of any size.
 *
 * Lines end in LF, CR or CRLF, wherever a chunk is cut. Unlike in `EventSource`, an `id` belongs
 * to its own event and is not carried over to the next one.
 */

export class SseParser {
  #line = '';
  #afterCr = false;
  #event = blank();

  /** `emit({ event, id, data })` is called for each event that has data. */
  constructor(emit) {
    this.emit = emit;
  }

  push(text) {
    let start = 0;
    // The LF of a CRLF that was cut in two, which must not read as an empty line.
    if (this.#afterCr && text !== '') {
      if (text[0] === '\n') start = 1;
      this.#afterCr = false;
    }
    for (let at = start; at < text.length; at++) {
      const char = text.charCodeAt(at);
      if (char !== 10 && char !== 13) continue;
      const line = this.#line + text.slice(start, at);
      this.#line = '';
      if (char === 13) {
        if (at + 1 === text.length) this.#afterCr = true;
        else if (text[at + 1] === '\n') at++;
      }
      start = at + 1;
      this.#take(line);
    }
    this.#line += text.slice(start);
  }

  #take(line) {
    if (line === '') {
      const { event, id, data } = this.#event;
      this.#event = blank();
      if (data.length > 0) this.emit({ event, id, data: data.join('\n') });
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value[0] === ' ') value = value.slice(1);
    if (field === 'data') this.#event.data.push(value);
    else if (field === 'event' || field === 'id') this.#event[field] = value;
  }
}

function blank() {
  return { event: 'message', id: '', data: [] };
}
