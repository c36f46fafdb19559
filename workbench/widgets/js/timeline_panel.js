/** An actor's past under a scrubber: one revision, the message that made it, and what it changed. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Outcome } from "./actor_panel.js";
import { age, count, duration, printable } from "./format.js";
import { html } from "./html.js";
import { back } from "./keys.js";
import { Command, Liveness, Name, Section, Tabs } from "./parts.js";
import { Tree } from "./tree.js";

const PAUSE_MS = 60;

export function TimelinePanel({ link, nowUs, children }) {
  const { view } = link.frame;
  return html`<div class="wb-panel">
    <div class="wb-header">
      ${view.back ? html`<button class="wb-button" ref=${link.focus.take("back")} onClick=${() => back(link)} title="Esc">‹ All actors</button>` : null}
      <h3><${Name} text=${view.name} /></h3>
      <${Tabs} link=${link} shown="timeline" />
      <span class="wb-space" />
      <${Liveness} link=${link} />
    </div>
    ${children}
    ${view.at ? html`<${Scrubber} view=${view} link=${link} /><${Made} made=${view.made} nowUs=${nowUs} /><${Body} view=${view} link=${link} />`
      : html`<p class="wb-empty">No revisions yet: they appear as actions change the state.</p>`}
    ${view.commands?.length ? html`<div class="wb-footer">${view.commands.map((code) => html`<${Command} key=${code} code=${code} />`)}</div>` : null}
  </div>`;
}

/** Where a key leads to on the slider: a revision, a tenth of all, or an end. */
const places = (key, at, first, last) =>
  ({ ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: first, End: last,
    PageDown: at - Math.ceil((last - first) / 10), PageUp: at + Math.ceil((last - first) / 10) })[key];

/** While it is dragged it shows where the mouse is; the kernel is asked when that rests. */
function Scrubber({ view, link }) {
  const { first = 0, last = 0, at = 0 } = view;
  const [wanted, setWanted] = useState(null);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => setWanted(null), [at, last]);
  const seek = (revision) => {
    setWanted(revision);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => link.ask("at", { revision }), PAUSE_MS);
  };
  const onKeyDown = (event) => {
    const to = places(event.key, wanted ?? at, first, last);
    if (to === undefined) return;
    event.preventDefault(); // JupyterLab would keep the key from the slider
    seek(Math.min(last, Math.max(first, to)));
  };
  const isLive = view.is_live !== false;
  return html`<div class="wb-scrubber">
    <button class="wb-button" aria-label="One revision back" title="One revision back" disabled=${at <= first} onClick=${() => link.ask("step", { by: -1 })}>◂</button>
    <input type="range" aria-label="Revision of ${printable(view.name)}" min=${first} max=${last} step="1" value=${wanted ?? at}
      onInput=${(event) => seek(Number(event.target.value))} onKeyDown=${onKeyDown} />
    <button class="wb-button" aria-label="One revision on" title="One revision on" disabled=${at >= last} onClick=${() => link.ask("step", { by: 1 })}>▸</button>
    <output>revision <b data-wb="at">${count(wanted ?? at)}</b> of ${count(last)}</output>
    <button class="wb-button" aria-pressed=${isLive ? "true" : "false"} onClick=${() => link.ask(isLive ? "step" : "live", isLive ? { by: 0 } : {})}>${isLive ? "● Live" : "Live"}</button>
  </div>`;
}

function Made({ made, nowUs }) {
  if (!made) return html`<div class="wb-made wb-muted">The message that led here is not kept.</div>`;
  return html`<div class="wb-made">
    <${Name} text=${made.call} />${made.caller ? html`<span class="wb-muted"> from ${printable(made.caller)}</span>` : null}${" "}
    <${Outcome} row=${{ outcome: made.outcome, detail: "" }} />${made.answer ? html` <span class="wb-value">${printable(made.answer)}</span>` : null}
    <div class="wb-muted">${age(made.finished_us ?? 0, nowUs)}, in ${duration(made.took_us ?? 0)} · definition <code>${made.definition ?? ""}</code>${made.is_new_code ? html` <b class="wb-tone-warn">new code</b>` : null}</div>
  </div>`;
}

function Body({ view, link }) {
  const changes = view.changes ?? [];
  const against = view.base ? `against revision ${count(view.base)}` : "against nothing";
  return html`<div class="wb-body">
    <${Section} title="State" grow>${view.state ? html`<${Tree} node=${view.state} />` : html`<p class="wb-empty">${view.note || "No state."}</p>`}<//>
    <div class="wb-side"><${Section} title="Changed" note=${against}>
      <button class="wb-button" aria-pressed=${view.is_pinned ? "true" : "false"} onClick=${() => link.ask("pin")}
        title="Compare every revision with this one, instead of with the one before">${view.is_pinned ? "Unpin" : "Compare with this one"}</button>
      ${changes.length ? html`<ul class="wb-changes">${changes.map((line) => html`<li class="wb-value">${printable(line)}</li>`)}</ul>`
        : html`<p class="wb-empty">${view.note || "Nothing differs."}</p>`}
    <//></div>
  </div>`;
}
