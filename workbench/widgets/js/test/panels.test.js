import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { render } from "preact";
import { act } from "preact/test-utils";
import { App } from "../app.js";
import { html } from "../html.js";
import { inOrder, inSight } from "../system_panel.js";
import { setUp } from "./dom.js";
import { linked, sample } from "./fakes.js";

let root, link, model, time;

beforeEach(() => {
  root = setUp();
});

afterEach(() => {
  act(() => render(null, root));
  link?.close();
});

function show(view) {
  ({ link, model, time } = linked(view));
  act(() => render(html`<${App} link=${link} />`, root));
}

const change = (view) => act(() => model.put(view));
const text = (selector) => root.querySelector(selector)?.textContent.replace(/\s+/g, " ").trim();
const texts = (selector) => root.querySelectorAll(selector).map((node) => node.textContent.replace(/\s+/g, " ").trim());

test("an actor's panel shows who it is, its mailbox and what runs", () => {
  show(sample("actor"));

  assert.equal(text("h3"), "counter");
  assert.deepEqual(texts(".wb-facts span"), ["named", "revision 12", "definition 9f3c2ab1"]);
  assert.equal(text('[data-wb="depth"]'), "7");
  assert.equal(text('[data-wb="elapsed"]'), "1.2 s");
  assert.deepEqual(texts(".wb-queue li"), ["addfrom front 0.9 s", "announce0.4 s", "… 5 more"]);
});

test("state fields that changed are marked with what they were", () => {
  show(sample("actor"));

  assert.deepEqual(texts(".wb-changed .wb-key"), ["total", "recent", "note"]);
  assert.deepEqual(texts(".wb-changed .wb-was"), ["was 4", "was 2 items", "new"]);
});

test("the snapshot stands beside what memory has, with what comes next", () => {
  show(sample("actor"));

  assert.equal(text('[data-wb="stored"]'), "revision 10, 214 B, written 12 s ago");
  assert.equal(text('[data-wb="ahead"]'), "memory is 2 revisions ahead, 1.53 kB: a kill now goes back to revision 10");
  assert.deepEqual(texts(".wb-changes li"), ["total: 4 → 5", "recent[2]: new 5"]);
  assert.equal(text('[data-wb="due"]'), "next snapshot in 3.0 s");
});

test("an actor that memory and store agree on says when it leaves", () => {
  show({ ...sample("actor"), stored: { revision: 12, written_us: 1_700_000_000_000_000, size_bytes: 80, leaves_us: 1_700_000_009_000_000 } });

  assert.equal(text('[data-wb="ahead"]'), undefined);
  assert.equal(text('[data-wb="leaves"]'), "leaves memory in 9.0 s unless it is called");
});

test("failures are told apart in the last turns", () => {
  show(sample("actor"));

  assert.deepEqual(texts(".wb-outcome"), ["ok", "abandoned", "raised", "ok"]);
  assert.deepEqual(texts(".wb-detail"), ["The turn was given up after 5 s.", "KeyError: 'missing'"]);
});

test("a turn opens to what was asked and answered, and how to go on from it", () => {
  const view = sample("actor");
  const failed = ["7", "8"].map((end, i) => [50 + i, "add", i ? "ok" : "raised", i ? "" : "ValueError: no", 9, 9, 4, true, 1, "", `0190-abcdef12345${end}`, "add(value=5)", i ? "15" : ""]);
  show({ ...view, recent: failed });
  const actions = root.querySelectorAll(".wb-turns .wb-toggle");
  act(() => actions[0].fire("click"));
  act(() => actions[1].fire("click"));

  assert.deepEqual(texts(".wb-opened .wb-value"), ["add(value=5)", "ValueError: no", "add(value=5) → 15"]);
  assert.deepEqual(texts(".wb-opened .wb-command"), ['wb.cause("123457")', "%postmortem 123457", "%retry 123457", "%retry 123457 --fork", 'wb.cause("123458")']);
});

test("what the picture leaves out is counted", () => {
  show(sample("actor"));

  assert.match(text(".wb-footer"), /1,200 turns passed between updates3 events dropped$/);
});

test("a hostile name and value stay text", () => {
  const name = '<img src=x onerror="alert(1)">\u202e';
  show({ ...sample("actor"), name, state: { kind: "map", items: [["k", { kind: "text", text: "<b>x</b>" }]] } });

  assert.equal(text("h3"), '<img src=x onerror="alert(1)">\\u202e');
  assert.deepEqual([root.querySelectorAll("img").length, root.querySelectorAll("b").length > 0], [0, true]);
  assert.equal(text(".wb-text"), "<b>x</b>");
});

