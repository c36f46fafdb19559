/** One actor: who it is, its state, its mailbox, what runs, its last turns. */
import { useState } from "preact/hooks";
import { age, count, duration, elapsed, perSecond, plural, printable, size } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { back } from "./keys.js";
import { Command, Liveness, Name, Phase, Section, Tabs } from "./parts.js";
import { logRow, turnRow, waitingRow } from "./rows.js";
import { Sparkline } from "./sparkline.js";
import { Tree, useFlash } from "./tree.js";

export function ActorPanel({ link, nowUs, children }) {
  const { view } = link.frame;
  return html`<div class="wb-panel">
    <${Header} view=${view} link=${link} />
    ${children}
    ${view.phase ? html`<${Body} view=${view} nowUs=${nowUs} />` : null}
    <${Footer} view=${view} />
  </div>`;
}

function Header({ view, link }) {
  return html`<div class="wb-header">
    ${view.back ? html`<button class="wb-button" ref=${link.focus.take("back")} onClick=${() => back(link)} title="Esc">‹ All actors</button>` : null}
    <h3><${Name} text=${view.name} /></h3>
    ${view.phase ? html`<${Tabs} link=${link} shown="now" />` : null}
    ${view.phase ? html`<${Phase} phase=${view.phase} />` : null}
    ${view.phase ? html`<${Facts} view=${view} />` : null}
    <span class="wb-space" />
    <${Liveness} link=${link} />
  </div>`;
}

function Facts({ view }) {
  const revision = useFlash(view.revision);
  return html`<span class="wb-facts">
    <span>${view.kind}${view.parent ? html` of <${Name} text=${view.parent} />` : null}</span>
    <span>revision <b ref=${revision} data-wb="revision">${count(view.revision ?? 0)}</b></span>
    ${view.definition ? html`<span>definition <code>${view.definition}</code></span>` : null}
    ${view.deployed === false ? html`<span class="wb-tone-warn">code not loaded</span>` : null}
  </span>`;
}

function Body({ view, nowUs }) {
  return html`<div class="wb-body">
      <${Section} title="State" grow><${State} view=${view} /><//>
      <div class="wb-side">
        <${Mailbox} box=${view.mailbox ?? {}} nowUs=${nowUs} />
        <${Running} running=${view.running} nowUs=${nowUs} />
        <${Stored} stored=${view.stored} nowUs=${nowUs} />
      </div>
    </div>
    <${Turns} view=${view} nowUs=${nowUs} />
    <${Log} rows=${(view.log ?? []).map(logRow)} nowUs=${nowUs} />`;
}

function State({ view }) {
  if (view.state) return html`<${Tree} node=${view.state} />`;
  return html`<p class="wb-empty">${view.phase === "template" ? "A template has no state; its children have." : "No state yet."}</p>`;
}

function Mailbox({ box, nowUs }) {
  const waiting = box.waiting ?? 0;
  const head = (box.head ?? []).map(waitingRow);
  const oldest = waiting && box.oldest_us ? `oldest ${elapsed(nowUs - box.oldest_us)}` : "";
  return html`<${Section} title="Mailbox" note=${oldest}>
    <div class="wb-depth">
      <span><b class="wb-big" data-wb="depth">${count(waiting)}</b> waiting</span>
      <${Sparkline} series=${box.depths} nowUs=${nowUs} label="Mailbox depth in the last minute, now ${waiting}" />
    </div>
    ${head.length ? html`<ol class="wb-queue">${head.map((w) => html`<${Queued} w=${w} nowUs=${nowUs} />`)}
      ${waiting > head.length ? html`<li class="wb-more">… ${count(waiting - head.length)} more</li>` : null}</ol>` : null}
  <//>`;
}

const Queued = ({ w, nowUs }) => html`<li>
  <${Name} text=${w.action} />
  <span class="wb-muted">${w.caller ? `from ${printable(w.caller)} ` : ""}${elapsed(nowUs - w.enqueuedUs)}</span>
</li>`;

