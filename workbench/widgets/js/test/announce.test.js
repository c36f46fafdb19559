import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcer, summary } from "../announce.js";
import { linked, sample } from "./fakes.js";

test("what needs attention is said, most urgent first", () => {
  const { link, time } = linked({ ...sample("actor"), problem: { kind: "stopped", title: "The actor system is stopped" } });
  const problem = summary(link.frame, link);
  time.pass(7_000);

  assert.deepEqual([problem, summary(link.frame, link)], ["The actor system is stopped", "No news from the kernel."]);
});

test("an ordinary change is not worth interrupting for", () => {
  const { link } = linked({ ...sample("actor"), failures: 0 });

  assert.equal(summary(link.frame, link), "");
});

test("at most one announcement in five seconds, then the latest", () => {
  let now = 0;
  const announcer = new Announcer(() => now);
  const said = [];
  for (const [at, text] of [[0, "1"], [1_000, "2"], [2_000, "3"], [5_000, "3"]]) {
    now = at;
    said.push(announcer.next(text));
  }

  assert.deepEqual(said, ["1", "1", "1", "3"]);
});
