/**
 * The look of the overlay: a button in the corner, and a panel above it. All of it is in a shadow root
 * with its own style sheet, so that the page and the overlay do not change each other.
 */

const STYLE = `
  :host { all: initial; position: fixed; right: 8px; bottom: 8px; z-index: 2147483001; }
  * { box-sizing: border-box; font: 12px/1.45 ui-monospace, monospace; color: #eee; }
  [hidden] { display: none !important; }
  .toggle { float: right; padding: 3px 9px; border: 1px solid #777; border-radius: 12px; background: #222; cursor: pointer; }
  .toggle::before { content: "●"; margin-right: 6px; color: #e6a23c; }
  .toggle[data-connection=online]::before { color: #5dc26a; }
  .toggle[data-errors]::before { color: #f56c6c; }
  :focus-visible { outline: 2px solid #7ab7ff; outline-offset: 1px; }
  .panel { width: min(440px, calc(100vw - 16px)); max-height: min(70vh, 560px); overflow: auto; margin-bottom: 6px;
    padding: 10px 12px; border: 1px solid #777; border-radius: 8px; background: #1b1b1f; }
  h2 { margin: 10px 0 3px; font-weight: bold; color: #9cc4ff; }
  h2:first-child { margin-top: 0; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: 1px 12px; margin: 0; }
  dt { color: #aaa; }
  dd { margin: 0; overflow-wrap: anywhere; }
  ol { margin: 0; padding: 0; list-style: none; }
  li { overflow-wrap: anywhere; border-top: 1px solid #333; padding: 2px 0; }
  label { display: flex; gap: 8px; align-items: center; margin: 2px 0; }
  input { width: 80px; padding: 1px 4px; border: 1px solid #777; border-radius: 4px; background: #111; }
  .errors li { color: #ffb3b3; }
`;

/** Rows of the list of facts: their names in the code and on the screen. */
const FACTS = {
  connection: 'connection',
  tab: 'tab',
  revision: 'session revision',
  frame: 'frame shown',
  waiting: 'actions waiting',
  ack: 'click → answer',
  shown: 'click → next frame',
};

/** How many items each list keeps. */
const KEPT = 12;

export class Panel {
  #facts = {};
  #lists = {};

  /** `latency` is `{ send, apply }`; `slow(values)` is called when the user changes it. */
  constructor({ latency, slow }) {
    this.host = document.createElement('via-dev');
    this.host.setAttribute('role', 'region');
    this.host.setAttribute('aria-label', 'via: development');
    const root = this.host.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];

    this.panel = make('div', { class: 'panel', id: 'panel', hidden: '' });
    this.toggle = make('button', { class: 'toggle', type: 'button', 'aria-controls': 'panel' });
    this.#addFacts();
    this.#addLatency(latency, slow);
    this.#addList('patches', 'last patches');
    this.#addList('errors', 'mistakes');
    root.append(this.panel, this.toggle);
    this.toggle.addEventListener('click', () => this.open(this.panel.hidden));
    root.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || this.panel.hidden) return;
      this.open(false);
      this.toggle.focus();
    });
    this.open(false);
    document.body.append(this.host);
  }

  open(open) {
    this.panel.hidden = !open;
    this.toggle.setAttribute('aria-expanded', String(open));
  }

  /** Shows facts by their names in the code. */
  show(facts) {
    for (const [name, value] of Object.entries(facts)) this.#facts[name].textContent = String(value ?? '–');
    if (facts.connection) this.toggle.dataset.connection = facts.connection;
    const took = this.#facts.shown.textContent;
    this.toggle.textContent = `via ${this.#facts.connection.textContent}${took === '–' ? '' : ` · ${took}`}`;
  }

  /** Adds a line on top of `patches` or `errors`; a click on it may show something. */
  add(list, text, act) {
    const item = make('li', {}, text);
    if (act) item.addEventListener('click', act);
    this.#lists[list].prepend(item);
    while (this.#lists[list].children.length > KEPT) this.#lists[list].lastChild.remove();
    if (list === 'errors') this.toggle.dataset.errors = '';
  }

  #addFacts() {
    const facts = make('dl');
    for (const [name, title] of Object.entries(FACTS)) {
      this.#facts[name] = make('dd', { 'data-fact': name }, '–');
      facts.append(make('dt', {}, title), this.#facts[name]);
    }
    this.panel.append(make('h2', {}, 'state'), facts);
  }

  #addLatency(latency, slow) {
    this.panel.append(make('h2', {}, 'artificial latency'));
    for (const [name, title] of [
      ['send', 'ms before each request'],
      ['apply', 'ms before each frame'],
    ]) {
      const field = make('input', { type: 'number', min: '0', max: '20000', step: '50', name });
      field.value = String(latency[name]);
      field.addEventListener('input', () => slow({ [name]: Math.max(0, Number(field.value) || 0) }));
      const label = make('label');
      label.append(field, title);
      this.panel.append(label);
    }
  }

  #addList(name, title) {
    this.#lists[name] = make('ol', { class: name });
    this.panel.append(make('h2', {}, title), this.#lists[name]);
  }
}

function make(tag, attributes = {}, text = '') {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}
