"""The tables, as DuckDB sees them.  Column comments are in the database too: `SELECT * FROM duckdb_columns()`.

`journal.turns` gives every committed turn once, straight from columns in memory; what users query are views over it.  Times are
TIMESTAMP WITH TIME ZONE, in UTC, to the microsecond.  What is absent (no caller, no key, no failure) is NULL.

| table | a row is |
|---|---|
| `actors` | an actor: what is known of it now and how many turns of it are recorded |
| `states` | an actor's current state: as of its last recorded turn, or as it is where no recorded turn made it |
| `revisions` | a changed state |
| `invocations` | a finished turn, successful or not |
| `failures` | a failed turn |
| `lifecycle` | an activation, deactivation, deployment or undeployment |
| `definitions` | a version of an actor's code |
| `audit` | something that this notebook did to an actor system, whichever it was, or was refused |
| `columns` | a column of a view in the `history` schemas, and the state field behind it |

`states_at(moment)` has the columns of `states` but for `kind`, as they were then: `FROM states_at(now() - INTERVAL 1 HOUR)`.
"""

from __future__ import annotations

_TIME = "TIMESTAMP WITH TIME ZONE"

TABLES = f"""
CREATE SCHEMA journal;
CREATE TABLE journal.actors_now (
    system VARCHAR, actor VARCHAR, parent VARCHAR, kind VARCHAR, phase VARCHAR, revision BIGINT, definition VARCHAR,
    is_deployed BOOLEAN, waiting BIGINT, oldest_waiting_at {_TIME}, last_turn_at {_TIME}
);
CREATE TABLE journal.states_now (
    system VARCHAR, actor VARCHAR, parent VARCHAR, kind VARCHAR, revision BIGINT, "at" {_TIME}, definition VARCHAR, state JSON
);
CREATE TABLE lifecycle ("at" {_TIME}, actor VARCHAR, event VARCHAR, revision BIGINT, definition VARCHAR, system VARCHAR);
CREATE TABLE definitions (
    actor VARCHAR, definition VARCHAR, deployed_at {_TIME}, source VARCHAR, settings JSON,
    fields MAP(VARCHAR, VARCHAR), actions MAP(VARCHAR, VARCHAR)
);
CREATE TABLE audit (
    "at" {_TIME}, who VARCHAR, notebook VARCHAR, target VARCHAR, system VARCHAR, mode VARCHAR, act VARCHAR, actor VARCHAR,
    action VARCHAR, reason VARCHAR, outcome VARCHAR, error VARCHAR, ended_at {_TIME}, payload_bytes BIGINT,
    payload_hash VARCHAR, id VARCHAR, calls BIGINT
);
CREATE TABLE columns (view VARCHAR, name VARCHAR, type VARCHAR, actor VARCHAR, field VARCHAR, system VARCHAR);
"""

TURNS = """
CREATE VIEW journal.turns AS SELECT * REPLACE (
    coalesce(TRY_CAST(payload AS JSON), to_json(payload)) AS payload,
    coalesce(TRY_CAST(response AS JSON), to_json(response)) AS response,
    coalesce(TRY_CAST(state AS JSON), to_json(state)) AS state
) FROM "journal columns";
"""
"""Every committed turn, as each connection has them (`ingest.TURNS`); text that is no JSON after all is a JSON string."""

