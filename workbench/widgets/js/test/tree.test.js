import assert from "node:assert/strict";
import { test } from "node:test";
import { oneLine } from "../tree.js";

const number = (text) => ({ kind: "number", text });

test("a short list of plain values fits on its line", () => {
  assert.equal(oneLine({ kind: "list", items: [["0", number("1")], ["1", number("2")]] }), "[1, 2]");
});

test("a short map says its names", () => {
  assert.equal(oneLine({ kind: "map", items: [["low", number("0")]] }), "{low: 0}");
});

test("what is nested, long or cut is not put on a line", () => {
  const nested = { kind: "list", items: [["0", { kind: "list", items: [["0", number("1")]] }]] };
  const long = { kind: "list", items: [["0", { kind: "text", text: "x".repeat(80) }]] };
  const cut = { kind: "list", items: [["0", number("1")]], more: 5 };

  assert.deepEqual([nested, long, cut].map(oneLine), ["", "", ""]);
});
