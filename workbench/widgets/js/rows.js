/** Rows travel as arrays, in the order of the fields of `TurnRow`, `ActorRow`, `NodeBox`, `EdgeLine`, `WaitingRow` and `LogRow` in `workbench/presenters`. */

const named = (names) => (row) => Object.fromEntries(names.map((name, i) => [name, row[i]]));

export const turnRow = named([
  "sequence", "action", "outcome", "detail", "tookUs", "waitedUs", "revision", "changed", "finishedUs", "caller",
  "invocation", "call", "answer",
]);

export const actorRow = named([
  "name", "parent", "kind", "phase", "revision", "waiting", "turns", "failures", "lastTurnUs", "oldestUs", "action",
  "actionSinceUs", "deployed",
]);

export const nodeBox = named(["name", "members", "x", "y", "calls", "failures"]);

export const edgeLine = named(["source", "target", "path", "head", "calls", "failures", "meanUs", "slowestUs", "rate"]);

export const waitingRow = named(["action", "caller", "enqueuedUs"]);

export const logRow = named(["atUs", "action", "mark", "text"]);
