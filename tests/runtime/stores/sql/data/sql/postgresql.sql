-- postgresql: run by the tests

CREATE TABLE workbench_meta (
    name VARCHAR(64) NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY (name)
)

CREATE TABLE workbench_blocks (
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    actors BYTEA NOT NULL,
    size BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (first)
)

CREATE TABLE workbench_sealed (
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (first)
)

CREATE TABLE workbench_keys (
    hash BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (hash)
)

CREATE TABLE workbench_snapshots (
    place BYTEA NOT NULL,
    id BIGINT,
    actor VARCHAR NOT NULL,
    system VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    node VARCHAR NOT NULL,
    revision BIGINT NOT NULL,
    tags VARCHAR NOT NULL,
    data_type VARCHAR NOT NULL,
    data BYTEA,
    updated_us BIGINT NOT NULL,
    parent VARCHAR NOT NULL,
    definition VARCHAR NOT NULL,
    sequence BIGINT NOT NULL,
    kept_aside BYTEA,
    PRIMARY KEY (place)
)

CREATE TABLE workbench_lifecycle (
    number BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    system VARCHAR NOT NULL,
    actor VARCHAR NOT NULL,
    event VARCHAR NOT NULL,
    revision BIGINT NOT NULL,
    definition VARCHAR NOT NULL,
    PRIMARY KEY (number)
)

CREATE TABLE workbench_definitions (
    hash VARCHAR(64) NOT NULL,
    name VARCHAR NOT NULL,
    deployed_us BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (hash)
)

CREATE TABLE workbench_schedules (
    place BYTEA NOT NULL,
    id VARCHAR NOT NULL,
    due_us BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (place)
)

-- READ_META
SELECT workbench_meta.name, workbench_meta.value
FROM workbench_meta

-- READ_META_ENTRY
SELECT workbench_meta.value
FROM workbench_meta
WHERE workbench_meta.name = %(name)s::VARCHAR

-- LOCK_META_ENTRY
SELECT workbench_meta.value
FROM workbench_meta
WHERE workbench_meta.name = %(name)s::VARCHAR FOR UPDATE

-- REMOVE_META
DELETE FROM workbench_meta WHERE workbench_meta.name IN (__[POSTCOMPILE_names])

-- INSERT_META
INSERT INTO workbench_meta (name, value) VALUES (%(name)s::VARCHAR, %(value)s::VARCHAR)

-- HEAD
SELECT workbench_blocks.last
FROM workbench_blocks ORDER BY workbench_blocks.first DESC
 LIMIT %(param_1)s::INTEGER

-- INSERT_BLOCK
INSERT INTO workbench_blocks (first, last, actors, size, data) VALUES (%(first)s::BIGINT, %(last)s::BIGINT, %(actors)s, %(size)s::BIGINT, %(data)s)

-- REMOVE_BLOCKS
DELETE FROM workbench_blocks WHERE workbench_blocks.first BETWEEN %(from)s::BIGINT AND %(to)s::BIGINT

-- READ_BLOCKS
SELECT workbench_blocks.first, workbench_blocks.last, workbench_blocks.actors, workbench_blocks.data
FROM workbench_blocks
WHERE workbench_blocks.first >= (SELECT coalesce(max(workbench_blocks.first), 0) AS coalesce_1
FROM workbench_blocks
WHERE workbench_blocks.first <= %(after)s + 1) AND workbench_blocks.last > %(after)s::BIGINT ORDER BY workbench_blocks.first
 LIMIT %(limit)s::BIGINT

-- READ_BLOCK_HEADS
SELECT workbench_blocks.first, workbench_blocks.last, workbench_blocks.actors, workbench_blocks.size
FROM workbench_blocks
WHERE workbench_blocks.first >= (SELECT coalesce(max(workbench_blocks.first), 0) AS coalesce_1
FROM workbench_blocks
WHERE workbench_blocks.first <= %(after)s + 1) AND workbench_blocks.last > %(after)s::BIGINT ORDER BY workbench_blocks.first
 LIMIT %(limit)s::BIGINT

