/** All actors of a system: sorted, searched, a window of them; one can be opened. */
import { useEffect, useRef, useState } from "preact/hooks";
import { age, count, elapsed, perSecond, plural, printable } from "./format.js";
import { html } from "./html.js";
import { moveInList, open } from "./keys.js";
import { Liveness, Name, Phase } from "./parts.js";
import { actorRow } from "./rows.js";
import { Sparkline } from "./sparkline.js";

const COLUMNS = [
  ["name", "actor"],
  ["kind", "kind"],
  ["phase", "phase"],
  ["revision", "revision", true],
  ["waiting", "waiting", true],
  ["turns", "turns", true, "since the actor was activated"],
  ["failures", "failures", true, "since the actor was activated"],
  ["last", "last turn", true],
];

export function SystemPanel({ link, nowUs, children }) {
  const { view } = link.frame;
  return html`<div class="wb-panel">
    <div class="wb-header">
      <h3><${Name} text=${view.system} /></h3>
      <${Totals} view=${view} />
      <span class="wb-space" />
      <${Sparkline} series=${view.rates} nowUs=${nowUs} label="Turns a second in the last minute" />
      <${Liveness} link=${link} />
    </div>
    ${children}
    <${Toolbar} view=${view} link=${link} />
    <${Actors} view=${view} link=${link} nowUs=${nowUs} />
  </div>`;
}

function Totals({ view }) {
  return html`<span class="wb-facts">
    <span title="In memory; others are in the store until a message wakes them"><b>${count(view.actors ?? 0)}</b> active</span>
    <span><b data-wb="waiting">${count(view.waiting ?? 0)}</b> waiting</span>
    <span><b data-wb="turns">${count(view.turns ?? 0)}</b> turns${view.rate ? ` · ${perSecond(view.rate)}` : ""}</span>
    ${view.unwritten ? html`<span title="Answered, and written with the next group">${count(view.unwritten)} not on disk yet</span>` : null}
  </span>`;
}

function Toolbar({ view, link }) {
  const [text, setText] = useState(view.query?.search ?? "");
  const timer = useRef(0);
  const search = (value, wait) => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => link.ask("search", { text: value }), wait);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  const onKeyDown = (event) => {
    if (event.key !== "Escape" || !text) return;
    event.stopPropagation();
    search("", 0);
  };
  const shown = view.rows?.length ?? 0;
  return html`<div class="wb-toolbar">
    <input class="wb-search" type="search" placeholder="Search actors" aria-label="Search actors by name, template, kind or phase"
      value=${text} onInput=${(event) => search(event.target.value, 150)} onKeyDown=${onKeyDown} />
    <span class="wb-muted">${shown < (view.matching ?? 0) || view.query?.search ? `${count(shown)} of ${count(view.matching ?? 0)}` : plural(shown, "actor")}</span>
    ${view.counters?.dropped ? html`<span class="wb-space" /><span class="wb-muted">${plural(view.counters.dropped, "event")} dropped</span>` : null}
  </div>`;
}

function Actors({ view, link, nowUs }) {
  const body = useRef(null);
  const [held, setHeld] = useState(null);
  const rows = inOrder((view.rows ?? []).map(actorRow), held);
  if (!rows.length) return html`<p class="wb-empty">${nothing(view)}</p>`;
  return html`<div class="wb-scroll wb-tall">
      <table class="wb-table wb-actors" aria-label="Actors of ${printable(view.system)}">
        <thead><tr>${COLUMNS.map((c) => html`<${Head} column=${c} query=${view.query ?? {}} link=${link} />`)}</tr></thead>
        <tbody ref=${body} onKeyDown=${(event) => moveInList(event, body.current)}
          onMouseEnter=${() => setHeld(rows.map((row) => row.name))} onMouseLeave=${() => setHeld(null)}>
          ${rows.map((row, i) => html`<${Line} key=${row.name} row=${row} isFirst=${i === 0} link=${link} nowUs=${nowUs} />`)}
        </tbody>
      </table>
    </div>
    <${More} view=${view} link=${link} />`;
}

/** While the mouse is over the rows they keep their places, so that none slips away under a click. */
export function inOrder(rows, held) {
  if (!held) return rows;
  const places = new Map(held.map((name, i) => [name, i]));
  return [...rows].sort((a, b) => (places.get(a.name) ?? Infinity) - (places.get(b.name) ?? Infinity) || 0);
}

function Head({ column: [key, label, isNumber, title], query, link }) {
  const isSorted = (query.sort ?? "name") === key;
  const direction = query.descending ? "descending" : "ascending";
  return html`<th scope="col" class=${isNumber ? "wb-num" : ""} aria-sort=${isSorted ? direction : "none"}>
    <button class="wb-sort" title=${title} onClick=${() => link.ask("sort", { by: key })}>
      ${label}<span aria-hidden="true" class="wb-arrow">${isSorted ? (query.descending ? "▾" : "▴") : ""}</span>
    </button>
  </th>`;
}

function Line({ row, isFirst, link, nowUs }) {
  return html`<tr>
    <td><button class="wb-link" tabindex=${isFirst ? 0 : -1} ref=${link.focus.take(`actor:${row.name}`)} onClick=${() => open(link, row.name)}>
      <${Name} text=${row.name} /></button></td>
    <td class="wb-muted">${row.kind}${row.parent ? ` of ${printable(row.parent)}` : ""}</td>
    <td><${Doing} row=${row} nowUs=${nowUs} /></td>
    <td class="wb-num">${count(row.revision)}</td>
    <td class="wb-num ${row.waiting ? "wb-strong" : "wb-muted"}" title=${row.oldestUs ? `oldest ${elapsed(nowUs - row.oldestUs)}` : ""}>${count(row.waiting)}</td>
    <td class="wb-num">${isCounted(row) ? count(row.turns) : ""}</td>
    <td class="wb-num ${row.failures ? "wb-tone-bad" : "wb-muted"}">${isCounted(row) ? count(row.failures) : ""}</td>
    <td class="wb-num wb-muted">${age(row.lastTurnUs, nowUs)}</td>
  </tr>`;
}

/** Turns are counted from an activation on: of an actor that is only in the store, nothing is known. */
const isCounted = (row) => row.phase !== "passive" || row.turns > 0;

function Doing({ row, nowUs }) {
  if (!row.action) return html`<${Phase} phase=${row.phase} /> ${row.deployed ? null : html`<span class="wb-muted">no code here</span>`}`;
  const since = row.actionSinceUs ? html`<span class="wb-muted">${elapsed(nowUs - row.actionSinceUs)}</span>` : null;
  return html`<${Phase} phase="running"><${Name} text=${row.action} /> ${since}<//>`;
}

function More({ view, link }) {
  const hidden = (view.matching ?? 0) - (view.rows?.length ?? 0);
  if (!hidden && !view.is_partial) return null;
  return html`<div class="wb-toolbar">
    ${hidden ? html`<button class="wb-button" onClick=${() => link.ask("more")}>Show more</button>
      <span class="wb-muted">… ${plural(hidden, "more actor")}</span>` : null}
    ${view.is_partial ? html`<span class="wb-muted">There are more actors: type the start of a name to find others.</span>` : null}
  </div>`;
}

const nothing = (view) =>
  view.query?.search ? `No actor matches “${printable(view.query.search)}”.`
  : view.problem ? "No actors to show."
  : "No actors yet. Define one in a cell that starts with %%actor.";
