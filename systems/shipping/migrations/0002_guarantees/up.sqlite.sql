-- 0002_guarantees
-- job_changes: create table
-- jobs: create trigger jobs_audited_delete
-- jobs: create trigger jobs_audited_insert
-- jobs: create trigger jobs_audited_update

CREATE TABLE job_changes (
  id         INTEGER CONSTRAINT job_changes_pkey PRIMARY KEY AUTOINCREMENT
    CONSTRAINT job_changes_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
  at         TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
    CONSTRAINT job_changes_at_check CHECK (
      substr(at, 1, 23) || 'Z' IS strftime('%Y-%m-%dT%H:%M:%fZ', substr(at, 1, 23) || 'Z')
      AND substr(at, 24) GLOB '[0-9][0-9][0-9]Z'
      AND instr(at, char(0)) = 0
      AND at >= '0001'
    ),
  actor      TEXT,
  scope      TEXT,
  role       TEXT    NOT NULL,
  table_name TEXT    NOT NULL,
  operation  TEXT    NOT NULL
    CONSTRAINT job_changes_operation_check CHECK (operation IN ('insert', 'update', 'delete')),
  row_key    TEXT    NOT NULL CONSTRAINT job_changes_row_key_check CHECK (json_valid(row_key)),
  before     TEXT CONSTRAINT job_changes_before_check CHECK (json_valid(before)),
  "after"    TEXT CONSTRAINT job_changes_after_check CHECK (json_valid("after")),
  unseen     TEXT CONSTRAINT job_changes_unseen_check CHECK (json_valid(unseen))
) STRICT;
CREATE INDEX job_changes_table_name_row_key_idx ON job_changes (table_name, row_key);
CREATE INDEX job_changes_at_idx ON job_changes (at);
CREATE TRIGGER job_changes_append_only_update BEFORE UPDATE ON job_changes
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of job_changes are never changed');
END;
CREATE TRIGGER job_changes_append_only_delete BEFORE DELETE ON job_changes
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of job_changes are never deleted');
END;
CREATE TRIGGER job_changes_append_only_insert BEFORE INSERT ON job_changes
WHEN EXISTS (SELECT 1 FROM job_changes WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of job_changes with this key exists and is never replaced');
END;
CREATE TRIGGER job_changes_trail_insert BEFORE INSERT ON job_changes
WHEN NOT EXISTS (SELECT 1 FROM ashlar_session WHERE actor IS NEW.actor AND scope IS NEW.scope)
  OR NEW.role IS NOT 'session'
  OR NEW.at IS NOT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')
  OR NEW.id <> -1
BEGIN
  SELECT RAISE(ABORT, 'ashlar/trail: rows of job_changes are written by the database only');
END;
CREATE TABLE job_changes_ledger_entries (
  id      INTEGER CONSTRAINT job_changes_ledger_entries_pkey PRIMARY KEY AUTOINCREMENT,
  row_key TEXT    NOT NULL,
  entry   TEXT    NOT NULL,
  CONSTRAINT job_changes_ledger_entries_row_key_key UNIQUE (row_key)
) STRICT;
CREATE TABLE job_changes_ledger_tree (
  level    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash     BLOB    NOT NULL CONSTRAINT job_changes_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key  TEXT,
  CONSTRAINT job_changes_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT job_changes_ledger_tree_row_key_key UNIQUE (row_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE job_changes_ledger_blocks (
  size      INTEGER NOT NULL,
  root      BLOB    NOT NULL CONSTRAINT job_changes_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT job_changes_ledger_blocks_pkey PRIMARY KEY (size)
) STRICT, WITHOUT ROWID;
CREATE TABLE job_changes_ledger_head (
  id             INTEGER NOT NULL CONSTRAINT job_changes_ledger_head_id_check CHECK (id = 1),
  size           INTEGER NOT NULL,
  frontier       BLOB    NOT NULL,
  sealed         INTEGER NOT NULL,
  first_provable INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT job_changes_ledger_head_pkey PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER job_changes_ledger_entries_append_only_update BEFORE UPDATE ON job_changes_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of job_changes_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER job_changes_ledger_entries_append_only_delete BEFORE DELETE ON job_changes_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of job_changes_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER job_changes_ledger_entries_append_only_insert BEFORE INSERT ON job_changes_ledger_entries
WHEN (NOT EXISTS (SELECT 1 FROM job_changes_ledger_entries WHERE row_key = NEW.row_key)
  AND NOT EXISTS (SELECT 1 FROM job_changes_ledger_entries WHERE id = NEW.id)
  AND EXISTS (SELECT 1 FROM job_changes AS owner WHERE owner.id = NEW.row_key AND CAST(owner.id AS TEXT) = NEW.row_key)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: job_changes_ledger_entries is written by the ledger only');
END;
CREATE TRIGGER job_changes_ledger_tree_append_only_update BEFORE UPDATE ON job_changes_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of job_changes_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER job_changes_ledger_tree_append_only_delete BEFORE DELETE ON job_changes_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of job_changes_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER job_changes_ledger_tree_append_only_insert BEFORE INSERT ON job_changes_ledger_tree
WHEN (CASE NEW.level
    WHEN 0 THEN NEW.position = coalesce((SELECT max(position) + 1 FROM job_changes_ledger_tree WHERE level = 0), 0)
      AND EXISTS (SELECT 1 FROM job_changes_ledger_entries WHERE row_key = NEW.row_key)
      AND NOT EXISTS (SELECT 1 FROM job_changes_ledger_tree WHERE row_key = NEW.row_key)
    ELSE NEW.row_key IS NULL
      AND NOT EXISTS (SELECT 1 FROM job_changes_ledger_tree WHERE level = NEW.level AND position = NEW.position)
      AND EXISTS (SELECT 1 FROM job_changes_ledger_tree WHERE level = NEW.level - 1 AND position = 256 * NEW.position + 255)
  END) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: job_changes_ledger_tree is written by the ledger only');
END;
CREATE TRIGGER job_changes_ledger_blocks_append_only_update BEFORE UPDATE ON job_changes_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of job_changes_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER job_changes_ledger_blocks_append_only_delete BEFORE DELETE ON job_changes_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of job_changes_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER job_changes_ledger_blocks_append_only_insert BEFORE INSERT ON job_changes_ledger_blocks
WHEN (NOT EXISTS (SELECT 1 FROM job_changes_ledger_blocks WHERE size = NEW.size)
  AND NEW.size = (SELECT max(position) + 1 FROM job_changes_ledger_tree WHERE level = 0)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: job_changes_ledger_blocks is written by the ledger only');
END;
CREATE TRIGGER job_changes_ledger_head_update BEFORE UPDATE ON job_changes_ledger_head
WHEN ((NEW.size = (SELECT max(size) FROM job_changes_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable)
  OR (NEW.id IS OLD.id  AND NEW.size IS OLD.size  AND NEW.frontier IS OLD.frontier  AND NEW.sealed IS OLD.sealed AND NEW.first_provable BETWEEN OLD.first_provable + 1 AND OLD.size)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: job_changes_ledger_head is written by the ledger only');
END;
CREATE TRIGGER job_changes_ledger_head_delete BEFORE DELETE ON job_changes_ledger_head
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: job_changes_ledger_head is written by the ledger only');
END;
CREATE TRIGGER job_changes_ledger_head_insert BEFORE INSERT ON job_changes_ledger_head
WHEN NEW.size <> 0
  OR EXISTS (SELECT 1 FROM job_changes_ledger_head)
  OR EXISTS (SELECT 1 FROM job_changes_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: job_changes_ledger_head is written by the ledger only');
END;
CREATE TRIGGER job_changes_ledger_append AFTER INSERT ON job_changes
BEGIN
  INSERT INTO job_changes_ledger_entries (row_key, entry)
  VALUES (
    CAST(NEW.id AS TEXT),
    '["ashlar/entry/v1","job_changes","'
    || lower(hex(randomblob(16))) || '","' || strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') || '",{'
    || substr(
      ',"id":' || NEW.id
      || ',"at":' || json_quote(NEW.at)
      || iif(NEW.actor IS NULL, '', ',"actor":' || json_quote(NEW.actor))
      || iif(NEW.scope IS NULL, '', ',"scope":' || json_quote(NEW.scope))
      || ',"role":' || json_quote(NEW.role)
      || ',"table_name":' || json_quote(NEW.table_name)
      || ',"operation":' || json_quote(NEW.operation)
      || ',"row_key":' || NEW.row_key
      || iif(NEW.before IS NULL, '', ',"before":' || NEW.before)
      || iif(NEW."after" IS NULL, '', ',"after":' || NEW."after")
      || iif(NEW.unseen IS NULL, '', ',"unseen":' || NEW.unseen)
    , 2) || '}]'
  );
END;

CREATE TRIGGER jobs_audited_delete AFTER DELETE ON jobs
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO job_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'jobs', 'delete',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"name":' || json_quote(OLD.name)
      || ',"description":' || iif(OLD.description IS NULL, 'null', json_quote(OLD.description))
      || ',"original_command":' || json_quote(OLD.original_command)
      || ',"status":' || json_quote(OLD.status)
      || ',"mode":' || json_quote(OLD.mode)
      || ',"total_rows":' || OLD.total_rows
      || ',"processed_rows":' || OLD.processed_rows
      || ',"successful_rows":' || OLD.successful_rows
      || ',"failed_rows":' || OLD.failed_rows
      || ',"total_cost_cents":' || iif(OLD.total_cost_cents IS NULL, 'null', OLD.total_cost_cents)
      || ',"error_code":' || iif(OLD.error_code IS NULL, 'null', json_quote(OLD.error_code))
      || ',"error_message":' || iif(OLD.error_message IS NULL, 'null', json_quote(OLD.error_message))
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"started_at":' || iif(OLD.started_at IS NULL, 'null', json_quote(OLD.started_at))
      || ',"completed_at":' || iif(OLD.completed_at IS NULL, 'null', json_quote(OLD.completed_at))
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    NULL
  FROM ashlar_session;
END;

CREATE TRIGGER jobs_audited_insert AFTER INSERT ON jobs
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO job_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'jobs', 'insert',
    '{"id":' || json_quote(NEW.id)
      || '}',
    NULL,
    '{"id":' || json_quote(NEW.id)
      || ',"name":' || json_quote(NEW.name)
      || ',"description":' || iif(NEW.description IS NULL, 'null', json_quote(NEW.description))
      || ',"original_command":' || json_quote(NEW.original_command)
      || ',"status":' || json_quote(NEW.status)
      || ',"mode":' || json_quote(NEW.mode)
      || ',"total_rows":' || NEW.total_rows
      || ',"processed_rows":' || NEW.processed_rows
      || ',"successful_rows":' || NEW.successful_rows
      || ',"failed_rows":' || NEW.failed_rows
      || ',"total_cost_cents":' || iif(NEW.total_cost_cents IS NULL, 'null', NEW.total_cost_cents)
      || ',"error_code":' || iif(NEW.error_code IS NULL, 'null', json_quote(NEW.error_code))
      || ',"error_message":' || iif(NEW.error_message IS NULL, 'null', json_quote(NEW.error_message))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"started_at":' || iif(NEW.started_at IS NULL, 'null', json_quote(NEW.started_at))
      || ',"completed_at":' || iif(NEW.completed_at IS NULL, 'null', json_quote(NEW.completed_at))
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}'
  FROM ashlar_session;
END;

CREATE TRIGGER jobs_audited_update AFTER UPDATE ON jobs
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO job_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'jobs', 'update',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"name":' || json_quote(OLD.name)
      || ',"description":' || iif(OLD.description IS NULL, 'null', json_quote(OLD.description))
      || ',"original_command":' || json_quote(OLD.original_command)
      || ',"status":' || json_quote(OLD.status)
      || ',"mode":' || json_quote(OLD.mode)
      || ',"total_rows":' || OLD.total_rows
      || ',"processed_rows":' || OLD.processed_rows
      || ',"successful_rows":' || OLD.successful_rows
      || ',"failed_rows":' || OLD.failed_rows
      || ',"total_cost_cents":' || iif(OLD.total_cost_cents IS NULL, 'null', OLD.total_cost_cents)
      || ',"error_code":' || iif(OLD.error_code IS NULL, 'null', json_quote(OLD.error_code))
      || ',"error_message":' || iif(OLD.error_message IS NULL, 'null', json_quote(OLD.error_message))
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"started_at":' || iif(OLD.started_at IS NULL, 'null', json_quote(OLD.started_at))
      || ',"completed_at":' || iif(OLD.completed_at IS NULL, 'null', json_quote(OLD.completed_at))
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    '{"id":' || json_quote(NEW.id)
      || ',"name":' || json_quote(NEW.name)
      || ',"description":' || iif(NEW.description IS NULL, 'null', json_quote(NEW.description))
      || ',"original_command":' || json_quote(NEW.original_command)
      || ',"status":' || json_quote(NEW.status)
      || ',"mode":' || json_quote(NEW.mode)
      || ',"total_rows":' || NEW.total_rows
      || ',"processed_rows":' || NEW.processed_rows
      || ',"successful_rows":' || NEW.successful_rows
      || ',"failed_rows":' || NEW.failed_rows
      || ',"total_cost_cents":' || iif(NEW.total_cost_cents IS NULL, 'null', NEW.total_cost_cents)
      || ',"error_code":' || iif(NEW.error_code IS NULL, 'null', json_quote(NEW.error_code))
      || ',"error_message":' || iif(NEW.error_message IS NULL, 'null', json_quote(NEW.error_message))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"started_at":' || iif(NEW.started_at IS NULL, 'null', json_quote(NEW.started_at))
      || ',"completed_at":' || iif(NEW.completed_at IS NULL, 'null', json_quote(NEW.completed_at))
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}'
  FROM ashlar_session;
END;
