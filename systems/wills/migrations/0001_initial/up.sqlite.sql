-- 0001_initial
-- audit_logs: create table
-- clauses: create table
-- consent_records: create table

CREATE TABLE audit_logs (
  id             TEXT NOT NULL
    CONSTRAINT audit_logs_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  created_at     TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT audit_logs_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  event_type     TEXT NOT NULL
    CONSTRAINT audit_logs_event_type_check CHECK (
      length(event_type) BETWEEN 1 AND 100
      AND instr(event_type, char(0)) = 0
    ),
  event_category TEXT NOT NULL
    CONSTRAINT audit_logs_event_category_check CHECK (
      length(event_category) BETWEEN 1 AND 50
      AND instr(event_category, char(0)) = 0
    ),
  user_id        TEXT
    CONSTRAINT audit_logs_user_id_check CHECK (
      length(user_id) BETWEEN 1 AND 255
      AND instr(user_id, char(0)) = 0
    ),
  session_id     TEXT CONSTRAINT audit_logs_session_id_check CHECK (length(session_id) >= 1),
  ip_address     TEXT,
  user_agent     TEXT,
  resource_type  TEXT CONSTRAINT audit_logs_resource_type_check CHECK (length(resource_type) >= 1),
  resource_id    TEXT CONSTRAINT audit_logs_resource_id_check CHECK (length(resource_id) >= 1),
  details        TEXT NOT NULL DEFAULT '{}' CONSTRAINT audit_logs_details_check CHECK (json_valid(details)),
  CONSTRAINT audit_logs_pkey PRIMARY KEY (id, created_at)
) STRICT;
CREATE INDEX audit_logs_event_type_created_at_idx ON audit_logs (event_type, created_at);
CREATE INDEX audit_logs_user_id_created_at_idx ON audit_logs (user_id, created_at);
CREATE INDEX audit_logs_event_category_idx ON audit_logs (event_category);
CREATE INDEX audit_logs_created_at_idx ON audit_logs (created_at);
CREATE TRIGGER audit_logs_append_only_update BEFORE UPDATE ON audit_logs
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of audit_logs are never changed');
END;
CREATE TRIGGER audit_logs_append_only_delete BEFORE DELETE ON audit_logs
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of audit_logs are never deleted');
END;
CREATE TRIGGER audit_logs_append_only_insert BEFORE INSERT ON audit_logs
WHEN EXISTS (SELECT 1 FROM audit_logs WHERE id = NEW.id AND created_at = NEW.created_at)
  OR EXISTS (SELECT 1 FROM audit_logs WHERE rowid = NEW.rowid)
  OR NEW.created_at IS NULL
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of audit_logs with this key exists and is never replaced');
END;
CREATE TRIGGER audit_logs_append_only_rowid AFTER INSERT ON audit_logs
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of audit_logs have no negative rowid');
END;

CREATE TABLE clauses (
  id                  TEXT    NOT NULL
    CONSTRAINT clauses_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  code                TEXT    NOT NULL
    CONSTRAINT clauses_code_check CHECK (length(code) BETWEEN 1 AND 50 AND instr(code, char(0)) = 0),
  name                TEXT    NOT NULL
    CONSTRAINT clauses_name_check CHECK (length(name) BETWEEN 1 AND 200 AND instr(name, char(0)) = 0),
  category            TEXT    NOT NULL
    CONSTRAINT clauses_category_check CHECK (
      category IN ('revocation', 'executor', 'beneficiary', 'guardian', 'trust', 'usufruct', 'residue', 'witness', 'signature')
    ),
  version             INTEGER NOT NULL DEFAULT 1
    CONSTRAINT clauses_version_check CHECK (version BETWEEN 1 AND 2147483647),
  is_current          INTEGER NOT NULL DEFAULT 1
    CONSTRAINT clauses_is_current_check CHECK (is_current IN (0, 1)),
  previous_version_id TEXT
    CONSTRAINT clauses_previous_version_id_check CHECK (
      previous_version_id GLOB '????????-????-????-????-????????????'
      AND previous_version_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(previous_version_id, '-', '')) = 32
      AND instr(previous_version_id, char(0)) = 0
    ),
  template_text       TEXT    NOT NULL
    CONSTRAINT clauses_template_text_check CHECK (length(template_text) >= 1),
  variables_schema    TEXT    NOT NULL
    CONSTRAINT clauses_variables_schema_check CHECK (json_valid(variables_schema)),
  will_types          TEXT    NOT NULL CONSTRAINT clauses_will_types_check CHECK (json_valid(will_types)),
  is_required         INTEGER NOT NULL DEFAULT 0
    CONSTRAINT clauses_is_required_check CHECK (is_required IN (0, 1)),
  display_order       INTEGER NOT NULL DEFAULT 0
    CONSTRAINT clauses_display_order_check CHECK (display_order BETWEEN -2147483648 AND 2147483647),
  approved_by         TEXT    NOT NULL
    CONSTRAINT clauses_approved_by_check CHECK (
      length(approved_by) BETWEEN 1 AND 200
      AND instr(approved_by, char(0)) = 0
    ),
  approved_at         TEXT    NOT NULL
    CONSTRAINT clauses_approved_at_check CHECK (
      approved_at IS strftime('%Y-%m-%dT%H:%M:%fZ', approved_at)
      AND approved_at >= '0001'
    ),
  approval_notes      TEXT,
  created_at          TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT clauses_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  updated_at          TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT clauses_updated_at_check CHECK (
      updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
      AND updated_at >= '0001'
    ),
  CONSTRAINT clauses_pkey PRIMARY KEY (id),
  CONSTRAINT clauses_previous_version_id_fkey FOREIGN KEY (previous_version_id) REFERENCES clauses (id) ON DELETE RESTRICT
) STRICT;
CREATE INDEX clauses_category_is_current_idx ON clauses (category, is_current);
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
CREATE UNIQUE INDEX clauses_code_version_idx ON clauses (code, version);
CREATE UNIQUE INDEX clauses_previous_version_id_idx ON clauses (previous_version_id);
CREATE INDEX clauses_code_current_idx ON clauses (code) WHERE is_current;
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
CREATE TRIGGER clauses_versioned_rowid AFTER INSERT ON clauses
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/versioned: rows of clauses have no negative rowid');
END;
CREATE TRIGGER clauses_versioned_retire AFTER INSERT ON clauses
WHEN NEW.previous_version_id IS NOT NULL
BEGIN
  UPDATE clauses SET is_current = false, updated_at = NEW.updated_at WHERE id = NEW.previous_version_id;
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
  AND NEW.created_at IS OLD.created_at
  AND EXISTS (SELECT 1 FROM clauses WHERE previous_version_id = OLD.id AND code = OLD.code AND version = OLD.version + 1)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/versioned: versions of clauses are never changed');
