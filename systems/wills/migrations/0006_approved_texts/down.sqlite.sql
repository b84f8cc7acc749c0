-- undoes 0006_approved_texts

DROP TRIGGER clauses_versioned_update;

DROP TRIGGER clauses_audited_update;

DROP TRIGGER clauses_audited_insert;

DROP TRIGGER clauses_audited_delete;

ALTER TABLE clauses DROP COLUMN approved_text_sha256;

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
