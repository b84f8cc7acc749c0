-- undoes 0006_confirmation_and_import

DROP TRIGGER jobs_audited_update;

DROP TRIGGER jobs_audited_insert;

DROP TRIGGER jobs_audited_delete;

ALTER TABLE jobs DROP COLUMN simulated;

ALTER TABLE jobs DROP COLUMN importer;

ALTER TABLE jobs DROP COLUMN confirmed_at;

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
