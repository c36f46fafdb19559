/** A value as a tree: names left, values right; what the last change changed is marked and, where motion is wanted, flashes. */
import { useEffect, useRef, useState } from "preact/hooks";
import { count, plural } from "./format.js";
import { html } from "./html.js";

const OPEN_AT_FIRST = 6;
const ONE_LINE = 56;
const NOUNS = { map: ["entry", "entries"], list: ["item"] };

const isContainer = (node) => node.kind === "map" || node.kind === "list";

/** The whole value; a container at the top needs no line of its own. */
export function Tree({ node }) {
  if (!isContainer(node)) return html`<div class="wb-tree"><${Leaf} node=${node} /></div>`;
  return html`<div class="wb-tree"><${Items} node=${node} depth=${0} /></div>`;
}

function Items({ node, depth }) {
  const items = node.items ?? [];
  return html`<ul class="wb-items">
    ${items.map(([name, child]) => html`<${Item} key=${name} name=${name} node=${child} depth=${depth} />`)}
    ${node.more ? html`<li class="wb-more">… ${plural(node.more, `more ${NOUNS[node.kind][0]}`, NOUNS[node.kind][1] && `more ${NOUNS[node.kind][1]}`)}</li>` : null}
    ${!items.length && !node.more ? html`<li class="wb-more">empty</li>` : null}
  </ul>`;
}

function Item({ name, node, depth }) {
  const canOpen = isContainer(node) && node.items?.length > 0;
  const short = canOpen ? oneLine(node) : "";
  const [isOpen, setOpen] = useState(canOpen && !short && depth < 1 && node.items.length <= OPEN_AT_FIRST);
  const label = html`<span class="wb-key">${name}</span>`;
  return html`<li class="wb-item ${isMarked(node, isOpen) ? "wb-changed" : ""}">
    <div class="wb-line">
      ${canOpen
        ? html`<button class="wb-toggle" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>${label}</button>`
        : html`<span class="wb-toggle wb-toggle-none">${label}</span>`}
      <span class="wb-shown"><${Leaf} node=${node} short=${isOpen ? "" : short} /></span>
    </div>
    ${isOpen ? html`<${Items} node=${node} depth=${depth + 1} />` : null}
  </li>`;
}

/** A closed container is marked for what changed inside; an open one leaves that to its items. */
const isMarked = (node, isOpen) => Boolean(node.change) || (!isOpen && hasChanges(node));
const hasChanges = (node) => (node.items ?? []).some(([, child]) => child.change || hasChanges(child));

/** A container with plain values only, if it fits on a line: `[1, 2, 3]`, `{low: 0, high: 9}`; else empty. */
export function oneLine(node) {
  const items = node.items ?? [];
  if (node.more || items.some(([, child]) => child.items?.length || child.more)) return "";
  const isMap = node.kind === "map";
  const inner = items.map(([name, child]) => (isMap ? `${name}: ${child.text}` : child.text)).join(", ");
  return inner.length > ONE_LINE ? "" : isMap ? `{${inner}}` : `[${inner}]`;
}

function Leaf({ node, short = "" }) {
  const text = short || node.text;
  const ref = useFlash(text);
  const more = node.more && !isContainer(node) && node.kind !== "bytes";
  return html`<span class="wb-value wb-${short ? "short" : node.kind}" ref=${ref}>${text}</span>
    ${more ? html`<span class="wb-more"> … ${count(node.more)} more characters</span>` : null}
    ${node.was ? html` <span class="wb-was">was ${node.was}</span>` : null}
    ${node.change === "new" ? html` <span class="wb-was">new</span>` : null}`;
}

/** Lets an element flash when `text` changes, unless the reader wants no motion. */
export function useFlash(text) {
  const ref = useRef(null);
  const before = useRef(text);
  useEffect(() => {
    if (before.current !== text && !globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches) {
      ref.current?.animate?.([{ backgroundColor: "var(--wb-flash)" }, { backgroundColor: "transparent" }], 900);
    }
    before.current = text;
  }, [text]);
  return ref;
}