VIEWS = """
CREATE VIEW invocations AS SELECT
    id, actor, parent, action, caller, cause, correlation, key, payload, response, error_code, error_type, error,
    revision_before, revision, enqueued_at, started_at, finished_at,
    (epoch_us(started_at) - epoch_us(enqueued_at)) / 1000 AS wait_ms,
    (epoch_us(finished_at) - epoch_us(started_at)) / 1000 AS run_ms,
    metadata, definition, caller_system, system, sequence
FROM journal.turns;

CREATE VIEW revisions AS SELECT
    actor, parent, revision, finished_at AS "at", id AS cause, action, definition, state, tags, system, sequence
FROM journal.turns WHERE revision > revision_before;

CREATE VIEW failures AS SELECT
    finished_at AS "at", id, actor, parent, action, coalesce(error_type, error_code) AS type, error AS text, trace,
    error_code AS code, caller, cause, correlation, key, payload, revision, definition, system, sequence
FROM journal.turns WHERE error_code IS NOT NULL;

CREATE VIEW states AS
WITH last AS (
    SELECT system, actor,
        arg_max({p: parent, r: revision, t: finished_at, c: id, d: definition, s: state}, sequence)
            FILTER (revision > revision_before) AS it,
        arg_max(tags, sequence) AS tags
    FROM journal.turns GROUP BY ALL
)
SELECT last.actor, it.p AS parent, settings->>'kind' AS kind, it.r AS revision, it.t AS "at", it.c AS cause, it.d AS definition,
    tags, it.s AS state, system
FROM last LEFT JOIN definitions ON definitions.definition = it.d AND definitions.actor = it.p
WHERE it IS NOT NULL AND (system, last.actor) NOT IN (SELECT (system, actor) FROM journal.states_now)
UNION ALL
SELECT actor, parent, kind, revision, "at", NULL, definition, NULL, state, system FROM journal.states_now;

CREATE VIEW actors AS
WITH recorded AS (
    SELECT system, actor, arg_max(parent, sequence) AS parent, max(revision) AS revision,
        count(*) AS turns, count(error_code) AS failures,
        min(started_at) AS first_at, max(finished_at) AS last_at, arg_max(definition, sequence) AS definition
    FROM journal.turns GROUP BY system, actor
)
SELECT actor, coalesce(now.parent, recorded.parent) AS parent, kind, phase,
    greatest(now.revision, recorded.revision) AS revision, coalesce(now.definition, recorded.definition) AS definition,
    is_deployed, coalesce(turns, 0) AS turns, coalesce(failures, 0) AS failures, first_at, last_at,
    waiting, oldest_waiting_at, system
FROM journal.actors_now AS now FULL JOIN recorded USING (system, actor);

CREATE MACRO journal.duration(iso) AS
CASE WHEN regexp_full_match(iso, '-?P(\\d+D)?(T\\d+(\\.\\d+)?S)?') THEN
    (CASE WHEN starts_with(iso, '-') THEN -1 ELSE 1 END) * (
        to_days(coalesce(TRY_CAST(regexp_extract(iso, '(\\d+)D', 1) AS INTEGER), 0)) + to_microseconds(
            coalesce(CAST(1000000 * TRY_CAST(regexp_extract(iso, 'T([\\d.]+)S', 1) AS DECIMAL(12, 6)) AS BIGINT), 0)
        )
    ) END;

CREATE MACRO states_at(moment) AS TABLE
SELECT actor, arg_max(parent, sequence) AS parent, max(revision) AS revision, arg_max(finished_at, sequence) AS "at",
    arg_max(id, sequence) AS cause, arg_max(definition, sequence) AS definition, arg_max(state, sequence) AS state,
    arg_max(tags, sequence) AS tags, system
FROM journal.turns WHERE revision > revision_before AND finished_at <= moment GROUP BY system, actor;
"""

NAMES = ("actors", "states", "revisions", "invocations", "failures", "lifecycle", "definitions", "audit", "columns")

NOTES = {
    "actors.parent": "template of a child; the actor's own name otherwise",
    "actors.kind": "named, unnamed, pooled, task or projection; NULL if the system does not say",
    "actors.phase": "passive, loading, ready, running, held, suspended, stopping or template; NULL if the system does not say",
    "actors.is_deployed": "its code is loaded",
    "actors.turns": "recorded turns, failed ones included",
    "actors.failures": "recorded turns that failed",
    "actors.waiting": "messages in the mailbox now",
    "states.cause": "id of the invocation that made this revision; NULL where no recorded turn did",
    "states.state": "JSON; a protobuf state that cannot be decoded here is its type URL and base64",
    "revisions.revision": "1 for the first changed state, one more for each",
    "revisions.cause": "id of the invocation that made it",
    "revisions.definition": "hash of the code that ran; see definitions",
    "invocations.caller": "the actor that called; NULL from outside",
    "invocations.cause": "id of the invocation during which this one was sent; NULL from outside",
    "invocations.correlation": "id of the first invocation of the chain",
    "invocations.key": "idempotency key",
    "invocations.error_code": "stable code of the error; NULL for success",
    "invocations.error_type": "class of the exception that the action raised",
    "invocations.revision": "revision_before, or one more when the state changed",
    "invocations.wait_ms": "milliseconds in the mailbox",
    "invocations.run_ms": "milliseconds of the turn itself",
    "invocations.sequence": "position in the journal's total order",
    "failures.type": "class of the exception, or the error's code where no action raised",
    "failures.trace": "traceback through the user's code",
    "lifecycle.event": "activated, deactivated, deployed or undeployed",
    "definitions.definition": "hash over source, settings and used globals",
    "audit.who": "user@host",
    "audit.target": "address of the system, or the store of one's own",
    "audit.mode": "look, act, or NULL for one's own system",
    "audit.act": "attach, detach, invoke, deploy, undeploy, retry, hold, fault, ...",
    "audit.outcome": "done, sent, failed, refused, given up, mixed; NULL while it lasts, or if it was cut short",
    "audit.error": "code of the error",
    "audit.calls": "how many, where calls of another notebook are counted by the minute; else 1",
    "audit.payload_hash": "of the payload without its secrets",
    "columns.view": "the view as SQL writes it",
    "columns.field": "the state field; NULL for the columns that every view has",
}
"""What is not plain from a column's name, put into the database as comments."""
