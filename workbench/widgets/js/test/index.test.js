import assert from "node:assert/strict";
import { test } from "node:test";
import { act } from "preact/test-utils";
import widget from "../index.js";
import { FakeObserver, setUp } from "./dom.js";
import { FakeModel, sample } from "./fakes.js";

test("a view draws, reports that it is seen, and leaves nothing behind", () => {
  const el = setUp();
  globalThis.addEventListener ??= () => {};
  globalThis.removeEventListener ??= () => {};
  const model = new FakeModel(sample("actor"));
  let leave;
  act(() => {
    leave = widget.render({ model, el });
  });
  FakeObserver.last.see(true);
  assert.match(el.textContent, /counter/);
  act(() => leave());

  assert.deepEqual(model.sent.map((m) => m.data.state), ["visible", "gone"]);
  assert.equal(model.isListenedTo, false);
});

test("the still picture hides while a view lives, and no token can say more than that", () => {
  const styles = ["00ff", "x] {} * { display: none }"].map((token) => {
    const el = setUp();
    const leave = widget.render({ model: Object.assign(new FakeModel(sample("actor")), { token }), el });
    act(() => leave());
    return el.querySelector("style").textContent;
  });

  assert.deepEqual(styles.map((text) => text.includes("data-wb-picture")), [true, false]);
});

test("two views of one model tell themselves apart", () => {
  const model = new FakeModel(sample("actor"));
  const leaves = [0, 1].map(() => widget.render({ model, el: setUp() }));
  act(() => leaves.forEach((leave) => leave()));

  assert.equal(new Set(model.sent.map((m) => m.data.view)).size, 2);
});
