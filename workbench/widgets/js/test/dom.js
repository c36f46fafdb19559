/**
 * As much of a browser as preact and the panels touch, so that the tests need nothing installed.  Not a DOM: no layout, no
 * styles; selectors know only tag, .class,
 * [name=value] and descendants.  The real thing is tested in Chromium.
 */

class Node {
  constructor(document) {
    this.ownerDocument = document;
    this.parentNode = null;
    this.childNodes = [];
    this.listeners = {};
  }
  get firstChild() { return this.childNodes[0] ?? null; }
  get nextSibling() {
    const siblings = this.parentNode?.childNodes ?? [];
    return siblings[siblings.indexOf(this) + 1] ?? null;
  }
  insertBefore(node, before) {
    node.remove();
    const at = before ? this.childNodes.indexOf(before) : this.childNodes.length;
    this.childNodes.splice(at, 0, node);
    node.parentNode = this;
    return node;
  }
  appendChild(node) { return this.insertBefore(node, null); }
  append(...nodes) { for (const node of nodes) this.appendChild(node); }
  removeChild(node) { node.remove(); return node; }
  remove() {
    if (this.parentNode) this.parentNode.childNodes.splice(this.parentNode.childNodes.indexOf(this), 1);
    this.parentNode = null;
  }
  contains(node) { return node === this || this.childNodes.some((child) => child.contains(node)); }
  addEventListener(type, listener) { (this.listeners[type] ??= new Set()).add(listener); }
  removeEventListener(type, listener) { this.listeners[type]?.delete(listener); }
  /** Dispatches an event that bubbles; returns it. */
  fire(type, fields = {}) {
    const event = { type, target: this, preventDefault() { this.prevented = true; }, stopPropagation() { this.stopped = true; }, ...fields };
    for (let node = this; node && !event.stopped; node = node.parentNode) {
      event.currentTarget = node;
      for (const listener of node.listeners[type] ?? []) listener.call(node, event);
    }
    return event;
  }
}

class Text extends Node {
  constructor(document, data) {
    super(document);
    this.nodeType = 3;
    this.data = data;
  }
  get textContent() { return this.data; }
}

class Element extends Node {
  constructor(document, name) {
    super(document);
    this.nodeType = 1;
    this.localName = name;
    this.attributes = {};
    this.style = { setProperty() {} };
    this.tabIndex = -1;
    // Where the browser has a property, preact sets that; these decide the names of events too.
    Object.assign(this, { onclick: null, oninput: null, onkeydown: null, onmouseenter: null, onmouseleave: null });
    if (name === "input") this.value = "";
  }
  setAttribute(name, value) { this.attributes[name] = String(value); }
  getAttribute(name) { return this.attributes[name] ?? null; }
  removeAttribute(name) { delete this.attributes[name]; }
  get textContent() { return this.childNodes.map((child) => child.textContent).join(""); }
  set textContent(text) {
    this.childNodes = [];
    this.append(new Text(this.ownerDocument, text));
  }
  focus() { this.ownerDocument.activeElement = this; }
  blur() { this.ownerDocument.activeElement = null; }
  matches(selector) {
    const [, tag, rest] = /^([\w-]*)(.*)$/.exec(selector);
    if (tag && tag !== this.localName) return false;
    return [...rest.matchAll(/\.([\w-]+)|\[([\w-]+)="?([^"\]]*)"?\]/g)].every(([, wanted, name, value]) =>
      wanted ? (this.attributes.class ?? "").split(/\s+/).includes(wanted) : this.attributes[name] === value);
  }
  closest(selector) { return this.matches(selector) ? this : this.parentNode?.closest?.(selector) ?? null; }
  querySelectorAll(selector) {
    const [outer, ...inner] = selector.split(" ");
    if (inner.length) return [...new Set(this.querySelectorAll(outer).flatMap((node) => node.querySelectorAll(inner.join(" "))))];
    return this.childNodes.flatMap((child) =>
      child.nodeType !== 1 ? [] : [...(child.matches(selector) ? [child] : []), ...child.querySelectorAll(selector)]);
  }
  querySelector(selector) { return this.querySelectorAll(selector)[0] ?? null; }
}

export class Document extends Node {
  constructor() {
    super(null);
    this.nodeType = 9;
    this.hidden = false;
    this.activeElement = null;
  }
  createElement(name) { return new Element(this, name); }
  createElementNS(_, name) { return new Element(this, name); }
  createTextNode(data) { return new Text(this, data); }
}

/** Makes `document` global for preact; returns an element to draw into. */
export function setUp() {
  globalThis.document = new Document();
  globalThis.IntersectionObserver = FakeObserver;
  return globalThis.document.createElement("div");
}

export class FakeObserver {
  constructor(callback) {
    this.callback = callback;
    FakeObserver.last = this;
  }
  observe(element) { this.element = element; }
  disconnect() { this.element = null; }
  see(isIntersecting) { this.callback([{ isIntersecting }]); }
}
