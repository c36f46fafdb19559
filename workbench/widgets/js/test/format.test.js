import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../format.js";
import { wordingCases } from "./fakes.js";

for (const [name, cases] of Object.entries(wordingCases())) {
  for (const [given, expected] of cases) {
    test(`${name}(${JSON.stringify(given)}) is ${JSON.stringify(expected)}, as in Python`, () => {
      assert.equal(format[name](...[].concat(given)), expected);
    });
  }
}

test("what is still running counts in tenths of a second", () => {
  assert.deepEqual([120_000, 59_949_000, 61_000_000, -5].map(format.elapsed), ["0.1 s", "59.9 s", "1 min 1 s", "0.0 s"]);
});

test("control and direction characters become visible", () => {
  assert.equal(format.printable("a\u001b[31m\u202eb"), "a\\u001b[31m\\u202eb");
});

test("today needs no date", () => {
  const now = Date.now() * 1_000;

  assert.ok(format.clockTime(now, now).length < format.clockTime(now - 3 * 86_400_000_000, now).length);
});
