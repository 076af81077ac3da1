/**
 * A parser for `text/event-stream`, fed with decoded text in chunks of any size.
 *
 * Lines end in LF, CR or CRLF, wherever a chunk is cut. Unlike in `EventSource`, an `id` belongs
 * to its own event and does not carry over to the next one, and an event without a name has an empty one.
 */

const blank = () => ({ event: '', id: '', data: [] });

/** Returns a function that takes chunks; it calls `emit({ event, id, data })` for each event that has data. */
export function sseParser(emit) {
  let begun = '';
  let afterCr;
  let fields = blank();

  return (text) => {
    if (!text) return;
    // The LF of a CRLF that was cut in two must not read as an empty line.
    const lines = (afterCr && text[0] === '\n' ? text.slice(1) : text).split(/\r\n?|\n/);
    afterCr = text.endsWith('\r');
    lines[0] = begun + lines[0];
    begun = lines.pop();
    for (const line of lines) {
      const [, field, value] = /^([^:]*):? ?(.*)/s.exec(line);
      if (field === 'data') fields.data.push(value);
      else if (field) fields[field] = value;
      else if (!line) {
        const event = fields;
        fields = blank();
        if (event.data.length) emit({ ...event, data: event.data.join('\n') });
      }
    }
  };
}
