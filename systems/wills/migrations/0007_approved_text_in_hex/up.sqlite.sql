-- ashlar: rebuild
-- 0007_approved_text_in_hex
-- clauses: change constraints (rebuilds the table)
--   careful: clauses is rewritten; writers wait until it is done.
-- ashlar: makes constraint clauses.clauses_approved_text_hex

CREATE TABLE ashlar_rebuild_clauses (
  id                   TEXT    NOT NULL
    CONSTRAINT clauses_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  code                 TEXT    NOT NULL
    CONSTRAINT clauses_code_check CHECK (length(code) BETWEEN 1 AND 50 AND instr(code, char(0)) = 0),
  name                 TEXT    NOT NULL
    CONSTRAINT clauses_name_check CHECK (length(name) BETWEEN 1 AND 200 AND instr(name, char(0)) = 0),
  category             TEXT    NOT NULL
    CONSTRAINT clauses_category_check CHECK (
      category IN ('revocation', 'executor', 'beneficiary', 'guardian', 'trust', 'usufruct', 'residue', 'witness', 'signature')
    ),
  version              INTEGER NOT NULL DEFAULT 1
    CONSTRAINT clauses_version_check CHECK (version BETWEEN 1 AND 2147483647),
  is_current           INTEGER NOT NULL DEFAULT 1
    CONSTRAINT clauses_is_current_check CHECK (is_current IN (0, 1)),
  previous_version_id  TEXT
    CONSTRAINT clauses_previous_version_id_check CHECK (
      previous_version_id GLOB '????????-????-????-????-????????????'
      AND previous_version_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(previous_version_id, '-', '')) = 32
      AND instr(previous_version_id, char(0)) = 0
    ),
  template_text        TEXT    NOT NULL
    CONSTRAINT clauses_template_text_check CHECK (length(template_text) >= 1),
  variables_schema     TEXT    NOT NULL
    CONSTRAINT clauses_variables_schema_check CHECK (json_valid(variables_schema)),
  will_types           TEXT    NOT NULL CONSTRAINT clauses_will_types_check CHECK (json_valid(will_types)),
  is_required          INTEGER NOT NULL DEFAULT 0
    CONSTRAINT clauses_is_required_check CHECK (is_required IN (0, 1)),
  display_order        INTEGER NOT NULL DEFAULT 0
    CONSTRAINT clauses_display_order_check CHECK (display_order BETWEEN -2147483648 AND 2147483647),
  approved_by          TEXT    NOT NULL
    CONSTRAINT clauses_approved_by_check CHECK (
      length(approved_by) BETWEEN 1 AND 200
      AND instr(approved_by, char(0)) = 0
    ),
  approved_at          TEXT    NOT NULL
    CONSTRAINT clauses_approved_at_check CHECK (
      approved_at IS strftime('%Y-%m-%dT%H:%M:%fZ', approved_at)
      AND approved_at >= '0001'
    ),
  approval_notes       TEXT,
  approved_text_sha256 TEXT
    CONSTRAINT clauses_approved_text_sha256_check CHECK (
      length(approved_text_sha256) = 64
      AND instr(approved_text_sha256, char(0)) = 0
    ),
  created_at           TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT clauses_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  updated_at           TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT clauses_updated_at_check CHECK (
      updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
      AND updated_at >= '0001'
    ),
  CONSTRAINT clauses_pkey PRIMARY KEY (id),
  CONSTRAINT clauses_previous_version_id_fkey FOREIGN KEY (previous_version_id) REFERENCES clauses (id) ON DELETE RESTRICT,
  CONSTRAINT clauses_approved_text_hex CHECK (ltrim(approved_text_sha256, '0123456789abcdef') = '')
) STRICT;
INSERT INTO ashlar_rebuild_clauses (
  rowid, id, code, name, category, version, is_current, previous_version_id, template_text, variables_schema,
  will_types, is_required, display_order, approved_by, approved_at, approval_notes, approved_text_sha256,
  created_at, updated_at
)
SELECT rowid, id, code, name, category, version, is_current, previous_version_id, template_text, variables_schema,
  will_types, is_required, display_order, approved_by, approved_at, approval_notes, approved_text_sha256,
  created_at, updated_at
