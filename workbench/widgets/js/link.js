/**
 * The line to the kernel: pictures and signs of life come in, wishes go out.
 *
 * A picture is the trait `frame` (JSON: seq, now, view); the newest counts, an older one is ignored.  A wish is a custom
 * message `{id, type, data}`, which the kernel acknowledges with `{type: "heard", id, known}`; without that within 300 ms it
 * waits behind a busy cell, which the panel says.
 */

import { Focus } from "./keys.js";

export const QUEUED_AFTER_MS = 300;
export const STALE_AFTER_MS = 6_000;

const EMPTY = { seq: 0, now: 0, view: null };

export class Link {
  /**
   * @param {{get: Function, send: Function, on: Function, off: Function}} model the widget's model
   * @param {{now?: () => number, setTimeout?: Function, clearTimeout?: Function}} [time] replaced by tests
   */
  constructor(model, time = {}) {
    this.model = model;
    this.time = {
      now: () => Date.now(),
      setTimeout: (f, ms) => setTimeout(f, ms),
      clearTimeout: (t) => clearTimeout(t),
      ...time,
    };
    this.frame = EMPTY;
    this.focus = new Focus();
    this.queued = 0;
    this.unknown = "";
    this.pending = new Map();
    this.listeners = new Set();
    this.lastId = 0;
    this.heardAt = this.time.now();
    /** Since when the view can be seen; before and after that, nothing is sent to it. */
    this.seenSince = this.heardAt;
    this.offsetUs = 0;
    this.onFrame = () => this.take(model.get("frame"));
    this.onMessage = (message) => this.hear(message);
    model.on("change:frame", this.onFrame);
    model.on("msg:custom", this.onMessage);
    this.onFrame();
  }

  /** Call `listener` after every change; returns how to stop that. */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close() {
    this.model.off("change:frame", this.onFrame);
    this.model.off("msg:custom", this.onMessage);
    for (const timer of this.pending.values()) this.time.clearTimeout(timer);
    this.pending.clear();
    this.listeners.clear();
  }

  /** The kernel's time in µs; it stands still when nothing is heard any more, so that ages do not run on. */
  nowUs() {
    const at = this.isStale() ? this.heardAt : this.time.now();
    return at * 1_000 + this.offsetUs;
  }

  /** Nothing was heard although the kernel knows that the view is looked at: one that is out of sight is not sent anything. */
  isStale() {
    return this.time.now() - Math.max(this.heardAt, this.seenSince) > STALE_AFTER_MS;
  }

  /** The view came into sight, or went out of it. */
  see(isVisible) {
    this.seenSince = isVisible ? this.time.now() : Infinity;
  }

  /** Send a wish. */
  ask(type, data = {}) {
    const id = ++this.lastId;
    this.unknown = "";
    this.pending.set(
      id,
      this.time.setTimeout(() => this.countQueued(), QUEUED_AFTER_MS),
    );
    this.send({ id, type, data });
  }

  /** Send what needs no answer. */
  tell(type, data) {
    this.send({ id: 0, type, data });
  }

  /** A kernel that is gone takes nothing: the panel shows that by itself, once nothing is heard any more. */
  send(message) {
    try {
      this.model.send(message);
    } catch {
      // nothing to be done
    }
  }

  take(text) {
    const frame = parsed(text);
    if (!frame || frame.seq < this.frame.seq) return;
    this.frame = frame;
    this.alive(frame.now);
  }

  hear(message) {
    if (message?.type === "beat") this.alive(message.now);
    if (message?.type === "heard") this.acknowledged(message);
  }

  alive(nowUs) {
    this.heardAt = this.time.now();
    this.offsetUs = nowUs - this.heardAt * 1_000;
    this.changed();
  }

  acknowledged({ id, known }) {
    if (!this.pending.has(id)) return; // another view's
    this.time.clearTimeout(this.pending.get(id));
    this.pending.delete(id);
    if (!known) this.unknown = "Nothing is connected to this button here.";
    this.countQueued(this.queued > 0);
  }

  /** Those that are still unanswered wait behind a cell. */
  countQueued(some = true) {
    this.queued = some ? this.pending.size : 0;
    this.changed();
  }

  changed() {
    for (const listener of this.listeners) listener();
  }
}

function parsed(text) {
  try {
    const frame = JSON.parse(text);
    return frame && typeof frame.seq === "number" && frame.view ? frame : null;
  } catch {
    return null;
  }
}
