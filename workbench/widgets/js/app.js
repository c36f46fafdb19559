/** A panel: what is wrong, then the actor or the system. */
import { useEffect, useState } from "preact/hooks";
import { ActorPanel } from "./actor_panel.js";
import { Announcer, summary } from "./announce.js";
import { FormPanel } from "./form_panel.js";
import { clockTime, printable } from "./format.js";
import { html } from "./html.js";
import { onEscape } from "./keys.js";
import { Banner } from "./parts.js";
import { SystemPanel } from "./system_panel.js";
import { TimelinePanel } from "./timeline_panel.js";
import { TopologyPanel } from "./topology_panel.js";

const PANELS = { actor: ActorPanel, form: FormPanel, system: SystemPanel, timeline: TimelinePanel, topology: TopologyPanel };

export function App({ link }) {
  useRedraw(link);
  const [announcer] = useState(() => new Announcer(link.time.now));
  const { view } = link.frame;
  const nowUs = link.nowUs();
  const Panel = PANELS[view?.panel];
  // JupyterLab's single-letter shortcuts must not act on what is typed in here.
  return html`<div class="wb" role="group" aria-label=${label(view)} data-lm-suppress-shortcuts="true" tabindex="-1" onKeyDown=${(event) => onEscape(event, link)}>
    ${Panel
      ? html`<${Panel} key=${`${view.panel}:${view.name ?? ""}`} link=${link} nowUs=${nowUs}>
          ${problems(link, nowUs).map((problem) => html`<${Banner} problem=${problem} />`)}
        <//>`
      : html`<p class="wb-empty">Waiting for the first picture…</p>`}
    <div class="wb-hidden" role="status" aria-live="polite">${announcer.next(summary(link.frame, link))}</div>
  </div>`;
}

const label = (view) => (view?.name ? `Actor ${printable(view.name)}` : `Actor system ${printable(view?.system ?? "")}`);

/** What is wrong now: an old picture's own problem is not news. */
function problems(link, nowUs) {
  const { problem } = link.frame.view;
  const unknown = link.unknown && { kind: "missing", title: link.unknown };
  return [link.isStale() ? stale(link, nowUs) : problem, unknown].filter(Boolean);
}

const stale = (link, nowUs) => ({
  kind: "stale",
  title: "No news from the kernel",
  text: `This is how it was at ${clockTime(nowUs, Date.now() * 1_000)}. If the kernel was restarted or the notebook reopened, run the cell again.`,
});

/** Draws again at every message, ten times a second while an action's time runs on the screen, else once a second. */
function useRedraw(link) {
  const [, redraw] = useState(0);
  const again = () => redraw((n) => n + 1);
  const hasTimer = Boolean(link.frame.view?.running) && !link.isStale() && !wantsLessMotion();
  useEffect(() => link.subscribe(again), [link]);
  useEffect(() => {
    const timer = setInterval(() => globalThis.document?.hidden || again(), hasTimer ? 100 : 1_000);
    return () => clearInterval(timer);
  }, [hasTimer]);
}

const wantsLessMotion = () => Boolean(globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches);
