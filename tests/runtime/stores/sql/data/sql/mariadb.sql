-- mariadb: run by the tests

CREATE TABLE workbench_meta (
    name VARCHAR(64) NOT NULL,
    value LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (name)
)ENGINE=InnoDB CHARSET=utf8mb4

CREATE TABLE workbench_blocks (
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    actors LONGBLOB NOT NULL,
    size BIGINT NOT NULL,
    data LONGBLOB NOT NULL,
    PRIMARY KEY (first)
)ENGINE=InnoDB CHARSET=utf8mb4

CREATE TABLE workbench_sealed (
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    data LONGBLOB NOT NULL,
    PRIMARY KEY (first)
)ENGINE=InnoDB CHARSET=utf8mb4

CREATE TABLE workbench_keys (
    hash BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (hash)
)ENGINE=InnoDB CHARSET=utf8mb4

CREATE TABLE workbench_snapshots (
    place VARBINARY(850) NOT NULL,
    id BIGINT,
    actor LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `system` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    status LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    node LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    revision BIGINT NOT NULL,
    tags LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    data_type LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    data LONGBLOB,
    updated_us BIGINT NOT NULL,
    parent LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    definition LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    sequence BIGINT NOT NULL,
    kept_aside LONGBLOB,
    PRIMARY KEY (place)
)ENGINE=InnoDB CHARSET=utf8mb4

CREATE TABLE workbench_lifecycle (
    number BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    `system` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    actor LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    event LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    revision BIGINT NOT NULL,
    definition LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (number)
)ENGINE=InnoDB CHARSET=utf8mb4

CREATE TABLE workbench_definitions (
    hash VARCHAR(64) NOT NULL,
    name LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    deployed_us BIGINT NOT NULL,
    data LONGBLOB NOT NULL,
    PRIMARY KEY (hash)
)ENGINE=InnoDB CHARSET=utf8mb4

CREATE TABLE workbench_schedules (
    place VARBINARY(850) NOT NULL,
    id LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    due_us BIGINT NOT NULL,
    data LONGBLOB NOT NULL,
    PRIMARY KEY (place)
)ENGINE=InnoDB CHARSET=utf8mb4

-- READ_META
SELECT workbench_meta.name, workbench_meta.value
FROM workbench_meta

-- READ_META_ENTRY
SELECT workbench_meta.value
FROM workbench_meta
WHERE workbench_meta.name = %s

-- LOCK_META_ENTRY
SELECT workbench_meta.value
FROM workbench_meta
WHERE workbench_meta.name = %s FOR UPDATE

-- REMOVE_META
DELETE FROM workbench_meta WHERE workbench_meta.name IN (__[POSTCOMPILE_names])

-- INSERT_META
INSERT INTO workbench_meta (name, value) VALUES (%s, %s)

-- HEAD
SELECT workbench_blocks.last
FROM workbench_blocks ORDER BY workbench_blocks.first DESC
 LIMIT %s

-- INSERT_BLOCK
INSERT INTO workbench_blocks (first, last, actors, size, data) VALUES (%s, %s, %s, %s, %s)

-- REMOVE_BLOCKS
DELETE FROM workbench_blocks WHERE workbench_blocks.first BETWEEN %s AND %s

-- READ_BLOCKS
SELECT workbench_blocks.first, workbench_blocks.last, workbench_blocks.actors, workbench_blocks.data
FROM workbench_blocks
WHERE workbench_blocks.first >= (SELECT coalesce(max(workbench_blocks.first), 0) AS coalesce_1
FROM workbench_blocks
WHERE workbench_blocks.first <= %s + 1) AND workbench_blocks.last > %s ORDER BY workbench_blocks.first
 LIMIT %s

-- READ_BLOCK_HEADS
SELECT workbench_blocks.first, workbench_blocks.last, workbench_blocks.actors, workbench_blocks.size
FROM workbench_blocks
WHERE workbench_blocks.first >= (SELECT coalesce(max(workbench_blocks.first), 0) AS coalesce_1
FROM workbench_blocks
WHERE workbench_blocks.first <= %s + 1) AND workbench_blocks.last > %s ORDER BY workbench_blocks.first
 LIMIT %s

-- BLOCK_OF
SELECT workbench_blocks.first, workbench_blocks.last, workbench_blocks.actors, workbench_blocks.data
FROM workbench_blocks
WHERE workbench_blocks.first <= %s ORDER BY workbench_blocks.first DESC
 LIMIT %s

-- READ_SEALED
SELECT workbench_sealed.first, workbench_sealed.last, workbench_sealed.data
FROM workbench_sealed
WHERE workbench_sealed.first >= (SELECT coalesce(max(workbench_sealed.first), 0) AS coalesce_1
FROM workbench_sealed
WHERE workbench_sealed.first <= %s + 1) AND workbench_sealed.last > %s ORDER BY workbench_sealed.first
 LIMIT %s

-- READ_SEALED_RANGES
SELECT workbench_sealed.first, workbench_sealed.last
FROM workbench_sealed
WHERE workbench_sealed.first >= (SELECT coalesce(max(workbench_sealed.first), 0) AS coalesce_1
FROM workbench_sealed
WHERE workbench_sealed.first <= %s + 1) AND workbench_sealed.last > %s ORDER BY workbench_sealed.first
 LIMIT %s