test("a nested value opens and closes", () => {
  show(sample("actor"));
  const toggle = root.querySelectorAll("button.wb-toggle").find((button) => button.textContent === "recent");
  act(() => toggle.fire("click"));

  assert.equal(toggle.getAttribute("aria-expanded"), "true");
  assert.deepEqual(texts(".wb-items .wb-items .wb-value").slice(-3), ["1", "2", "5"]);
});

test("a problem is a banner over the last picture", () => {
  show({ ...sample("actor"), problem: { kind: "store", title: "The store cannot be written", text: "disk full\n7 turns wait" } });

  assert.equal(text(".wb-banner"), "The store cannot be writtendisk full7 turns wait");
  assert.equal(text("h3"), "counter");
});

test("silence is shown as such", () => {
  show(sample("actor"));
  time.pass(7_000);
  act(() => link.changed());

  assert.match(text(".wb-banner"), /^No news from the kernel/);
  assert.equal(text(".wb-live"), "no news");
});

test("a click that waits behind a busy cell says so", () => {
  show(sample("system"));
  act(() => root.querySelector(".wb-link").fire("click"));
  act(() => time.pass(301));

  assert.equal(text(".wb-live"), "queued until the cell ends");
});

test("the system's panel lists actors, the hostile one as text", () => {
  show(sample("system"));

  assert.deepEqual(texts(".wb-facts span"), ["4,046 active", "3 waiting", "2,468 turns · 57/s", "8 not on disk yet"]);
  assert.deepEqual(texts(".wb-link").slice(1), ["N14228", "archive", "counter", "plane"]);
  assert.match(texts(".wb-link")[0], /^<img src=x/);
});

test("a click on an actor asks for it by its exact name", () => {
  show(sample("system"));
  act(() => root.querySelector(".wb-link").fire("click"));

  assert.deepEqual(model.wishes.map((w) => [w.type, w.data.actor]), [["open", sample("system").rows[0][0]]]);
});

test("a column head sorts, and says by what the list is sorted", () => {
  show({ ...sample("system"), query: { sort: "turns", descending: true } });
  const head = root.querySelectorAll("th").find((th) => th.getAttribute("aria-sort") === "descending");
  act(() => head.querySelector("button").fire("click"));

  assert.deepEqual(model.wishes.map((w) => w.data), [{ by: "turns" }]);
});

test("search is sent when the typing pauses", async () => {
  show(sample("system"));
  const input = root.querySelector(".wb-search");
  input.value = "N1";
  act(() => input.fire("input"));
  await new Promise((done) => setTimeout(done, 200));

  assert.deepEqual(model.wishes.map((w) => [w.type, w.data.text]), [["search", "N1"]]);
});

test("a window says how many more there are and asks for them", () => {
  show({ ...sample("system"), matching: 2_005 });
  act(() => root.querySelector(".wb-button").fire("click"));

  assert.match(root.textContent, /2,000 more actors/);
  assert.equal(model.wishes[0].type, "more");
});

test("arrows move in the list, and it is one stop for Tab", () => {
  show(sample("system"));
  const buttons = root.querySelectorAll(".wb-link");
  const event = buttons[0].fire("keydown", { key: "ArrowDown" });

  assert.equal(globalThis.document.activeElement, buttons[1]);
  assert.ok(event.prevented);
  assert.deepEqual(buttons.map((button) => button.tabIndex), [-1, 0, -1, -1, -1]);
});

test("the focus goes to the way back and returns to the actor's line", () => {
  show(sample("system"));
  act(() => root.querySelectorAll(".wb-link")[3].fire("click"));
  change({ ...sample("actor"), back: true });
  assert.equal(globalThis.document.activeElement.textContent, "‹ All actors");

  act(() => globalThis.document.activeElement.fire("keydown", { key: "Escape" }));
  change(sample("system"));

  assert.deepEqual(model.wishes.map((w) => w.type), ["open", "back"]);
  assert.equal(globalThis.document.activeElement.textContent, "counter");
});

test("JupyterLab's shortcuts are kept out", () => {
  show(sample("system"));

  assert.equal(root.querySelector(".wb").getAttribute("data-lm-suppress-shortcuts"), "true");
});

test("rows keep their places while the mouse is over them", () => {
  const rows = ["c", "a", "b", "new"].map((name) => ({ name }));

  assert.deepEqual(inOrder(rows, ["a", "b", "c"]).map((row) => row.name), ["a", "b", "c", "new"]);
});

test("a panel of a later version says that it waits instead of failing", () => {
  show({ panel: "galaxy" });

  assert.match(root.textContent, /Waiting for the first picture/);
});

test("what an actor said is shown with its marks", () => {
  show(sample("actor"));

  assert.deepEqual(texts(".wb-said .wb-value"), ["adding 5", "warning: low on ink"]);
  assert.equal(root.querySelector(".wb-log").getAttribute("aria-live"), "off");
});

