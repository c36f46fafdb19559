-- mssql: NOT RUN by the tests

CREATE TABLE workbench_meta (
    name VARCHAR(64) NOT NULL,
    value NVARCHAR(max) NOT NULL,
    PRIMARY KEY (name)
)

CREATE TABLE workbench_blocks (
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    actors VARBINARY(max) NOT NULL,
    size BIGINT NOT NULL,
    data VARBINARY(max) NOT NULL,
    PRIMARY KEY (first)
)

CREATE TABLE workbench_sealed (
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    data VARBINARY(max) NOT NULL,
    PRIMARY KEY (first)
)

CREATE TABLE workbench_keys (
    hash BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (hash)
)

CREATE TABLE workbench_snapshots (
    place VARBINARY(850) NOT NULL,
    id BIGINT NULL,
    actor NVARCHAR(max) NOT NULL,
    system NVARCHAR(max) NOT NULL,
    status NVARCHAR(max) NOT NULL,
    node NVARCHAR(max) NOT NULL,
    revision BIGINT NOT NULL,
    tags NVARCHAR(max) NOT NULL,
    data_type NVARCHAR(max) NOT NULL,
    data VARBINARY(max) NULL,
    updated_us BIGINT NOT NULL,
    parent NVARCHAR(max) NOT NULL,
    definition NVARCHAR(max) NOT NULL,
    sequence BIGINT NOT NULL,
    kept_aside VARBINARY(max) NULL,
    PRIMARY KEY (place)
)

CREATE TABLE workbench_lifecycle (
    number BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    system NVARCHAR(max) NOT NULL,
    actor NVARCHAR(max) NOT NULL,
    event NVARCHAR(max) NOT NULL,
    revision BIGINT NOT NULL,
    definition NVARCHAR(max) NOT NULL,
    PRIMARY KEY (number)
)

CREATE TABLE workbench_definitions (
    hash VARCHAR(64) NOT NULL,
    name NVARCHAR(max) NOT NULL,
    deployed_us BIGINT NOT NULL,
    data VARBINARY(max) NOT NULL,
    PRIMARY KEY (hash)
)

CREATE TABLE workbench_schedules (
    place VARBINARY(850) NOT NULL,
    id NVARCHAR(max) NOT NULL,
    due_us BIGINT NOT NULL,
    data VARBINARY(max) NOT NULL,
    PRIMARY KEY (place)
)

-- READ_META
SELECT workbench_meta.name, workbench_meta.value
FROM workbench_meta

-- READ_META_ENTRY
SELECT workbench_meta.value
FROM workbench_meta
WHERE workbench_meta.name = :name

-- LOCK_META_ENTRY
SELECT workbench_meta.value
FROM workbench_meta
WHERE workbench_meta.name = :name

-- REMOVE_META
DELETE FROM workbench_meta WHERE workbench_meta.name IN (__[POSTCOMPILE_names])

-- INSERT_META
INSERT INTO workbench_meta (name, value) VALUES (:name, :value)

-- HEAD
SELECT TOP __[POSTCOMPILE_param_1] workbench_blocks.last
FROM workbench_blocks ORDER BY workbench_blocks.first DESC

-- INSERT_BLOCK
INSERT INTO workbench_blocks (first, last, actors, size, data) VALUES (:first, :last, :actors, :size, :data)

-- REMOVE_BLOCKS
DELETE FROM workbench_blocks WHERE workbench_blocks.first BETWEEN :from AND :to

-- READ_BLOCKS
SELECT workbench_blocks.first, workbench_blocks.last, workbench_blocks.actors, workbench_blocks.data
FROM workbench_blocks
WHERE workbench_blocks.first >= (SELECT coalesce(max(workbench_blocks.first), 0) AS coalesce_1
FROM workbench_blocks
WHERE workbench_blocks.first <= :after + 1) AND workbench_blocks.last > :after ORDER BY workbench_blocks.first
 OFFSET 0 ROWS
 FETCH FIRST :limit ROWS ONLY

-- READ_BLOCK_HEADS
SELECT workbench_blocks.first, workbench_blocks.last, workbench_blocks.actors, workbench_blocks.size
FROM workbench_blocks
WHERE workbench_blocks.first >= (SELECT coalesce(max(workbench_blocks.first), 0) AS coalesce_1
FROM workbench_blocks
WHERE workbench_blocks.first <= :after + 1) AND workbench_blocks.last > :after ORDER BY workbench_blocks.first
 OFFSET 0 ROWS
 FETCH FIRST :limit ROWS ONLY

-- BLOCK_OF
SELECT TOP __[POSTCOMPILE_param_1] workbench_blocks.first, workbench_blocks.last, workbench_blocks.actors, workbench_blocks.data
FROM workbench_blocks
WHERE workbench_blocks.first <= :sequence ORDER BY workbench_blocks.first DESC

-- READ_SEALED
SELECT workbench_sealed.first, workbench_sealed.last, workbench_sealed.data
FROM workbench_sealed
WHERE workbench_sealed.first >= (SELECT coalesce(max(workbench_sealed.first), 0) AS coalesce_1
FROM workbench_sealed
WHERE workbench_sealed.first <= :after + 1) AND workbench_sealed.last > :after ORDER BY workbench_sealed.first
 OFFSET 0 ROWS
 FETCH FIRST :limit ROWS ONLY

-- READ_SEALED_RANGES
SELECT workbench_sealed.first, workbench_sealed.last
FROM workbench_sealed
WHERE workbench_sealed.first >= (SELECT coalesce(max(workbench_sealed.first), 0) AS coalesce_1
FROM workbench_sealed
WHERE workbench_sealed.first <= :after + 1) AND workbench_sealed.last > :after ORDER BY workbench_sealed.first
 OFFSET 0 ROWS
 FETCH FIRST :limit ROWS ONLY