FROM clauses;
DROP TABLE clauses;
PRAGMA legacy_alter_table = ON;
ALTER TABLE ashlar_rebuild_clauses RENAME TO clauses;
PRAGMA legacy_alter_table = OFF;
CREATE INDEX clauses_category_is_current_idx ON clauses (category, is_current);
CREATE INDEX clauses_code_current_idx ON clauses (code) WHERE is_current;
CREATE UNIQUE INDEX clauses_code_version_idx ON clauses (code, version);
CREATE UNIQUE INDEX clauses_previous_version_id_idx ON clauses (previous_version_id);
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
      || ',"approved_text_sha256":' || iif(OLD.approved_text_sha256 IS NULL, 'null', json_quote(OLD.approved_text_sha256))
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
      || ',"approved_text_sha256":' || iif(NEW.approved_text_sha256 IS NULL, 'null', json_quote(NEW.approved_text_sha256))
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
      || ',"approved_text_sha256":' || iif(OLD.approved_text_sha256 IS NULL, 'null', json_quote(OLD.approved_text_sha256))
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
      || ',"approved_text_sha256":' || iif(NEW.approved_text_sha256 IS NULL, 'null', json_quote(NEW.approved_text_sha256))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}'
  FROM ashlar_session;
END;
CREATE TRIGGER clauses_previous_version_id_fkey_insert BEFORE INSERT ON clauses
WHEN NEW.previous_version_id IS NOT NULL
  AND NOT (NEW.id IS NEW.previous_version_id)
  AND NOT EXISTS (SELECT 1 FROM clauses WHERE id = NEW.previous_version_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: clauses_previous_version_id_fkey');
END;
CREATE TRIGGER clauses_previous_version_id_fkey_update BEFORE UPDATE OF previous_version_id ON clauses
WHEN NEW.previous_version_id IS NOT NULL
  AND NOT (NEW.id IS NEW.previous_version_id)
  AND NOT EXISTS (SELECT 1 FROM clauses WHERE id = NEW.previous_version_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: clauses_previous_version_id_fkey');
END;
CREATE TRIGGER clauses_versioned_delete BEFORE DELETE ON clauses
BEGIN
  SELECT RAISE(ABORT, 'ashlar/versioned: versions of clauses are never deleted');
END;
CREATE TRIGGER clauses_versioned_insert BEFORE INSERT ON clauses
BEGIN
  SELECT RAISE(ABORT, 'ashlar/versioned: a new version of clauses must be the current one')
  WHERE NEW.is_current IS NOT TRUE;
  SELECT RAISE(ABORT, 'ashlar/versioned: the first version of clauses must have the number 1')
  WHERE NEW.previous_version_id IS NULL AND NEW.version IS NOT 1;
  SELECT RAISE(ABORT, 'ashlar/versioned: a new version of clauses must follow the current one of its key')
  WHERE NEW.previous_version_id IS NOT NULL
    AND NOT EXISTS (
      SELECT 1 FROM clauses
      WHERE id = NEW.previous_version_id AND code = NEW.code AND version = NEW.version - 1 AND is_current
    );
  SELECT RAISE(ABORT, 'ashlar/versioned: a row of clauses with this key exists and is never replaced')
  WHERE EXISTS (SELECT 1 FROM clauses WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM clauses WHERE code = NEW.code AND version = NEW.version)
    OR EXISTS (SELECT 1 FROM clauses WHERE rowid = NEW.rowid)
    OR NEW.version IS NULL;
END;
CREATE TRIGGER clauses_versioned_retire AFTER INSERT ON clauses
WHEN NEW.previous_version_id IS NOT NULL
BEGIN
  UPDATE clauses SET is_current = false, updated_at = NEW.updated_at WHERE id = NEW.previous_version_id;
END;
CREATE TRIGGER clauses_versioned_rowid AFTER INSERT ON clauses
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/versioned: rows of clauses have no negative rowid');
END;
CREATE TRIGGER clauses_versioned_update BEFORE UPDATE ON clauses
WHEN NOT (
  OLD.is_current IS TRUE AND NEW.is_current IS FALSE
  AND NEW.rowid IS OLD.rowid
  AND NEW.id IS OLD.id
  AND NEW.code IS OLD.code
  AND NEW.name IS OLD.name
  AND NEW.category IS OLD.category
  AND NEW.version IS OLD.version
  AND NEW.previous_version_id IS OLD.previous_version_id
  AND NEW.template_text IS OLD.template_text
  AND NEW.variables_schema IS OLD.variables_schema
  AND NEW.will_types IS OLD.will_types
  AND NEW.is_required IS OLD.is_required
  AND NEW.display_order IS OLD.display_order
  AND NEW.approved_by IS OLD.approved_by
  AND NEW.approved_at IS OLD.approved_at
  AND NEW.approval_notes IS OLD.approval_notes
  AND NEW.approved_text_sha256 IS OLD.approved_text_sha256
  AND NEW.created_at IS OLD.created_at
  AND EXISTS (SELECT 1 FROM clauses WHERE previous_version_id = OLD.id AND code = OLD.code AND version = OLD.version + 1)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/versioned: versions of clauses are never changed');
END;