test("tables and what scrolls have names, and the keyboard reaches them", () => {
  show(sample("actor"));
  const scrolls = root.querySelectorAll(".wb-scroll");

  assert.deepEqual(scrolls.map((node) => [node.getAttribute("role"), node.getAttribute("aria-label"), String(node.getAttribute("tabindex"))]),
    [["region", "Last turns", "0"]]);
  assert.equal(root.querySelector("table").getAttribute("aria-label"), "Last turns, the newest first");
});

test("of many rows those in sight are drawn, with room for the others", () => {
  const { from, to, above, below } = inSight(1_503, { top: 20_000, height: 600, rowHeight: 25 });

  assert.ok(from <= 800 - 30 + 1 && to >= 824 && to - from < 100);
  assert.deepEqual([above, below], [from * 25, (1_503 - to) * 25]);
});

test("few rows, and rows of unknown height, are all drawn", () => {
  assert.deepEqual(inSight(200, { top: 0, height: 100, rowHeight: 25 }), { from: 0, to: 200, above: 0, below: 0 });
  assert.deepEqual(inSight(1_503, { top: 0, height: 0, rowHeight: 0 }), { from: 0, to: 1_503, above: 0, below: 0 });
});

test("the topology draws a box for each actor and a line for each connection", () => {
  show(sample("topology"));

  assert.equal(root.querySelectorAll(".wb-box").length, 5);
  assert.equal(root.querySelectorAll(".wb-edge").length, 6);
  assert.deepEqual(texts(".wb-box.wb-tone-bad .wb-box-note"), ["300 calls · 7 failed"]);
});

test("a click on a connection asks for its messages, by picture and by list", () => {
  show(sample("topology"));
  act(() => root.querySelector(".wb-edge").fire("click"));
  act(() => root.querySelectorAll(".wb-connections button")[1].fire("click"));

  assert.deepEqual(model.wishes.map(({ type, data }) => [type, data.source, data.target]), [
    ["edge", "notebook", "shop"],
    ["edge", "shop", "stock"],
  ]);
});

test("the messages of the chosen connection stand below", () => {
  show(sample("topology"));

  assert.equal(texts(".wb-turns tbody tr").length, 2);
  assert.equal(texts('.wb-connections [aria-expanded="true"]').length, 1);
});

test("a click on a box opens its actor, but not what is outside", () => {
  show(sample("topology"));
  for (const box of root.querySelectorAll(".wb-box")) act(() => box.fire("click"));

  assert.equal(model.wishes.filter(({ type }) => type === "open").length, 4);
});

test("a tab asks for the other way to look at a system", () => {
  show(sample("system"));
  act(() => root.querySelector('.wb-tab[aria-pressed="false"]').fire("click"));

  assert.deepEqual(model.wishes.map(({ type, data }) => [type, data.what]), [["show", "topology"]]);
});

test("the timeline shows a revision, what made it and what it changed", () => {
  show(sample("timeline"));

  assert.equal(text('[data-wb="at"]'), "11");
  assert.match(text(".wb-made"), /^add\(\) from front ok/);
  assert.match(text(".wb-made"), /new code$/);
  assert.deepEqual(texts(".wb-changes li"), ["total: 4 → 5", "recent[2]: new 5", "old: gone (was 1)"]);
});

test("the scrubber asks for the revision where it rests", async () => {
  show(sample("timeline"));
  const slider = root.querySelector('input[type="range"]');
  for (const value of ["12", "25", "30"]) {
    slider.value = value;
    act(() => slider.fire("input"));
  }
  await new Promise((resolve) => setTimeout(resolve, 120));

  assert.deepEqual(model.wishes.map(({ type, data }) => [type, data.revision]), [["at", 30]]);
});

test("steps, live and pin are asked for by buttons, and the ends have none", () => {
  show({ ...sample("timeline"), at: 40 });
  const buttons = root.querySelectorAll(".wb-scrubber .wb-button");
  act(() => buttons[0].fire("click"));
  act(() => buttons[2].fire("click"));
  act(() => root.querySelector(".wb-side .wb-button").fire("click"));

  assert.deepEqual(model.wishes.map(({ type, data }) => [type, data.by]), [["step", -1], ["live", undefined], ["pin", undefined]]);
  assert.deepEqual([buttons[0], buttons[1]].map((button) => button.getAttribute("disabled")), [null, "true"]);
});

test("keys move the scrubber, and end at the ends", async () => {
  show(sample("timeline"));
  const slider = root.querySelector('input[type="range"]');
  for (const key of ["ArrowLeft", "PageDown", "PageDown", "PageDown"]) act(() => slider.fire("keydown", { key, preventDefault() {} }));
  await new Promise((resolve) => setTimeout(resolve, 120));

  assert.deepEqual(model.wishes.map(({ type, data }) => [type, data.revision]), [["at", 3]]);
});