-- INSERT_SEALED
INSERT INTO workbench_sealed (first, last, data) VALUES (:first, :last, :data)

-- REMOVE_SEALED
DELETE FROM workbench_sealed WHERE workbench_sealed.last >= :from AND workbench_sealed.first <= :to

-- KEY
SELECT workbench_keys.sequence
FROM workbench_keys
WHERE workbench_keys.hash = :hash

-- KEY_HASHES
SELECT workbench_keys.hash
FROM workbench_keys
WHERE workbench_keys.hash >= :start ORDER BY workbench_keys.hash
 OFFSET 0 ROWS
 FETCH FIRST :limit ROWS ONLY

-- KNOWN_KEYS
SELECT workbench_keys.hash, workbench_keys.sequence
FROM workbench_keys
WHERE workbench_keys.hash IN (__[POSTCOMPILE_hashes])

-- INSERT_KEYS
INSERT INTO workbench_keys (hash, sequence) VALUES (:hash, :sequence)

-- REMOVE_KEYS
DELETE FROM workbench_keys WHERE workbench_keys.hash IN (__[POSTCOMPILE_hashes])

-- READ_SNAPSHOT
SELECT workbench_snapshots.id, workbench_snapshots.actor, workbench_snapshots.system, workbench_snapshots.status, workbench_snapshots.node, workbench_snapshots.revision, workbench_snapshots.tags, workbench_snapshots.data_type, workbench_snapshots.data, workbench_snapshots.updated_us, workbench_snapshots.parent, workbench_snapshots.definition, workbench_snapshots.sequence, workbench_snapshots.kept_aside
FROM workbench_snapshots
WHERE workbench_snapshots.place = :place

-- READ_SNAPSHOTS
SELECT workbench_snapshots.id, workbench_snapshots.actor, workbench_snapshots.system, workbench_snapshots.status, workbench_snapshots.node, workbench_snapshots.revision, workbench_snapshots.tags, workbench_snapshots.data_type, NULL AS data, workbench_snapshots.updated_us, workbench_snapshots.parent, workbench_snapshots.definition, workbench_snapshots.sequence, NULL AS kept_aside
FROM workbench_snapshots
WHERE workbench_snapshots.place > :after AND workbench_snapshots.place >= :start AND workbench_snapshots.place < :end ORDER BY workbench_snapshots.place
 OFFSET 0 ROWS
 FETCH FIRST :limit ROWS ONLY

-- REMOVE_SNAPSHOTS
DELETE FROM workbench_snapshots WHERE workbench_snapshots.place IN (__[POSTCOMPILE_places])

-- INSERT_SNAPSHOTS
INSERT INTO workbench_snapshots (place, id, actor, system, status, node, revision, tags, data_type, data, updated_us, parent, definition, sequence, kept_aside) VALUES (:place, :id, :actor, :system, :status, :node, :revision, :tags, :data_type, :data, :updated_us, :parent, :definition, :sequence, :kept_aside)

-- LAST_MARK
SELECT coalesce(max(workbench_lifecycle.number), 0) AS coalesce_1
FROM workbench_lifecycle

-- READ_LIFECYCLE
SELECT workbench_lifecycle.number, workbench_lifecycle.at_us, workbench_lifecycle.system, workbench_lifecycle.actor, workbench_lifecycle.event, workbench_lifecycle.revision, workbench_lifecycle.definition
FROM workbench_lifecycle
WHERE workbench_lifecycle.number > :after ORDER BY workbench_lifecycle.number
 OFFSET 0 ROWS
 FETCH FIRST :limit ROWS ONLY

-- INSERT_LIFECYCLE
INSERT INTO workbench_lifecycle (number, at_us, system, actor, event, revision, definition) VALUES (:number, :at_us, :system, :actor, :event, :revision, :definition)

-- COUNTS
SELECT (SELECT TOP __[POSTCOMPILE_param_1] workbench_blocks.last
FROM workbench_blocks ORDER BY workbench_blocks.first DESC) AS anon_1, (SELECT count(*) AS count_1
FROM workbench_keys) AS anon_2, (SELECT count(*) AS count_2
FROM workbench_snapshots) AS anon_3, (SELECT workbench_meta.value
FROM workbench_meta
WHERE workbench_meta.name = :name_1) AS anon_4

-- READ_DEFINITIONS
SELECT workbench_definitions.hash, workbench_definitions.name, workbench_definitions.deployed_us, workbench_definitions.data
FROM workbench_definitions ORDER BY workbench_definitions.deployed_us, workbench_definitions.hash

-- REMOVE_DEFINITIONS
DELETE FROM workbench_definitions WHERE workbench_definitions.hash IN (__[POSTCOMPILE_hashes])

-- INSERT_DEFINITIONS
INSERT INTO workbench_definitions (hash, name, deployed_us, data) VALUES (:hash, :name, :deployed_us, :data)

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
INSERT INTO workbench_schedules (place, id, due_us, data) VALUES (:place, :id, :due_us, :data)

-- each session
SET LOCK_TIMEOUT 5000

-- each session
SET XACT_ABORT ON

-- lock: place
SELECT DB_NAME() + '.' + SCHEMA_NAME()

-- lock: session
SELECT @@SPID

-- lock: take
SET NOCOUNT ON; DECLARE @got int; EXEC @got = sp_getapplock @Resource = :name, @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = 0; SELECT CASE WHEN @got >= 0 THEN 1 ELSE 0 END
