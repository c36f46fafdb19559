/** A widget's model and the time, as the tests want them. */
import { readFileSync } from "node:fs";
import { Link } from "../link.js";

export class FakeModel {
  constructor(view = null) {
    this.listeners = {};
    this.sent = [];
    this.seq = 0;
    this.frame = "";
    if (view) this.put(view);
  }
  get(name) { return this[name]; }
  on(event, listener) { (this.listeners[event] ??= new Set()).add(listener); }
  off(event, listener) { this.listeners[event]?.delete(listener); }
  send(message) { this.sent.push(message); }
  /** The kernel shows something. */
  put(view, { seq = this.seq + 1, now = NOW_US } = {}) {
    this.seq = seq;
    this.frame = JSON.stringify({ seq, now, view });
    for (const listener of this.listeners["change:frame"] ?? []) listener();
  }
  /** The kernel says something. */
  say(message) { for (const listener of this.listeners["msg:custom"] ?? []) listener(message); }
  get wishes() { return this.sent.filter((message) => message.type !== "visible"); }
  get isListenedTo() { return Object.values(this.listeners).some((set) => set.size); }
}

/** Time that moves when told; a link takes it instead of the browser's. */
export class FakeTime {
  constructor() {
    this.at = 1_000_000;
    this.timers = new Map();
    this.lastTimer = 0;
  }
  now = () => this.at;
  setTimeout = (callback, ms) => {
    this.timers.set(++this.lastTimer, [this.at + ms, callback]);
    return this.lastTimer;
  };
  clearTimeout = (timer) => this.timers.delete(timer);
  pass(ms) {
    this.at += ms;
    for (const [timer, [due, callback]] of [...this.timers]) {
      if (due > this.at) continue;
      this.timers.delete(timer);
      callback();
    }
  }
}

export const NOW_US = 1_700_000_000_000_000;

export const linked = (view) => {
  const model = new FakeModel(view);
  const time = new FakeTime();
  return { model, time, link: new Link(model, time) };
};

const shared = (name) => readFileSync(new URL(`../../../../tests/workbench/${name}`, import.meta.url), "utf8");

/** View models as the presenters' tests have written them: what Python makes is what is drawn here. */
export const sample = (name) => JSON.parse(shared(`presenters/snapshots/${name}.json`));
export const wordingCases = () => JSON.parse(shared("render/wording_cases.json"));