END;
CREATE TRIGGER clauses_versioned_delete BEFORE DELETE ON clauses
BEGIN
  SELECT RAISE(ABORT, 'ashlar/versioned: versions of clauses are never deleted');
END;

CREATE TABLE consent_records (
  id                     TEXT NOT NULL
    CONSTRAINT consent_records_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  subject_id             TEXT
    CONSTRAINT consent_records_subject_id_check CHECK (
      length(subject_id) BETWEEN 1 AND 255
      AND instr(subject_id, char(0)) = 0
    ),
  consent_version        TEXT NOT NULL
    CONSTRAINT consent_records_consent_version_check CHECK (
      length(consent_version) BETWEEN 1 AND 50
      AND instr(consent_version, char(0)) = 0
    ),
  privacy_policy_version TEXT NOT NULL
    CONSTRAINT consent_records_privacy_policy_version_check CHECK (
      length(privacy_policy_version) BETWEEN 1 AND 50
      AND instr(privacy_policy_version, char(0)) = 0
    ),
  consent_categories     TEXT NOT NULL
    CONSTRAINT consent_records_consent_categories_check CHECK (json_valid(consent_categories)),
  accepted_at            TEXT NOT NULL
    CONSTRAINT consent_records_accepted_at_check CHECK (
      accepted_at IS strftime('%Y-%m-%dT%H:%M:%fZ', accepted_at)
      AND accepted_at >= '0001'
    ),
  withdrawn_at           TEXT
    CONSTRAINT consent_records_withdrawn_at_check CHECK (
      withdrawn_at IS strftime('%Y-%m-%dT%H:%M:%fZ', withdrawn_at)
      AND withdrawn_at >= '0001'
    ),
  ip_address             TEXT,
  user_agent             TEXT,
  created_at             TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT consent_records_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  CONSTRAINT consent_records_pkey PRIMARY KEY (id),
  CONSTRAINT consent_records_withdrawn_after_accepted CHECK (withdrawn_at >= accepted_at)
) STRICT;
CREATE INDEX consent_records_accepted_at_idx ON consent_records (accepted_at);
CREATE INDEX consent_records_subject_id_accepted_at_idx ON consent_records (subject_id, accepted_at);
CREATE TRIGGER consent_records_append_only_update BEFORE UPDATE ON consent_records
WHEN NOT (NEW.rowid IS OLD.rowid
    AND NEW.id IS OLD.id
    AND NEW.subject_id IS OLD.subject_id
    AND NEW.consent_version IS OLD.consent_version
    AND NEW.privacy_policy_version IS OLD.privacy_policy_version
    AND NEW.consent_categories IS OLD.consent_categories
    AND NEW.accepted_at IS OLD.accepted_at
    AND NEW.ip_address IS OLD.ip_address
    AND NEW.user_agent IS OLD.user_agent
    AND NEW.created_at IS OLD.created_at
    AND (OLD.withdrawn_at IS NULL OR NEW.withdrawn_at IS OLD.withdrawn_at)
    AND ((OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL)))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of consent_records are never changed, except that withdrawn_at is set once');
END;
CREATE TRIGGER consent_records_append_only_delete BEFORE DELETE ON consent_records
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of consent_records are never deleted');
END;
CREATE TRIGGER consent_records_append_only_insert BEFORE INSERT ON consent_records
WHEN EXISTS (SELECT 1 FROM consent_records WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM consent_records WHERE rowid = NEW.rowid)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of consent_records with this key exists and is never replaced');
END;
CREATE TRIGGER consent_records_append_only_rowid AFTER INSERT ON consent_records
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of consent_records have no negative rowid');
END;
