import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, FakeTime, linked, NOW_US } from "./fakes.js";
import { Link } from "../link.js";

test("the picture that is there at first is taken", () => {
  const { link } = linked({ panel: "actor" });

  assert.equal(link.frame.view.panel, "actor");
});

test("an older picture is ignored", () => {
  const { link, model } = linked({ n: 1 });
  model.put({ n: 5 }, { seq: 5 });
  model.put({ n: 4 }, { seq: 4 });

  assert.equal(link.frame.view.n, 5);
});

for (const text of ["", "not json", "null", "{}", '{"seq":"x","view":{}}']) {
  test(`a picture that is none is ignored: ${JSON.stringify(text)}`, () => {
    const { link, model } = linked({ n: 1 });
    model.frame = text;
    link.onFrame();

    assert.equal(link.frame.view.n, 1);
  });
}

test("a wish is sent with an id, its type and its data", () => {
  const { link, model } = linked({});
  link.ask("open", { actor: "counter" });

  assert.deepEqual(model.sent, [{ id: 1, type: "open", data: { actor: "counter" } }]);
});

test("a wish that is heard at once is not called queued", () => {
  const { link, model, time } = linked({});
  link.ask("open");
  model.say({ type: "heard", id: 1, known: true });
  time.pass(1_000);

  assert.equal(link.queued, 0);
});

test("a wish that is not heard within 300 ms is called queued until it is", () => {
  const { link, model, time } = linked({});
  link.ask("open");
  time.pass(299);
  const before = link.queued;
  time.pass(2);
  const after = link.queued;
  model.say({ type: "heard", id: 1, known: true });

  assert.deepEqual([before, after, link.queued], [0, 1, 0]);
});

test("another view's acknowledgement changes nothing", () => {
  const { link, model, time } = linked({});
  link.ask("open");
  time.pass(400);
  model.say({ type: "heard", id: 99, known: false });

  assert.deepEqual([link.queued, link.unknown], [1, ""]);
});

test("a wish that nobody knows is said until the next one", () => {
  const { link, model } = linked({});
  link.ask("launch");
  model.say({ type: "heard", id: 1, known: false });
  const said = link.unknown;
  link.ask("back");

  assert.match(said, /Nothing is connected/);
  assert.equal(link.unknown, "");
});

test("silence for six seconds is stale, and a sign of life ends it", () => {
  const { link, model, time } = linked({});
  time.pass(6_001);
  const wasStale = link.isStale();
  model.say({ type: "beat", now: NOW_US });

  assert.deepEqual([wasStale, link.isStale()], [true, false]);
});

test("the kernel's time runs on between messages and stands still when stale", () => {
  const { link, time } = linked({});
  time.pass(2_000);
  const running = link.nowUs() - NOW_US;
  time.pass(60_000);

  assert.deepEqual([running, link.nowUs() - NOW_US], [2_000_000, 0]);
});

test("a view out of sight is never stale, and one that comes back is given its time", () => {
  const { link, time } = linked({});
  link.see(false);
  time.pass(60_000);
  const outOfSight = link.isStale();
  link.see(true);
  const atOnce = link.isStale();
  time.pass(6_001);

  assert.deepEqual([outOfSight, atOnce, link.isStale()], [false, false, true]);
});

test("listeners hear of every change until they leave", () => {
  const { link, model } = linked({});
  let heard = 0;
  const leave = link.subscribe(() => heard++);
  model.put({ n: 2 });
  leave();
  model.put({ n: 3 });

  assert.equal(heard, 1);
});

test("a closed link leaves no listener and no timer", () => {
  const model = new FakeModel({});
  const time = new FakeTime();
  const link = new Link(model, time);
  link.ask("open");
  link.close();

  assert.deepEqual([model.isListenedTo, time.timers.size], [false, 0]);
});

test("a kernel that is gone makes no error", () => {
  const { link, model } = linked(null);
  model.send = () => { throw new Error("Cannot send"); };

  link.tell("visible", { view: "v", state: "hidden" });
  link.ask("back");

  assert.equal(link.pending.size, 1);
  link.close();
});