-- BLOCK_OF
SELECT workbench_blocks.first, workbench_blocks.last, workbench_blocks.actors, workbench_blocks.data
FROM workbench_blocks
WHERE workbench_blocks.first <= %(sequence)s::BIGINT ORDER BY workbench_blocks.first DESC
 LIMIT %(param_1)s::INTEGER

-- READ_SEALED
SELECT workbench_sealed.first, workbench_sealed.last, workbench_sealed.data
FROM workbench_sealed
WHERE workbench_sealed.first >= (SELECT coalesce(max(workbench_sealed.first), 0) AS coalesce_1
FROM workbench_sealed
WHERE workbench_sealed.first <= %(after)s + 1) AND workbench_sealed.last > %(after)s::BIGINT ORDER BY workbench_sealed.first
 LIMIT %(limit)s::BIGINT

-- READ_SEALED_RANGES
SELECT workbench_sealed.first, workbench_sealed.last
FROM workbench_sealed
WHERE workbench_sealed.first >= (SELECT coalesce(max(workbench_sealed.first), 0) AS coalesce_1
FROM workbench_sealed
WHERE workbench_sealed.first <= %(after)s + 1) AND workbench_sealed.last > %(after)s::BIGINT ORDER BY workbench_sealed.first
 LIMIT %(limit)s::BIGINT

-- INSERT_SEALED
INSERT INTO workbench_sealed (first, last, data) VALUES (%(first)s::BIGINT, %(last)s::BIGINT, %(data)s)

-- REMOVE_SEALED
DELETE FROM workbench_sealed WHERE workbench_sealed.last >= %(from)s::BIGINT AND workbench_sealed.first <= %(to)s::BIGINT

-- KEY
SELECT workbench_keys.sequence
FROM workbench_keys
WHERE workbench_keys.hash = %(hash)s::BIGINT

-- KEY_HASHES
SELECT workbench_keys.hash
FROM workbench_keys
WHERE workbench_keys.hash >= %(start)s::BIGINT ORDER BY workbench_keys.hash
 LIMIT %(limit)s

-- KNOWN_KEYS
SELECT workbench_keys.hash, workbench_keys.sequence
FROM workbench_keys
WHERE workbench_keys.hash IN (__[POSTCOMPILE_hashes])

-- INSERT_KEYS
INSERT INTO workbench_keys (hash, sequence) VALUES (%(hash)s::BIGINT, %(sequence)s::BIGINT)

-- REMOVE_KEYS
DELETE FROM workbench_keys WHERE workbench_keys.hash IN (__[POSTCOMPILE_hashes])

-- READ_SNAPSHOT
SELECT workbench_snapshots.id, workbench_snapshots.actor, workbench_snapshots.system, workbench_snapshots.status, workbench_snapshots.node, workbench_snapshots.revision, workbench_snapshots.tags, workbench_snapshots.data_type, workbench_snapshots.data, workbench_snapshots.updated_us, workbench_snapshots.parent, workbench_snapshots.definition, workbench_snapshots.sequence, workbench_snapshots.kept_aside
FROM workbench_snapshots
WHERE workbench_snapshots.place = %(place)s

-- READ_SNAPSHOTS
SELECT workbench_snapshots.id, workbench_snapshots.actor, workbench_snapshots.system, workbench_snapshots.status, workbench_snapshots.node, workbench_snapshots.revision, workbench_snapshots.tags, workbench_snapshots.data_type, NULL AS data, workbench_snapshots.updated_us, workbench_snapshots.parent, workbench_snapshots.definition, workbench_snapshots.sequence, NULL AS kept_aside
FROM workbench_snapshots
WHERE workbench_snapshots.place > %(after)s AND workbench_snapshots.place >= %(start)s AND workbench_snapshots.place < %(end)s ORDER BY workbench_snapshots.place
 LIMIT %(limit)s::BIGINT

-- REMOVE_SNAPSHOTS
DELETE FROM workbench_snapshots WHERE workbench_snapshots.place IN (__[POSTCOMPILE_places])

