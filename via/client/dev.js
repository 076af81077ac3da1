/**
 * The overlay of `App::dev`. It runs before the client, to stand between it and the network. It
 * learns the rest through `via.on`, as any script of a page can.
 */

import { latency, setLatency, standBetween } from './dev-network.js';
import { Panel } from './dev-panel.js';
import { misspelled } from './dev-spelling.js';

const facts = { waiting: 0 };
/** The start times of the actions without an answer, and of those without a frame. */
const unanswered = [];
let unshown = [];
let panel = null;
const told = new Set();

function show(changes) {
  Object.assign(facts, changes);
  panel?.show(facts);
}

standBetween(async ({ kind, response }) => {
  const revision = response.headers.get('Via-Revision');
  if (revision !== null) show({ revision });
  if (kind !== 'attach' || !response.ok) return;
  const { tab } = await response
    .clone()
    .json()
    .catch(() => ({}));
  show({ tab });
});

// The client sets this once; from then on the overlay misses no event.
Object.defineProperty(globalThis, 'via', {
  configurable: true,
  set(api) {
    Object.defineProperty(globalThis, 'via', { value: api, configurable: true, writable: true });
    start(api);
  },
});

function start(api) {
  panel = new Panel({ latency, slow: setLatency });
  show({});
  api.on('via:connection', (connection) => show({ connection }));
  api.on('via:action', () => {
    const now = performance.now();
    unanswered.push(now);
    unshown.push(now);
    show({ waiting: unanswered.length });
  });
  api.on('via:answer', ({ status, code }) => {
    const since = unanswered.shift();
    show({ waiting: unanswered.length, ack: `${milli(performance.now() - since)} (${code ?? status})` });
  });
  api.on('via:frame', ({ hash, events }) => {
    const [since] = unshown;
    unshown = [];
    show({ frame: hash, ...(since && { shown: milli(performance.now() - since) }) });
    for (const event of events) panel.add('patches', describe(event));
    checkSoon();
  });
  api.on('via:error', ({ element, attribute, expression, message }) => {
    mistake(`${name(element)} ${attribute}="${expression}": ${message}`, element);
  });
  addEventListener('error', ({ message }) => mistake(message));
  addEventListener('unhandledrejection', ({ reason }) => mistake(String(reason)));
  checkSoon();
}

function mistake(text, element) {
  panel.add('errors', text, element && (() => element.scrollIntoView({ block: 'center' })));
}

function milli(time) {
  return `${time.toFixed(time < 10 ? 1 : 0)} ms`;
}

/** `outer #list > :nth-child(2), 312 B`. */
function describe({ event, data }) {
  const size = new TextEncoder().encode(data).length;
  const field = (wanted) => new RegExp(`^${wanted} (.*)$`, 'm').exec(data)?.[1];
  const what =
    event === 'datastar-patch-signals'
      ? `signals ${cut(field('signals') ?? '')}`
      : `${field('mode') ?? 'outer'} ${field('selector') ?? cut(field('elements') ?? '')}`;
  return `${new Date().toLocaleTimeString()} ${what}, ${size} B`;
}

function cut(text) {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** How to find an element: `button#save.primary`. */
function name({ localName, id, classList }) {
  return `<${localName}${id && `#${id}`}${Array.from(classList, (one) => `.${one}`).join('')}>`;
}

let checking = 0;

/** Looks for attributes that do nothing because of their spelling, when the page is idle. */
function checkSoon() {
  clearTimeout(checking);
  checking = setTimeout(() => {
    for (const element of document.querySelectorAll('#via, #via *')) {
      for (const attribute of element.getAttributeNames()) {
        const wrong = misspelled(attribute, (event) => `on${event}` in element);
        if (!wrong || told.has(attribute)) continue;
        told.add(attribute);
        console.warn(`via: ${attribute} does nothing; ${wrong}`, element);
        mistake(`${name(element)} ${attribute} does nothing; ${wrong}`, element);
      }
    }
  }, 200);
}