function Running({ running, nowUs }) {
  if (!running) return null;
  return html`<${Section} title="Running">
    <div class="wb-running"><i class="wb-dot wb-pulse" /><${Name} text=${running.action} />
      <b data-wb="elapsed">${running.since_us ? elapsed(nowUs - running.since_us) : ""}</b>
      ${running.caller ? html`<span class="wb-muted">called by ${printable(running.caller)}</span>` : null}
    </div>
  <//>`;
}

/** The snapshot: what a kill now would leave, and what happens next. */
function Stored({ stored, nowUs }) {
  if (!stored) return null;
  const { ahead = 0, revision = 0, changes = [] } = stored;
  return html`<${Section} title="Snapshot" note=${stored.durability ? `durability ${stored.durability}` : ""}>
    <div class="wb-stored ${ahead ? "wb-tone-warn" : "wb-tone-good"}" data-wb="stored"><i class="wb-dot" />
      <span>${stored.written_us ? html`revision <b>${count(revision)}</b>, ${size(stored.size_bytes ?? 0)}, written ${age(stored.written_us, nowUs)}` : "nothing is stored yet"}</span></div>
    ${ahead ? html`<div data-wb="ahead">memory is <b>${plural(ahead, "revision")}</b> ahead, ${size(stored.memory_bytes ?? 0)}: a kill now ${stored.written_us ? `goes back to revision ${count(revision)}` : "leaves nothing of it"}</div>` : null}
    ${changes.length ? html`<ul class="wb-changes">${changes.map((line) => html`<li class="wb-value">${printable(line)}</li>`)}</ul>` : null}
    ${stored.due_us ? html`<div class="wb-muted" data-wb="due">next snapshot in ${elapsed(stored.due_us - nowUs)}</div>` : null}
    ${stored.leaves_us ? html`<div class="wb-muted" data-wb="leaves">leaves memory in ${duration(Math.max(0, stored.leaves_us - nowUs))} unless it is called</div>` : null}
    ${stored.status === "DEACTIVATED" ? html`<div class="wb-muted">written when it left memory</div>` : null}
  <//>`;
}

function Turns({ view, nowUs }) {
  const rows = (view.recent ?? []).map(turnRow);
  const rate = view.rate ? ` · ${perSecond(view.rate)}` : "";
  const failures = view.failures ? html` · <span class="wb-tone-bad">${plural(view.failures, "failure")}</span>` : null;
  const note = html`${plural(view.turns ?? 0, "turn")} since the system started${rate}${failures}`;
  return html`<${Section} title="Last turns" note=${note}>
    ${rows.length ? html`<${TurnTable} rows=${rows} nowUs=${nowUs} />` : html`<p class="wb-empty">${noTurns(view)}</p>`}
  <//>`;
}

/** What the actor says; read out only when one goes there, for it may be much. */
function Log({ rows, nowUs }) {
  if (!rows.length) return null;
  return html`<${Section} title="Log">
    <div class="wb-log" role="log" aria-live="off">${rows.map((row) => html`<div class="wb-said">
      <span class="wb-muted">${age(row.atUs, nowUs)}</span><${Name} text=${row.action} />
      <span class="wb-value ${row.mark && row.mark !== "debug" ? "wb-tone-bad" : ""}">${row.mark ? `${row.mark}: ` : ""}${printable(row.text)}</span>
    </div>`)}</div>
  <//>`;
}

const noTurns = (view) =>
  view.turns || view.revision ? "None of its turns is among the last of the system; its history has them." : "No turns yet.";

export const TurnTable = ({ rows, nowUs }) => html`<div class="wb-scroll" role="region" aria-label="Last turns" tabindex="0"><table class="wb-table wb-turns" aria-label="Last turns, the newest first">
  <thead><tr>
    <th scope="col" class="wb-num wb-optional">turn</th><th scope="col">action</th><th scope="col">outcome</th>
    <th scope="col" class="wb-num">took</th><th scope="col" class="wb-num wb-optional">waited</th>
    <th scope="col" class="wb-num">revision</th><th scope="col" class="wb-num wb-optional">when</th>
  </tr></thead>
  <tbody>${rows.map((row) => html`<${TurnLine} key=${`${row.sequence}:${row.invocation}:${row.finishedUs}`} row=${row} nowUs=${nowUs} />`)}</tbody>
</table></div>`;

