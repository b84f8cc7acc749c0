-- 0002_guarantees
-- audit_logs_ledger_blocks: create table
-- audit_logs_ledger_entries: create table
-- audit_logs_ledger_head: create table
-- audit_logs_ledger_tree: create table
-- record_changes: create table
-- audit_logs: create trigger audit_logs_ledger_append
-- clauses: create trigger clauses_audited_delete
-- clauses: create trigger clauses_audited_insert
-- clauses: create trigger clauses_audited_update
-- consent_records: create trigger consent_records_audited_delete
-- consent_records: create trigger consent_records_audited_insert
-- consent_records: create trigger consent_records_audited_update

CREATE TABLE audit_logs_ledger_blocks (
  size      INTEGER NOT NULL,
  root      BLOB    NOT NULL CONSTRAINT audit_logs_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT audit_logs_ledger_blocks_pkey PRIMARY KEY (size)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_logs_ledger_blocks_append_only_delete BEFORE DELETE ON audit_logs_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of audit_logs_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER audit_logs_ledger_blocks_append_only_insert BEFORE INSERT ON audit_logs_ledger_blocks
WHEN (NOT EXISTS (SELECT 1 FROM audit_logs_ledger_blocks WHERE size = NEW.size)
  AND NEW.size = (SELECT max(position) + 1 FROM audit_logs_ledger_tree WHERE level = 0)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_logs_ledger_blocks is written by the ledger only');
END;
CREATE TRIGGER audit_logs_ledger_blocks_append_only_update BEFORE UPDATE ON audit_logs_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of audit_logs_ledger_blocks are never changed and never deleted');
END;

CREATE TABLE audit_logs_ledger_entries (
  id      INTEGER CONSTRAINT audit_logs_ledger_entries_pkey PRIMARY KEY AUTOINCREMENT,
  row_key TEXT    NOT NULL,
  entry   TEXT    NOT NULL,
  CONSTRAINT audit_logs_ledger_entries_row_key_key UNIQUE (row_key)
) STRICT;
CREATE TRIGGER audit_logs_ledger_entries_append_only_delete BEFORE DELETE ON audit_logs_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of audit_logs_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER audit_logs_ledger_entries_append_only_insert BEFORE INSERT ON audit_logs_ledger_entries
WHEN (NOT EXISTS (SELECT 1 FROM audit_logs_ledger_entries WHERE row_key = NEW.row_key)
  AND NOT EXISTS (SELECT 1 FROM audit_logs_ledger_entries WHERE id = NEW.id)
  AND EXISTS (SELECT 1 FROM audit_logs AS owner WHERE owner.id = json_extract(NEW.row_key, '$[0]') AND owner.created_at = json_extract(NEW.row_key, '$[1]') AND json_array(owner.id, owner.created_at) = NEW.row_key)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_logs_ledger_entries is written by the ledger only');
END;
CREATE TRIGGER audit_logs_ledger_entries_append_only_update BEFORE UPDATE ON audit_logs_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of audit_logs_ledger_entries are never changed and never deleted');
END;

CREATE TABLE audit_logs_ledger_head (
  id             INTEGER NOT NULL CONSTRAINT audit_logs_ledger_head_id_check CHECK (id = 1),
  size           INTEGER NOT NULL,
  frontier       BLOB    NOT NULL,
  sealed         INTEGER NOT NULL,
  first_provable INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT audit_logs_ledger_head_pkey PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_logs_ledger_head_delete BEFORE DELETE ON audit_logs_ledger_head
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_logs_ledger_head is written by the ledger only');
END;
CREATE TRIGGER audit_logs_ledger_head_insert BEFORE INSERT ON audit_logs_ledger_head
WHEN NEW.size <> 0
  OR EXISTS (SELECT 1 FROM audit_logs_ledger_head)
  OR EXISTS (SELECT 1 FROM audit_logs_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_logs_ledger_head is written by the ledger only');
END;
CREATE TRIGGER audit_logs_ledger_head_update BEFORE UPDATE ON audit_logs_ledger_head
WHEN ((NEW.size = (SELECT max(size) FROM audit_logs_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable)
  OR (NEW.id IS OLD.id  AND NEW.size IS OLD.size  AND NEW.frontier IS OLD.frontier  AND NEW.sealed IS OLD.sealed AND NEW.first_provable BETWEEN OLD.first_provable + 1 AND OLD.size)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_logs_ledger_head is written by the ledger only');
END;

CREATE TABLE audit_logs_ledger_tree (
  level    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash     BLOB    NOT NULL CONSTRAINT audit_logs_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key  TEXT,
  CONSTRAINT audit_logs_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT audit_logs_ledger_tree_row_key_key UNIQUE (row_key)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_logs_ledger_tree_append_only_delete BEFORE DELETE ON audit_logs_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of audit_logs_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER audit_logs_ledger_tree_append_only_insert BEFORE INSERT ON audit_logs_ledger_tree
WHEN (CASE NEW.level
    WHEN 0 THEN NEW.position = coalesce((SELECT max(position) + 1 FROM audit_logs_ledger_tree WHERE level = 0), 0)
      AND EXISTS (SELECT 1 FROM audit_logs_ledger_entries WHERE row_key = NEW.row_key)
      AND NOT EXISTS (SELECT 1 FROM audit_logs_ledger_tree WHERE row_key = NEW.row_key)
    ELSE NEW.row_key IS NULL
      AND NOT EXISTS (SELECT 1 FROM audit_logs_ledger_tree WHERE level = NEW.level AND position = NEW.position)
      AND EXISTS (SELECT 1 FROM audit_logs_ledger_tree WHERE level = NEW.level - 1 AND position = 256 * NEW.position + 255)
  END) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_logs_ledger_tree is written by the ledger only');
END;
CREATE TRIGGER audit_logs_ledger_tree_append_only_update BEFORE UPDATE ON audit_logs_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of audit_logs_ledger_tree are never changed and never deleted');
END;

CREATE TABLE record_changes (
  id         INTEGER CONSTRAINT record_changes_pkey PRIMARY KEY AUTOINCREMENT
    CONSTRAINT record_changes_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
  at         TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
    CONSTRAINT record_changes_at_check CHECK (
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
    CONSTRAINT record_changes_operation_check CHECK (operation IN ('insert', 'update', 'delete')),
  row_key    TEXT    NOT NULL CONSTRAINT record_changes_row_key_check CHECK (json_valid(row_key)),
  before     TEXT CONSTRAINT record_changes_before_check CHECK (json_valid(before)),
  "after"    TEXT CONSTRAINT record_changes_after_check CHECK (json_valid("after")),
  unseen     TEXT CONSTRAINT record_changes_unseen_check CHECK (json_valid(unseen))
) STRICT;
CREATE INDEX record_changes_table_name_row_key_idx ON record_changes (table_name, row_key);
CREATE INDEX record_changes_at_idx ON record_changes (at);
CREATE TRIGGER record_changes_append_only_update BEFORE UPDATE ON record_changes
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of record_changes are never changed');
END;
CREATE TRIGGER record_changes_append_only_delete BEFORE DELETE ON record_changes
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of record_changes are never deleted');
END;
CREATE TRIGGER record_changes_append_only_insert BEFORE INSERT ON record_changes
WHEN EXISTS (SELECT 1 FROM record_changes WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of record_changes with this key exists and is never replaced');
END;
CREATE TRIGGER record_changes_trail_insert BEFORE INSERT ON record_changes
WHEN NOT EXISTS (SELECT 1 FROM ashlar_session WHERE actor IS NEW.actor AND scope IS NEW.scope)
  OR NEW.role IS NOT 'session'
  OR NEW.at IS NOT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')
  OR NEW.id <> -1
BEGIN
  SELECT RAISE(ABORT, 'ashlar/trail: rows of record_changes are written by the database only');
END;
CREATE TABLE record_changes_ledger_entries (
  id      INTEGER CONSTRAINT record_changes_ledger_entries_pkey PRIMARY KEY AUTOINCREMENT,
  row_key TEXT    NOT NULL,
  entry   TEXT    NOT NULL,
  CONSTRAINT record_changes_ledger_entries_row_key_key UNIQUE (row_key)
) STRICT;
CREATE TABLE record_changes_ledger_tree (
  level    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash     BLOB    NOT NULL CONSTRAINT record_changes_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key  TEXT,
  CONSTRAINT record_changes_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT record_changes_ledger_tree_row_key_key UNIQUE (row_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE record_changes_ledger_blocks (
  size      INTEGER NOT NULL,
  root      BLOB    NOT NULL CONSTRAINT record_changes_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT record_changes_ledger_blocks_pkey PRIMARY KEY (size)
) STRICT, WITHOUT ROWID;
CREATE TABLE record_changes_ledger_head (
  id             INTEGER NOT NULL CONSTRAINT record_changes_ledger_head_id_check CHECK (id = 1),
  size           INTEGER NOT NULL,
  frontier       BLOB    NOT NULL,
  sealed         INTEGER NOT NULL,
  first_provable INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT record_changes_ledger_head_pkey PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER record_changes_ledger_entries_append_only_update BEFORE UPDATE ON record_changes_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_changes_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER record_changes_ledger_entries_append_only_delete BEFORE DELETE ON record_changes_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_changes_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER record_changes_ledger_entries_append_only_insert BEFORE INSERT ON record_changes_ledger_entries
WHEN (NOT EXISTS (SELECT 1 FROM record_changes_ledger_entries WHERE row_key = NEW.row_key)
  AND NOT EXISTS (SELECT 1 FROM record_changes_ledger_entries WHERE id = NEW.id)
  AND EXISTS (SELECT 1 FROM record_changes AS owner WHERE owner.id = NEW.row_key AND CAST(owner.id AS TEXT) = NEW.row_key)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_entries is written by the ledger only');
END;
CREATE TRIGGER record_changes_ledger_tree_append_only_update BEFORE UPDATE ON record_changes_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_changes_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER record_changes_ledger_tree_append_only_delete BEFORE DELETE ON record_changes_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_changes_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER record_changes_ledger_tree_append_only_insert BEFORE INSERT ON record_changes_ledger_tree
WHEN (CASE NEW.level
    WHEN 0 THEN NEW.position = coalesce((SELECT max(position) + 1 FROM record_changes_ledger_tree WHERE level = 0), 0)
      AND EXISTS (SELECT 1 FROM record_changes_ledger_entries WHERE row_key = NEW.row_key)
      AND NOT EXISTS (SELECT 1 FROM record_changes_ledger_tree WHERE row_key = NEW.row_key)
    ELSE NEW.row_key IS NULL
      AND NOT EXISTS (SELECT 1 FROM record_changes_ledger_tree WHERE level = NEW.level AND position = NEW.position)
      AND EXISTS (SELECT 1 FROM record_changes_ledger_tree WHERE level = NEW.level - 1 AND position = 256 * NEW.position + 255)
  END) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_tree is written by the ledger only');
END;
CREATE TRIGGER record_changes_ledger_blocks_append_only_update BEFORE UPDATE ON record_changes_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_changes_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER record_changes_ledger_blocks_append_only_delete BEFORE DELETE ON record_changes_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_changes_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER record_changes_ledger_blocks_append_only_insert BEFORE INSERT ON record_changes_ledger_blocks
WHEN (NOT EXISTS (SELECT 1 FROM record_changes_ledger_blocks WHERE size = NEW.size)
  AND NEW.size = (SELECT max(position) + 1 FROM record_changes_ledger_tree WHERE level = 0)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_blocks is written by the ledger only');
END;
CREATE TRIGGER record_changes_ledger_head_update BEFORE UPDATE ON record_changes_ledger_head
WHEN ((NEW.size = (SELECT max(size) FROM record_changes_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable)
  OR (NEW.id IS OLD.id  AND NEW.size IS OLD.size  AND NEW.frontier IS OLD.frontier  AND NEW.sealed IS OLD.sealed AND NEW.first_provable BETWEEN OLD.first_provable + 1 AND OLD.size)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_head is written by the ledger only');
END;
CREATE TRIGGER record_changes_ledger_head_delete BEFORE DELETE ON record_changes_ledger_head
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_head is written by the ledger only');
END;
CREATE TRIGGER record_changes_ledger_head_insert BEFORE INSERT ON record_changes_ledger_head
WHEN NEW.size <> 0
  OR EXISTS (SELECT 1 FROM record_changes_ledger_head)
  OR EXISTS (SELECT 1 FROM record_changes_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_head is written by the ledger only');
END;
CREATE TRIGGER record_changes_ledger_append AFTER INSERT ON record_changes
BEGIN
  INSERT INTO record_changes_ledger_entries (row_key, entry)
  VALUES (
    CAST(NEW.id AS TEXT),
    '["ashlar/entry/v1","record_changes","'
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

CREATE TRIGGER audit_logs_ledger_append AFTER INSERT ON audit_logs
BEGIN
  INSERT INTO audit_logs_ledger_entries (row_key, entry)
  VALUES (
    json_array(NEW.id, NEW.created_at),
    '["ashlar/entry/v1","audit_logs","'
    || lower(hex(randomblob(16))) || '","' || strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') || '",{'
    || substr(
      ',"id":' || json_quote(NEW.id)
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"event_type":' || json_quote(NEW.event_type)
      || ',"event_category":' || json_quote(NEW.event_category)
      || iif(NEW.user_id IS NULL, '', ',"user_id":' || json_quote(NEW.user_id))
      || iif(NEW.session_id IS NULL, '', ',"session_id":' || json_quote(NEW.session_id))
      || iif(NEW.ip_address IS NULL, '', ',"ip_address":' || json_quote(NEW.ip_address))
      || iif(NEW.user_agent IS NULL, '', ',"user_agent":' || json_quote(NEW.user_agent))
      || iif(NEW.resource_type IS NULL, '', ',"resource_type":' || json_quote(NEW.resource_type))
      || iif(NEW.resource_id IS NULL, '', ',"resource_id":' || json_quote(NEW.resource_id))
      || ',"details":' || NEW.details
    , 2) || '}]'
  );
END;

CREATE TRIGGER clauses_audited_delete AFTER DELETE ON clauses
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'clauses', 'delete',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"code":' || json_quote(OLD.code)
      || ',"name":' || json_quote(OLD.name)
      || ',"category":' || json_quote(OLD.category)
      || ',"version":' || OLD.version
      || ',"is_current":' || iif(OLD.is_current, 'true', 'false')
      || ',"previous_version_id":' || iif(OLD.previous_version_id IS NULL, 'null', json_quote(OLD.previous_version_id))
      || ',"template_text":' || json_quote(OLD.template_text)
      || ',"variables_schema":' || OLD.variables_schema
      || ',"will_types":' || OLD.will_types
      || ',"is_required":' || iif(OLD.is_required, 'true', 'false')
      || ',"display_order":' || OLD.display_order
      || ',"approved_by":' || json_quote(OLD.approved_by)
      || ',"approved_at":' || json_quote(OLD.approved_at)
      || ',"approval_notes":' || iif(OLD.approval_notes IS NULL, 'null', json_quote(OLD.approval_notes))
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    NULL
  FROM ashlar_session;
END;

CREATE TRIGGER clauses_audited_insert AFTER INSERT ON clauses
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'clauses', 'insert',
    '{"id":' || json_quote(NEW.id)
      || '}',
    NULL,
    '{"id":' || json_quote(NEW.id)
      || ',"code":' || json_quote(NEW.code)
      || ',"name":' || json_quote(NEW.name)
      || ',"category":' || json_quote(NEW.category)
      || ',"version":' || NEW.version
      || ',"is_current":' || iif(NEW.is_current, 'true', 'false')
      || ',"previous_version_id":' || iif(NEW.previous_version_id IS NULL, 'null', json_quote(NEW.previous_version_id))
      || ',"template_text":' || json_quote(NEW.template_text)
      || ',"variables_schema":' || NEW.variables_schema
      || ',"will_types":' || NEW.will_types
      || ',"is_required":' || iif(NEW.is_required, 'true', 'false')
      || ',"display_order":' || NEW.display_order
      || ',"approved_by":' || json_quote(NEW.approved_by)
      || ',"approved_at":' || json_quote(NEW.approved_at)
      || ',"approval_notes":' || iif(NEW.approval_notes IS NULL, 'null', json_quote(NEW.approval_notes))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}'
  FROM ashlar_session;
END;

CREATE TRIGGER clauses_audited_update AFTER UPDATE ON clauses
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'clauses', 'update',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"code":' || json_quote(OLD.code)
      || ',"name":' || json_quote(OLD.name)
      || ',"category":' || json_quote(OLD.category)
      || ',"version":' || OLD.version
      || ',"is_current":' || iif(OLD.is_current, 'true', 'false')
      || ',"previous_version_id":' || iif(OLD.previous_version_id IS NULL, 'null', json_quote(OLD.previous_version_id))
      || ',"template_text":' || json_quote(OLD.template_text)
      || ',"variables_schema":' || OLD.variables_schema
      || ',"will_types":' || OLD.will_types
      || ',"is_required":' || iif(OLD.is_required, 'true', 'false')
      || ',"display_order":' || OLD.display_order
      || ',"approved_by":' || json_quote(OLD.approved_by)
      || ',"approved_at":' || json_quote(OLD.approved_at)
      || ',"approval_notes":' || iif(OLD.approval_notes IS NULL, 'null', json_quote(OLD.approval_notes))
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    '{"id":' || json_quote(NEW.id)
      || ',"code":' || json_quote(NEW.code)
      || ',"name":' || json_quote(NEW.name)
      || ',"category":' || json_quote(NEW.category)
      || ',"version":' || NEW.version
      || ',"is_current":' || iif(NEW.is_current, 'true', 'false')
      || ',"previous_version_id":' || iif(NEW.previous_version_id IS NULL, 'null', json_quote(NEW.previous_version_id))
      || ',"template_text":' || json_quote(NEW.template_text)
      || ',"variables_schema":' || NEW.variables_schema
      || ',"will_types":' || NEW.will_types
      || ',"is_required":' || iif(NEW.is_required, 'true', 'false')
      || ',"display_order":' || NEW.display_order
      || ',"approved_by":' || json_quote(NEW.approved_by)
      || ',"approved_at":' || json_quote(NEW.approved_at)
      || ',"approval_notes":' || iif(NEW.approval_notes IS NULL, 'null', json_quote(NEW.approval_notes))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}'
  FROM ashlar_session;
END;

CREATE TRIGGER consent_records_audited_delete AFTER DELETE ON consent_records
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'consent_records', 'delete',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"subject_id":' || iif(OLD.subject_id IS NULL, 'null', json_quote(OLD.subject_id))
      || ',"consent_version":' || json_quote(OLD.consent_version)
      || ',"privacy_policy_version":' || json_quote(OLD.privacy_policy_version)
      || ',"consent_categories":' || OLD.consent_categories
      || ',"accepted_at":' || json_quote(OLD.accepted_at)
      || ',"withdrawn_at":' || iif(OLD.withdrawn_at IS NULL, 'null', json_quote(OLD.withdrawn_at))
      || ',"ip_address":' || iif(OLD.ip_address IS NULL, 'null', json_quote(OLD.ip_address))
      || ',"user_agent":' || iif(OLD.user_agent IS NULL, 'null', json_quote(OLD.user_agent))
      || ',"created_at":' || json_quote(OLD.created_at)
      || '}',
    NULL
  FROM ashlar_session;
END;

CREATE TRIGGER consent_records_audited_insert AFTER INSERT ON consent_records
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'consent_records', 'insert',
    '{"id":' || json_quote(NEW.id)
      || '}',
    NULL,
    '{"id":' || json_quote(NEW.id)
      || ',"subject_id":' || iif(NEW.subject_id IS NULL, 'null', json_quote(NEW.subject_id))
      || ',"consent_version":' || json_quote(NEW.consent_version)
      || ',"privacy_policy_version":' || json_quote(NEW.privacy_policy_version)
      || ',"consent_categories":' || NEW.consent_categories
      || ',"accepted_at":' || json_quote(NEW.accepted_at)
      || ',"withdrawn_at":' || iif(NEW.withdrawn_at IS NULL, 'null', json_quote(NEW.withdrawn_at))
      || ',"ip_address":' || iif(NEW.ip_address IS NULL, 'null', json_quote(NEW.ip_address))
      || ',"user_agent":' || iif(NEW.user_agent IS NULL, 'null', json_quote(NEW.user_agent))
      || ',"created_at":' || json_quote(NEW.created_at)
      || '}'
  FROM ashlar_session;
END;

CREATE TRIGGER consent_records_audited_update AFTER UPDATE ON consent_records
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'consent_records', 'update',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"subject_id":' || iif(OLD.subject_id IS NULL, 'null', json_quote(OLD.subject_id))
      || ',"consent_version":' || json_quote(OLD.consent_version)
      || ',"privacy_policy_version":' || json_quote(OLD.privacy_policy_version)
      || ',"consent_categories":' || OLD.consent_categories
      || ',"accepted_at":' || json_quote(OLD.accepted_at)
      || ',"withdrawn_at":' || iif(OLD.withdrawn_at IS NULL, 'null', json_quote(OLD.withdrawn_at))
      || ',"ip_address":' || iif(OLD.ip_address IS NULL, 'null', json_quote(OLD.ip_address))
      || ',"user_agent":' || iif(OLD.user_agent IS NULL, 'null', json_quote(OLD.user_agent))
      || ',"created_at":' || json_quote(OLD.created_at)
      || '}',
    '{"id":' || json_quote(NEW.id)
      || ',"subject_id":' || iif(NEW.subject_id IS NULL, 'null', json_quote(NEW.subject_id))
      || ',"consent_version":' || json_quote(NEW.consent_version)
      || ',"privacy_policy_version":' || json_quote(NEW.privacy_policy_version)
      || ',"consent_categories":' || NEW.consent_categories
      || ',"accepted_at":' || json_quote(NEW.accepted_at)
      || ',"withdrawn_at":' || iif(NEW.withdrawn_at IS NULL, 'null', json_quote(NEW.withdrawn_at))
      || ',"ip_address":' || iif(NEW.ip_address IS NULL, 'null', json_quote(NEW.ip_address))
      || ',"user_agent":' || iif(NEW.user_agent IS NULL, 'null', json_quote(NEW.user_agent))
      || ',"created_at":' || json_quote(NEW.created_at)
      || '}'
  FROM ashlar_session;
END;
