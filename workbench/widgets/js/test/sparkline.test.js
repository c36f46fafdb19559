import assert from "node:assert/strict";
import { test } from "node:test";
import { bars } from "../sparkline.js";

test("the last value stands at the right edge, scaled to the largest", () => {
  assert.deepEqual(bars({ values: [4, null, 8], until_s: 100 }, 100e6), [[57, 12], [59, 24]]);
});

test("a single waiting message is no wall of bars", () => {
  assert.deepEqual(bars({ values: [1], until_s: 100 }, 100e6), [[59, 6]]);
});

test("bars move left as time passes without a new picture", () => {
  assert.deepEqual(bars({ values: [4], until_s: 100 }, 110.5e6), [[49, 24]]);
});

test("what is older than a minute is gone", () => {
  assert.deepEqual(bars({ values: [2], until_s: 100 }, 161e6), []);
});

test("no series draws nothing", () => {
  assert.deepEqual(bars(undefined, 5), []);
});