/** A line; where it is known what was asked and answered, a click on the action shows it, with what to type to go on. */
function TurnLine({ row, nowUs }) {
  const [isOpen, setOpen] = useState(false);
  return html`<${Line} row=${row} nowUs=${nowUs} isOpen=${isOpen} toggle=${row.call ? () => setOpen(!isOpen) : null} />
    ${isOpen ? html`<tr class="wb-opened"><td colspan="7">
      <div class="wb-value">${printable(row.call)}${row.answer ? ` → ${printable(row.answer)}` : ""}</div>
      ${row.detail ? html`<div class="wb-value wb-tone-bad">${row.detail}</div>` : null}
      <div class="wb-ways">${waysOn(row).map((code) => html`<${Command} key=${code} code=${code} />`)}</div>
    </td></tr>` : null}`;
}

/** What leads on from a turn; commands take the end of an id. */
function waysOn({ invocation, outcome }) {
  const id = invocation.slice(-6);
  const failed = outcome === "ok" ? [] : [`%postmortem ${id}`, `%retry ${id}`, `%retry ${id} --fork`];
  return [`wb.cause("${id}")`, ...failed];
}

const Line = ({ row, nowUs, isOpen, toggle }) => html`<tr>
  <td class="wb-num wb-muted wb-optional">${row.sequence ? count(row.sequence) : "–"}</td>
  <td>${toggle ? html`<button class="wb-toggle" aria-expanded=${isOpen ? "true" : "false"} onClick=${toggle}><${Name} text=${row.action} /></button>` : html`<${Name} text=${row.action} />`}${row.caller ? html`<span class="wb-muted"> from ${printable(row.caller)}</span>` : null}</td>
  <td><${Outcome} row=${row} /></td>
  <td class="wb-num">${duration(row.tookUs)}</td>
  <td class="wb-num wb-muted wb-optional">${duration(row.waitedUs)}</td>
  <td class="wb-num ${row.changed ? "" : "wb-muted"}">${row.changed ? "→ " : ""}${count(row.revision)}</td>
  <td class="wb-num wb-muted wb-optional">${age(row.finishedUs, nowUs)}</td>
</tr>`;

const OUTCOMES = {
  ok: ["good", "succeeded"],
  raised: ["bad", "the action raised; the state is as it was"],
  abandoned: ["warn", "given up before it ended; the state is as it was"],
  refused: ["bad", "its result could not be kept; the state is as it was"],
  rejected: ["warn", "never ran: the call did not fit"],
  failed: ["bad", "the system could not run it"],
  defect: ["bad", "a defect of the workbench"],
};

export function Outcome({ row }) {
  const [tone, meaning] = OUTCOMES[row.outcome] ?? OUTCOMES.failed;
  return html`<span class="wb-outcome wb-tone-${tone}" title=${meaning}><${Icon} name=${row.outcome} />${row.outcome}</span>
    ${row.detail ? html`<span class="wb-detail" title=${row.detail}>${row.detail}</span>` : null}`;
}

function Footer({ view }) {
  const { dropped = 0, merged = 0 } = view.counters ?? {};
  if (!view.commands?.length) return null;
  return html`<div class="wb-footer">
    ${(view.commands ?? []).map((code) => html`<${Command} code=${code} />`)}
    <span class="wb-space" />
    ${(view.absent ?? []).map((sentence) => html`<span>${sentence}</span>`)}
    ${merged ? html`<span title="More turns were made than pictures are drawn">${plural(merged, "turn")} passed between updates</span>` : null}
    ${dropped ? html`<span class="wb-tone-warn" title="More happened than could be read">${plural(dropped, "event")} dropped</span>` : null}
  </div>`;
}
