/** All actors of a system: sorted, searched, a window of them; one can be opened. */
import { Component } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { age, count, elapsed, perSecond, plural, printable } from "./format.js";
import { html } from "./html.js";
import { moveInList, open } from "./keys.js";
import { Liveness, Name, Phase, Tabs } from "./parts.js";
import { actorRow } from "./rows.js";
import { Sparkline } from "./sparkline.js";

const COLUMNS = [
  ["name", "actor"],
  ["kind", "kind"],
  ["phase", "phase"],
  ["revision", "revision", true],
  ["waiting", "waiting", true],
  ["turns", "turns", true, "since the system started"],
  ["failures", "failures", true, "since the system started"],
  ["last", "last turn", true],
];

export function SystemPanel({ link, nowUs, children }) {
  const { view } = link.frame;
  return html`<div class="wb-panel">
    <div class="wb-header">
      <h3><${Name} text=${view.system} /></h3>
      <${Tabs} link=${link} shown="actors" />
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
  if (view.told) return html`<span class="wb-facts"><span>It tells ${printable(view.told)}.</span></span>`;
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
  const box = useRef(null);
  const [sight, look] = useSight(box);
  const rows = inOrder((view.rows ?? []).map(actorRow), held);
  if (!rows.length) return html`<p class="wb-empty">${nothing(view)}</p>`;
  const { from, to, above, below } = inSight(rows.length, sight);
  const onKeyDown = (event) => {
    const isFar = (event.key === "Home" && from > 0) || (event.key === "End" && to < rows.length);
    if (!isFar) return moveInList(event, body.current);
    event.preventDefault();
    link.focus.wanted = `actor:${rows.at(event.key === "Home" ? 0 : -1).name}`; // takes the focus when it is drawn
    box.current.scrollTop = event.key === "Home" ? 0 : box.current.scrollHeight;
  };
  return html`<div class="wb-scroll wb-tall" ref=${box} onScroll=${look}>
      <table class="wb-table wb-actors" aria-rowcount=${rows.length + 1} aria-label="Actors of ${printable(view.system)}">
        <thead><tr>${COLUMNS.map((c) => html`<${Head} column=${c} query=${view.query ?? {}} link=${link} />`)}</tr></thead>
        <tbody ref=${body} onKeyDown=${onKeyDown}
          onMouseEnter=${() => setHeld(rows.map((row) => row.name))} onMouseLeave=${() => setHeld(null)}>
          <${Room} height=${above} />
          ${rows.slice(from, to).map((row, i) => html`<${Line} key=${row.name} row=${row} index=${from + i} isFirst=${i === 0} link=${link} nowUs=${nowUs} />`)}
          <${Room} height=${below} />
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

/** From so many rows on, only those in sight and some beyond are in the page: a browser lays a table out as a whole. */
const MANY = 200;
const BEYOND = 30;

/** Which rows to draw, and how much room to leave for the others; all as long as heights are not known. */
export function inSight(total, { top, height, rowHeight }) {
  if (total <= MANY || !rowHeight) return { from: 0, to: total, above: 0, below: 0 };
  const from = Math.max(0, Math.min(total, Math.floor(top / rowHeight)) - BEYOND);
  const to = Math.min(total, Math.ceil((top + height) / rowHeight) + BEYOND);
  return { from, to, above: from * rowHeight, below: (total - to) * rowHeight };
}

/** Where the list is scrolled to, in steps that are worth another drawing. */
function useSight(box) {
  const [sight, setSight] = useState({ top: 0, height: 0, rowHeight: 0 });
  const look = () => {
    const at = box.current;
    const rowHeight = at?.querySelector?.("tbody tr.wb-row")?.getBoundingClientRect?.().height ?? 0;
    const top = Math.floor((at?.scrollTop ?? 0) / 200) * 200;
    const height = (at?.clientHeight ?? 0) + 200;
    if (rowHeight && (top !== sight.top || height !== sight.height || Math.abs(rowHeight - sight.rowHeight) > 1)) setSight({ top, height, rowHeight });
  };
  useEffect(look);
  return [sight, look];
}

const Room = ({ height }) => (height ? html`<tr aria-hidden="true" style=${{ height: `${height}px` }}><td colspan=${COLUMNS.length} /></tr>` : null);

/** A row is drawn again only when it shows something else: of some thousand rows, few do. */
class Line extends Component {
  shouldComponentUpdate({ row, index, isFirst, nowUs }) {
    const before = this.props;
    return index !== before.index || isFirst !== before.isFirst || times(row, nowUs) !== times(before.row, before.nowUs) || Object.keys(row).some((name) => row[name] !== before.row[name]);
  }

  render({ row, index, isFirst, link, nowUs }) {
    return drawn(row, index, isFirst, link, nowUs);
  }
}

/** What in a row changes by time alone. */
const times = (row, nowUs) => [age(row.lastTurnUs, nowUs), row.action ? elapsed(nowUs - row.actionSinceUs) : "", row.oldestUs ? elapsed(nowUs - row.oldestUs) : ""].join();

function drawn(row, index, isFirst, link, nowUs) {
  return html`<tr class="wb-row" aria-rowindex=${index + 2}>
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

/** Counted since the system started: of an actor that has only been in the store since then, nothing is known. */
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
