/** What a screen reader is told: only what needs attention, at most once in five seconds, the latest first. */

const PAUSE_MS = 5_000;

/** What is worth saying about a picture; the same text again is not said again. */
export function summary(frame, link) {
  const { view } = frame;
  if (!view) return "";
  if (link.isStale()) return "No news from the kernel.";
  if (link.queued) return "Waiting for the running cell to end.";
  if (link.unknown) return link.unknown;
  if (view.problem) return view.problem.title;
  if (view.panel === "actor" && view.failures) return `${view.name}: ${view.failures} failures`;
  return "";
}

/** Gives the text to say now; what comes too soon replaces what waits. */
export class Announcer {
  constructor(now = () => Date.now()) {
    this.now = now;
    this.said = "";
    this.saidAt = -Infinity;
  }

  next(text) {
    if (text !== this.said && this.now() - this.saidAt >= PAUSE_MS) {
      this.said = text;
      this.saidAt = this.now();
    }
    return this.said;
  }
}
