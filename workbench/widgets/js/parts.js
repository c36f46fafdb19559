/** Small things that both panels use. */
import { useState } from "preact/hooks";
import { printable } from "./format.js";
import { html } from "./html.js";

/** A name as code; `title` shows what does not fit. */
export const Name = ({ text }) => html`<span class="wb-name" title=${printable(text)}>${printable(text)}</span>`;

const TONES = { running: "busy", ready: "good", loading: "busy", stopping: "warn", held: "warn", suspended: "warn", passive: "idle", template: "idle" };

/** Where an actor is in its life: told by word and by dot. */
export const Phase = ({ phase, children }) =>
  html`<span class="wb-phase wb-tone-${TONES[phase] ?? "idle"}"><i class="wb-dot" />${children ?? phase}</span>`;

/** What is wrong, over the last picture there is. */
export function Banner({ problem }) {
  const tone = problem.kind === "missing" ? "info" : "bad";
  return html`<div class="wb-banner wb-tone-${tone}">
    <strong>${problem.title}</strong>
    ${(problem.text ?? "").split("\n").map((line) => html`<div>${line}</div>`)}
  </div>`;
}

/** Whether the picture is live, in the corner of a panel. */
export function Liveness({ link }) {
  const kind = link.frame.view?.problem?.kind;
  if (link.isStale()) return html`<span class="wb-live wb-tone-bad"><i class="wb-dot" />no news</span>`;
  if (kind === "stopped") return html`<span class="wb-live wb-tone-idle"><i class="wb-dot" />stopped</span>`;
  if (link.queued) return html`<span class="wb-live wb-tone-warn"><i class="wb-dot" />queued until the cell ends</span>`;
  return html`<span class="wb-live wb-tone-good"><i class="wb-dot wb-pulse" />live</span>`;
}

/** Code for a cell; a click copies it. */
export function Command({ code }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await globalThis.navigator.clipboard.writeText(code);
      setCopied(true);
      setTimeout(() => setCopied(false), 1_200);
    } catch {
      setCopied(false); // not allowed here: the text can still be selected
    }
  };
  return html`<button class="wb-command" title="Copy" aria-label="Copy ${code}" onClick=${copy}>${isCopied ? "copied" : code}</button>`;
}

const TABS = [["actors", "topology"], ["now", "timeline"]];
const capital = (word) => word[0].toUpperCase() + word.slice(1);

/** The two ways to look at a system, or at an actor. */
export const Tabs = ({ link, shown }) => html`<span class="wb-tabs" role="group" aria-label="Show">
  ${TABS.find((tabs) => tabs.includes(shown)).map((what) => html`<button class="wb-tab" aria-pressed=${what === shown ? "true" : "false"}
    ref=${link.focus.take(`tab:${what}`)} onClick=${() => show(link, what)}>${capital(what)}</button>`)}
</span>`;

function show(link, what) {
  link.focus.wanted = `tab:${what}`;
  link.ask("show", { what });
}

/** A labelled part of a panel. */
export const Section = ({ title, note, children, grow }) => html`<section class="wb-section ${grow ? "wb-grow" : ""}">
  <h4><span class="wb-title">${title}</span>${note ? html`<span class="wb-note">${note}</span>` : null}</h4>
  ${children}
</section>`;
