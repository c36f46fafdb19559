import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { reportVisibility } from "../visibility.js";
import { Document, FakeObserver } from "./dom.js";

let document, window, said, leave;

beforeEach(() => {
  document = new Document();
  window = Object.assign(new Document(), { IntersectionObserver: FakeObserver });
  said = [];
  leave = reportVisibility({}, (state) => said.push(state), { document, window });
});

test("a view says once that it is seen, and once that it is not", () => {
  for (const seen of [true, true, false, false, true]) FakeObserver.last.see(seen);

  assert.deepEqual(said, ["visible", "hidden", "visible"]);
});

test("a browser tab in the background hides what is on the screen", () => {
  FakeObserver.last.see(true);
  document.hidden = true;
  document.fire("visibilitychange");

  assert.deepEqual(said, ["visible", "hidden"]);
});

test("a page that is left is hidden, because it may come back", () => {
  FakeObserver.last.see(true);
  window.fire("pagehide");

  assert.deepEqual(said, ["visible", "hidden"]);
});

test("a removed view is gone and listens no more", () => {
  FakeObserver.last.see(true);
  leave();
  document.fire("visibilitychange");

  assert.deepEqual(said, ["visible", "gone"]);
  assert.equal(FakeObserver.last.element, null);
});