-- INSERT_SEALED
INSERT INTO workbench_sealed (first, last, data) VALUES (%s, %s, %s)

-- REMOVE_SEALED
DELETE FROM workbench_sealed WHERE workbench_sealed.last >= %s AND workbench_sealed.first <= %s

-- KEY
SELECT workbench_keys.sequence
FROM workbench_keys
WHERE workbench_keys.hash = %s

-- KEY_HASHES
SELECT workbench_keys.hash
FROM workbench_keys
WHERE workbench_keys.hash >= %s ORDER BY workbench_keys.hash
 LIMIT %s

-- KNOWN_KEYS
SELECT workbench_keys.hash, workbench_keys.sequence
FROM workbench_keys
WHERE workbench_keys.hash IN (__[POSTCOMPILE_hashes])

-- INSERT_KEYS
INSERT INTO workbench_keys (hash, sequence) VALUES (%s, %s)

-- REMOVE_KEYS
DELETE FROM workbench_keys WHERE workbench_keys.hash IN (__[POSTCOMPILE_hashes])

-- READ_SNAPSHOT
SELECT workbench_snapshots.id, workbench_snapshots.actor, workbench_snapshots.`system`, workbench_snapshots.status, workbench_snapshots.node, workbench_snapshots.revision, workbench_snapshots.tags, workbench_snapshots.data_type, workbench_snapshots.data, workbench_snapshots.updated_us, workbench_snapshots.parent, workbench_snapshots.definition, workbench_snapshots.sequence, workbench_snapshots.kept_aside
FROM workbench_snapshots
WHERE workbench_snapshots.place = %s

-- READ_SNAPSHOTS
SELECT workbench_snapshots.id, workbench_snapshots.actor, workbench_snapshots.`system`, workbench_snapshots.status, workbench_snapshots.node, workbench_snapshots.revision, workbench_snapshots.tags, workbench_snapshots.data_type, NULL AS data, workbench_snapshots.updated_us, workbench_snapshots.parent, workbench_snapshots.definition, workbench_snapshots.sequence, NULL AS kept_aside
FROM workbench_snapshots
WHERE workbench_snapshots.place > %s AND workbench_snapshots.place >= %s AND workbench_snapshots.place < %s ORDER BY workbench_snapshots.place
 LIMIT %s

-- REMOVE_SNAPSHOTS
DELETE FROM workbench_snapshots WHERE workbench_snapshots.place IN (__[POSTCOMPILE_places])

-- INSERT_SNAPSHOTS
INSERT INTO workbench_snapshots (place, id, actor, `system`, status, node, revision, tags, data_type, data, updated_us, parent, definition, sequence, kept_aside) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- LAST_MARK
SELECT coalesce(max(workbench_lifecycle.number), 0) AS coalesce_1
FROM workbench_lifecycle

-- READ_LIFECYCLE
SELECT workbench_lifecycle.number, workbench_lifecycle.at_us, workbench_lifecycle.`system`, workbench_lifecycle.actor, workbench_lifecycle.event, workbench_lifecycle.revision, workbench_lifecycle.definition
FROM workbench_lifecycle
WHERE workbench_lifecycle.number > %s ORDER BY workbench_lifecycle.number
 LIMIT %s

-- INSERT_LIFECYCLE
INSERT INTO workbench_lifecycle (number, at_us, `system`, actor, event, revision, definition) VALUES (%s, %s, %s, %s, %s, %s, %s)

-- COUNTS
SELECT (SELECT workbench_blocks.last
FROM workbench_blocks ORDER BY workbench_blocks.first DESC
 LIMIT %s) AS anon_1, (SELECT count(*) AS count_1
FROM workbench_keys) AS anon_2, (SELECT count(*) AS count_2
FROM workbench_snapshots) AS anon_3, (SELECT workbench_meta.value
FROM workbench_meta
WHERE workbench_meta.name = %s) AS anon_4

-- READ_DEFINITIONS
SELECT workbench_definitions.hash, workbench_definitions.name, workbench_definitions.deployed_us, workbench_definitions.data
FROM workbench_definitions ORDER BY workbench_definitions.deployed_us, workbench_definitions.hash

-- REMOVE_DEFINITIONS
DELETE FROM workbench_definitions WHERE workbench_definitions.hash IN (__[POSTCOMPILE_hashes])

-- INSERT_DEFINITIONS
INSERT INTO workbench_definitions (hash, name, deployed_us, data) VALUES (%s, %s, %s, %s)

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
INSERT INTO workbench_schedules (place, id, due_us, data) VALUES (%s, %s, %s, %s)

-- each session
SET SESSION innodb_lock_wait_timeout = 5, lock_wait_timeout = 5, wait_timeout = 31536000, sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), max_statement_time = 15

-- lock: place
SELECT DATABASE()

-- lock: session
SELECT CONNECTION_ID()

-- lock: take
SELECT GET_LOCK(:name, 0)

-- lock: holder
SELECT IS_USED_LOCK(:name)

-- lock: end
KILL :session