-- INSERT_SNAPSHOTS
INSERT INTO workbench_snapshots (place, id, actor, system, status, node, revision, tags, data_type, data, updated_us, parent, definition, sequence, kept_aside) VALUES (%(place)s, %(id)s::BIGINT, %(actor)s::VARCHAR, %(system)s::VARCHAR, %(status)s::VARCHAR, %(node)s::VARCHAR, %(revision)s::BIGINT, %(tags)s::VARCHAR, %(data_type)s::VARCHAR, %(data)s, %(updated_us)s::BIGINT, %(parent)s::VARCHAR, %(definition)s::VARCHAR, %(sequence)s::BIGINT, %(kept_aside)s)

-- LAST_MARK
SELECT coalesce(max(workbench_lifecycle.number), 0) AS coalesce_1
FROM workbench_lifecycle

-- READ_LIFECYCLE
SELECT workbench_lifecycle.number, workbench_lifecycle.at_us, workbench_lifecycle.system, workbench_lifecycle.actor, workbench_lifecycle.event, workbench_lifecycle.revision, workbench_lifecycle.definition
FROM workbench_lifecycle
WHERE workbench_lifecycle.number > %(after)s::BIGINT ORDER BY workbench_lifecycle.number
 LIMIT %(limit)s::BIGINT

-- INSERT_LIFECYCLE
INSERT INTO workbench_lifecycle (number, at_us, system, actor, event, revision, definition) VALUES (%(number)s::BIGINT, %(at_us)s::BIGINT, %(system)s::VARCHAR, %(actor)s::VARCHAR, %(event)s::VARCHAR, %(revision)s::BIGINT, %(definition)s::VARCHAR)

-- COUNTS
SELECT (SELECT workbench_blocks.last
FROM workbench_blocks ORDER BY workbench_blocks.first DESC
 LIMIT %(param_1)s::INTEGER) AS anon_1, (SELECT count(*) AS count_1
FROM workbench_keys) AS anon_2, (SELECT count(*) AS count_2
FROM workbench_snapshots) AS anon_3, (SELECT workbench_meta.value
FROM workbench_meta
WHERE workbench_meta.name = %(name_1)s::VARCHAR) AS anon_4

-- READ_DEFINITIONS
SELECT workbench_definitions.hash, workbench_definitions.name, workbench_definitions.deployed_us, workbench_definitions.data
FROM workbench_definitions ORDER BY workbench_definitions.deployed_us, workbench_definitions.hash

-- REMOVE_DEFINITIONS
DELETE FROM workbench_definitions WHERE workbench_definitions.hash IN (__[POSTCOMPILE_hashes])

-- INSERT_DEFINITIONS
INSERT INTO workbench_definitions (hash, name, deployed_us, data) VALUES (%(hash)s::VARCHAR, %(name)s::VARCHAR, %(deployed_us)s::BIGINT, %(data)s)

-- READ_SCHEDULES
SELECT workbench_schedules.id, workbench_schedules.due_us, workbench_schedules.data
FROM workbench_schedules ORDER BY workbench_schedules.due_us, workbench_schedules.place

-- KNOWN_SCHEDULES
SELECT workbench_schedules.place
FROM workbench_schedules
WHERE workbench_schedules.place IN (__[POSTCOMPILE_places])

-- REMOVE_SCHEDULES
DELETE FROM workbench_schedules WHERE workbench_schedules.place IN (__[POSTCOMPILE_places])

-- INSERT_SCHEDULES
INSERT INTO workbench_schedules (place, id, due_us, data) VALUES (%(place)s, %(id)s::VARCHAR, %(due_us)s::BIGINT, %(data)s)

-- each session
SELECT set_config(name, value, false) FROM (VALUES ('statement_timeout', '15000'), ('lock_timeout', '5000'), ('idle_in_transaction_session_timeout', '40000'), ('idle_session_timeout', '0')) AS wanted (name, value) WHERE current_setting(name, true) IS NOT NULL

-- each session
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'

-- lock: place
SELECT current_schema()

-- lock: session
SELECT pg_backend_pid()

-- lock: take
SELECT pg_try_advisory_lock(:number)

-- lock: holder
SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND (classid::bigint << 32) | objid::bigint = :number

-- lock: end
SELECT pg_terminate_backend(:session)
