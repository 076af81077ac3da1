/**
 * Which signals hold values that the server does not have yet, and what happens to the
 * server's own values for them until then.
 *
 * A declared signal is dirty from an edit until the server has acknowledged an action that carried
 * its present value. A value from the server waits while the signal is dirty, or while the user edits
 * a field bound to it. It is used when both have ended. It is dropped if the user edited after it
 * came, or if an action that was sent after it carries the user's value.
 */

export class Drafts {
  #declared = new Set();
  #versions = new Map();
  #waiting = new Map();
  #kept = new Map();
  #clock = 0;

  /** The document is the reload of a tab and has not learned yet what that tab holds. */
  young = false;

  /** `isHeld(name)` says whether the user is editing a field bound to the signal. */
  constructor(signals, isHeld = () => false) {
    this.signals = signals;
    this.isHeld = isHeld;
    signals.onEdit = (name) => this.#edited(name);
  }

  /** Names the signals that actions carry; those that begin with `_` never leave the browser. */
  declare(names) {
    for (const name of names) if (!name.startsWith('_')) this.#declared.add(name);
  }

  #edited(name) {
    if (!this.#declared.has(name)) return;
    this.#versions.set(name, ++this.#clock);
    this.#waiting.delete(name);
  }

  /** What an action carries that the user triggers now. */
  capture() {
    const signals = {};
    for (const name of this.young ? this.#versions.keys() : this.#declared) signals[name] = this.signals.peek(name);
    return { signals, dirty: [...this.#versions.keys()], versions: new Map(this.#versions) };
  }

  /**
   * An action with these versions is sent for the first time: older values from the server are stale.
   * Returns the versions that the server should keep: the server may have changed an edit that an
   * earlier action carried.
   */
  sent(versions) {
    const dirty = [];
    for (const [name, version] of versions) {
      if (version <= (this.#kept.get(name) ?? 0)) continue;
      dirty.push(name);
      if (this.#versions.get(name) === version) this.#waiting.delete(name);
    }
    return dirty;
  }

  /** An action with these versions was applied. */
  acknowledged(versions) {
    for (const [name, version] of versions) {
      this.#kept.set(name, Math.max(version, this.#kept.get(name) ?? 0));
      if (this.#versions.get(name) !== version) continue;
      this.#versions.delete(name);
      this.settle(name);
    }
  }

  /** Values from the server. */
  receive(values, { onlyIfMissing = false } = {}) {
    for (const [name, value] of Object.entries(values)) {
      if (onlyIfMissing && this.signals.has(name)) continue;
      this.#waiting.set(name, value);
      this.settle(name);
    }
  }

  /** Uses the value that waits for a signal, unless something still prevents it. */
  settle(name) {
    if (!this.#waiting.has(name) || this.#versions.has(name) || this.isHeld(name)) return;
    const value = this.#waiting.get(name);
    this.#waiting.delete(name);
    this.signals.write(name, value);
  }
}
