import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { render } from "preact";
import { act } from "preact/test-utils";
import { App } from "../app.js";
import { html } from "../html.js";
import { setUp } from "./dom.js";
import { linked, sample } from "./fakes.js";

let root, link, model;

beforeEach(() => {
  root = setUp();
});

afterEach(() => {
  act(() => render(null, root));
  link?.close();
});

function show(view) {
  ({ link, model } = linked(view));
  act(() => render(html`<${App} link=${link} />`, root));
}

const texts = (selector) => root.querySelectorAll(selector).map((node) => node.textContent.replace(/\s+/g, " ").trim());
const inputs = () => root.querySelectorAll(".wb-field input");
const type = (input, value) => act(() => input.fire("input", { target: { value } }));
const submit = () => act(() => root.querySelector("form").fire("submit"));

test("every parameter has a field with its type and default", () => {
  show(sample("form"));

  assert.deepEqual(texts(".wb-field .wb-name"), ["value", "note", "twice"]);
  assert.deepEqual(inputs().map((input) => input.placeholder ?? input.getAttribute("placeholder")).slice(0, 2), ["int", "str, else 'x'"]);
});

test("the limit of an action is said, where it has one", () => {
  show(sample("form"));
  assert.ok(!texts(".wb-form .wb-muted").some((each) => each.includes("is ended")));

  act(() => render(null, root));
  link.close();
  show({ ...sample("form"), limit: "5s" });
  assert.ok(texts(".wb-form .wb-muted").includes("A call that takes longer than 5s is ended."));
});

test("what is typed into a secret's field is not shown", () => {
  show({ ...sample("form"), fields: [{ name: "user", type: "str", required: true }, { name: "password", type: "str", required: true, is_secret: true }] });

  assert.deepEqual(inputs().map((input) => input.type ?? input.getAttribute("type")), ["text", "password"]);
  type(inputs()[1], "abc");
  submit();
  assert.equal(model.wishes.at(-1).data["field password"], "abc");
});

test("a call of a held actor is said to wait, with what lets it go on", () => {
  const held = "counter is held: a message to it waits; %step counter processes the next one, %release counter all of them.";
  const [call] = sample("form").calls;
  show({ ...sample("form"), held, running: { since_us: 1_700_000_000_000_000 }, calls: [{ ...call, outcome: undefined }] });

  assert.ok(texts(".wb-form .wb-tone-warn").includes(held));
  assert.match(texts(".wb-running")[0], /^waiting /);
  assert.deepEqual(texts(".wb-calls div"), ["… waiting"]);
});

test("what was typed is sent, and flags as they stand", () => {
  show(sample("form"));
  type(inputs()[0], "5");
  submit();

  assert.deepEqual(model.wishes.at(-1).data, { "field value": "5", "field note": "", "field twice": false });
});

test("Enter in a field sends what was typed, once, and stays in the form", () => {
  show(sample("form"));
  type(inputs()[0], "5");
  let event;
  act(() => { event = inputs()[0].fire("keydown", { key: "Enter" }); });

  assert.deepEqual(model.wishes.map((wish) => wish.type), ["call"]);
  assert.deepEqual([event.prevented, event.stopped], [true, true]);
});

test("Enter sends nothing while a call runs, nor while a character is being composed", () => {
  show(sample("form"));
  act(() => inputs()[0].fire("keydown", { key: "Enter", isComposing: true }));
  const composing = model.wishes.length;
  show({ ...sample("form"), running: { since_us: 1_700_000_000_000_000 } });
  act(() => inputs()[0].fire("keydown", { key: "Enter" }));

  assert.deepEqual([composing, model.wishes.length], [0, 0]);
});

test("while a call runs no second one can be sent", () => {
  show({ ...sample("form"), running: { since_us: 1_700_000_000_000_000 } });

  const button = root.querySelector("button.wb-button");
  assert.equal(Boolean(button.disabled ?? button.getAttribute("disabled")), true);
});

test("another action can be chosen", () => {
  show(sample("form"));
  act(() => root.querySelector("select").fire("change", { target: { value: "reset" } }));

  assert.deepEqual(model.wishes.at(-1), { id: 1, type: "choose", data: { action: "reset" } });
});

test("calls are listed as code with what came of them", () => {
  show(sample("form"));

  assert.deepEqual(texts(".wb-calls .wb-command"), [
    'wb.invoke(\'counter\', \'add\', {\'value\': 0})', "%invoke counter add value=0",
    'wb.invoke(\'counter\', \'add\', {\'value\': 5})', "%invoke counter add value=5",
  ]);
  assert.deepEqual(texts(".wb-calls li > div").length ? texts(".wb-calls div") : texts(".wb-calls div"), [
    "✗ ZeroDivisionError: division by zero · 850 µs", "→ {total: 5} · 1.2 ms",
  ]);
});

test("why it was no message is said", () => {
  show({ ...sample("form"), rejected: "value: expected int, found 'x'." });

  assert.match(root.textContent, /value: expected int/);
});

test("a parameter of few values is chosen from them", () => {
  const fields = [
    { name: "colour", type: "Literal['red', 'blue']", required: true, choices: ["'red'", "'blue'"] },
    { name: "mode", type: "Literal['fast', 'slow']", default: "'fast'", choices: ["'fast'", "'slow'"] },
  ];
  show({ ...sample("form"), fields });
  const [colour] = root.querySelectorAll(".wb-field select");

  assert.deepEqual(texts(".wb-field option"), ["choose one", "'red'", "'blue'", "default: 'fast'", "'fast'", "'slow'"]);
  act(() => colour.fire("change", { target: { value: "'blue'" } }));
  submit();
  assert.deepEqual(model.wishes.at(-1).data, { "field colour": "'blue'", "field mode": "" });
});
