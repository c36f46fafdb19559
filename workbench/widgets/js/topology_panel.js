/** Who calls whom: boxes and lines at the places that Python gives, the connections as a list, one connection's messages. */
import { useRef } from "preact/hooks";
import { TurnTable } from "./actor_panel.js";
import { count, duration, perSecond, plural, printable } from "./format.js";
import { html } from "./html.js";
import { moveInList, open } from "./keys.js";
import { Liveness, Name, Section, Tabs } from "./parts.js";
import { edgeLine, nodeBox, turnRow } from "./rows.js";

const WIDTH = 170;
const HEIGHT = 40;
const OUTSIDE = "notebook";

export function TopologyPanel({ link, nowUs, children }) {
  const { view } = link.frame;
  const edges = (view.edges ?? []).map(edgeLine);
  return html`<div class="wb-panel">
    <div class="wb-header">
      <h3><${Name} text=${view.system} /></h3>
      <${Tabs} link=${link} shown="topology" />
      <span class="wb-space" />
      <${Liveness} link=${link} />
    </div>
    ${children}
    ${edges.length ? html`<${Picture} view=${view} edges=${edges} link=${link} />` : html`<p class="wb-empty">${nothing(view)}</p>`}
    <${Hidden} view=${view} />
    ${edges.length ? html`<${Connections} view=${view} edges=${edges} link=${link} />` : null}
    ${view.chosen ? html`<${Section} title="Messages" note=${view.chosen.map(printable).join(" → ")}>
      <${TurnTable} rows=${(view.messages ?? []).map(turnRow)} nowUs=${nowUs} /><//>` : null}
  </div>`;
}

const isChosen = (view, edge) => view.chosen?.[0] === edge.source && view.chosen?.[1] === edge.target;
const choose = (link, edge) => link.ask("edge", { source: edge.source, target: edge.target });

function Picture({ view, edges, link }) {
  return html`<div class="wb-scroll wb-tall" role="region" aria-label="Picture of the calls" tabindex="0">
    <svg class="wb-topology" width=${view.width} height=${view.height} viewBox="0 0 ${view.width} ${view.height}" aria-hidden="true">
      ${edges.map((edge) => html`<${Line} key=${`${edge.source}>${edge.target}`} edge=${edge} isChosen=${isChosen(view, edge)} link=${link} />`)}
      ${(view.nodes ?? []).map(nodeBox).map((node) => html`<${Box} key=${node.name} node=${node} link=${link} />`)}
    </svg>
  </div>`;
}

/** Wide and unseen below the line that is seen, so that a mouse hits it. */
function Line({ edge, isChosen, link }) {
  const width = 1 + Math.min(3, String(edge.calls).length * 0.5);
  return html`<g class="wb-edge ${edge.failures ? "wb-tone-bad" : ""} ${isChosen ? "wb-chosen" : ""} ${edge.rate ? "wb-busy" : ""}" onClick=${() => choose(link, edge)}>
    <title>${printable(edge.source)} → ${printable(edge.target)}: ${told(edge)}</title>
    <path class="wb-hit" d=${edge.path} />
    <path class="wb-edge-line" d=${edge.path} stroke-width=${width} />
    <path class="wb-edge-head" d=${edge.head} />
  </g>`;
}

const told = (edge) =>
  [plural(edge.calls, "call"), edge.rate ? perSecond(edge.rate) : "", edge.failures ? plural(edge.failures, "failure") : "", `mean ${duration(edge.meanUs)}`]
    .filter(Boolean).join(", ");

function Box({ node, link }) {
  const isOutside = node.name === OUTSIDE;
  const note = isOutside ? "outside" : `${plural(node.calls, "call")}${node.failures ? ` · ${count(node.failures)} failed` : ""}`;
  const members = node.members ? `×${count(node.members)}` : "";
  return html`<g class="wb-box ${node.failures ? "wb-tone-bad" : ""} ${isOutside ? "wb-outside" : ""}" onClick=${isOutside ? null : () => open(link, node.name)}>
    <title>${printable(node.name)}${node.members ? `, ${plural(node.members, "child", "children")}` : ""}</title>
    <rect x=${node.x} y=${node.y} width=${WIDTH} height=${HEIGHT} rx="5" />
    <text x=${node.x + 9} y=${node.y + 17} class="wb-box-name">${shortened(printable(node.name), 21 - members.length)}</text>
    <text x=${node.x + WIDTH - 9} y=${node.y + 17} text-anchor="end">${members}</text>
    <text x=${node.x + 9} y=${node.y + 32} class="wb-box-note">${note}</text>
  </g>`;
}

const shortened = (text, limit) => (text.length <= limit ? text : `${text.slice(0, limit - 1)}…`);

/** The same as a list, for those who read it instead: a click shows a connection's messages. */
function Connections({ view, edges, link }) {
  const body = useRef(null);
  return html`<${Section} title="Connections" note=${plural(edges.length, "connection")}>
    <div class="wb-scroll wb-connections"><table class="wb-table" aria-label="Connections, those with most calls first">
      <thead><tr><th scope="col">from → to</th><th scope="col" class="wb-num">calls</th><th scope="col" class="wb-num">rate</th>
        <th scope="col" class="wb-num">failures</th><th scope="col" class="wb-num wb-optional">mean</th><th scope="col" class="wb-num wb-optional">slowest</th></tr></thead>
      <tbody ref=${body} onKeyDown=${(event) => moveInList(event, body.current)}>
        ${edges.map((edge, i) => html`<tr key=${`${edge.source}>${edge.target}`}>
          <td><button class="wb-link" tabindex=${i === 0 ? 0 : -1} aria-expanded=${isChosen(view, edge) ? "true" : "false"} onClick=${() => choose(link, edge)}>
            <${Name} text=${edge.source} /> → <${Name} text=${edge.target} /></button></td>
          <td class="wb-num">${count(edge.calls)}</td>
          <td class="wb-num wb-muted">${perSecond(edge.rate)}</td>
          <td class="wb-num ${edge.failures ? "wb-tone-bad" : "wb-muted"}">${count(edge.failures)}</td>
          <td class="wb-num wb-optional">${duration(edge.meanUs)}</td>
          <td class="wb-num wb-optional">${duration(edge.slowestUs)}</td>
        </tr>`)}
      </tbody>
    </table></div>
  <//>`;
}

function Hidden({ view }) {
  const parts = [view.hidden_nodes ? plural(view.hidden_nodes, "more actor") : "", view.hidden_edges ? plural(view.hidden_edges, "more connection") : ""].filter(Boolean);
  const dropped = view.counters?.dropped;
  if (!parts.length && !dropped) return null;
  return html`<div class="wb-toolbar wb-muted">
    ${parts.length ? html`<span>… ${parts.join(" and ")} with fewer calls</span>` : null}
    ${dropped ? html`<span>${plural(dropped, "event")} dropped: counts are of what was seen</span>` : null}
  </div>`;
}

const nothing = (view) => (view.problem ? "No calls to show." : "No calls seen yet. They appear as actors are called.");
