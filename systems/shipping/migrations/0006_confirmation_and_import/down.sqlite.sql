-- ashlar: rebuild
-- undoes 0006_confirmation_and_import

CREATE TABLE ashlar_rebuild_jobs (
  id               TEXT    NOT NULL
    CONSTRAINT jobs_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  name             TEXT    NOT NULL
    CONSTRAINT jobs_name_check CHECK (length(name) BETWEEN 1 AND 200 AND instr(name, char(0)) = 0),
  description      TEXT,
  original_command TEXT    NOT NULL,
  status           TEXT    NOT NULL DEFAULT 'pending'
    CONSTRAINT jobs_status_check CHECK (
      status IN ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled')
    ),
  mode             TEXT    NOT NULL DEFAULT 'confirm'
    CONSTRAINT jobs_mode_check CHECK (mode IN ('confirm', 'auto')),
  total_rows       INTEGER NOT NULL DEFAULT 0
    CONSTRAINT jobs_total_rows_check CHECK (total_rows BETWEEN 0 AND 9007199254740991),
  processed_rows   INTEGER NOT NULL DEFAULT 0
    CONSTRAINT jobs_processed_rows_check CHECK (processed_rows BETWEEN 0 AND 9007199254740991),
  successful_rows  INTEGER NOT NULL DEFAULT 0
    CONSTRAINT jobs_successful_rows_check CHECK (successful_rows BETWEEN 0 AND 9007199254740991),
  failed_rows      INTEGER NOT NULL DEFAULT 0
    CONSTRAINT jobs_failed_rows_check CHECK (failed_rows BETWEEN 0 AND 9007199254740991),
  total_cost_cents INTEGER
    CONSTRAINT jobs_total_cost_cents_check CHECK (total_cost_cents BETWEEN 0 AND 9007199254740991),
  error_code       TEXT,
  error_message    TEXT,
  created_at       TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT jobs_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  started_at       TEXT
    CONSTRAINT jobs_started_at_check CHECK (
      started_at IS strftime('%Y-%m-%dT%H:%M:%fZ', started_at)
      AND started_at >= '0001'
    ),
  completed_at     TEXT
    CONSTRAINT jobs_completed_at_check CHECK (
      completed_at IS strftime('%Y-%m-%dT%H:%M:%fZ', completed_at)
      AND completed_at >= '0001'
    ),
  updated_at       TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT jobs_updated_at_check CHECK (
      updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
      AND updated_at >= '0001'
    ),
  CONSTRAINT jobs_pkey PRIMARY KEY (id)
) STRICT;
INSERT INTO ashlar_rebuild_jobs (
  rowid, id, name, description, original_command, status, mode, total_rows, processed_rows, successful_rows,
  failed_rows, total_cost_cents, error_code, error_message, created_at, started_at, completed_at, updated_at
)
SELECT rowid, id, name, description, original_command, status, mode, total_rows, processed_rows, successful_rows,
  failed_rows, total_cost_cents, error_code, error_message, created_at, started_at, completed_at, updated_at
FROM jobs;
DROP TABLE jobs;
PRAGMA legacy_alter_table = ON;
ALTER TABLE ashlar_rebuild_jobs RENAME TO jobs;
PRAGMA legacy_alter_table = OFF;
CREATE INDEX jobs_created_at_idx ON jobs (created_at);
CREATE INDEX jobs_status_idx ON jobs (status);
CREATE TRIGGER audit_logs_append_only_job_id_insert BEFORE INSERT ON jobs
WHEN EXISTS (SELECT 1 FROM audit_logs WHERE job_id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of jobs that rows of audit_logs refer to is never replaced');
END;
CREATE TRIGGER audit_logs_append_only_job_id_update BEFORE UPDATE ON jobs
WHEN (NEW.id IS NOT OLD.id)
  AND (EXISTS (SELECT 1 FROM audit_logs WHERE job_id = OLD.id)
    OR EXISTS (SELECT 1 FROM audit_logs WHERE job_id = NEW.id))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of jobs that rows of audit_logs refer to is never replaced');
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
CREATE TRIGGER jobs_status_lifecycle_insert BEFORE INSERT ON jobs
WHEN (NEW.status IN ('pending')) IS NOT TRUE
BEGIN
  SELECT CASE NEW.status
    WHEN 'running' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot begin as running')
    WHEN 'paused' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot begin as paused')
    WHEN 'completed' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot begin as completed')
    WHEN 'failed' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot begin as failed')
    WHEN 'cancelled' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot begin as cancelled')
    ELSE RAISE(ABORT, 'ashlar/lifecycle: jobs.status has no such status')
  END;
END;
CREATE TRIGGER jobs_status_lifecycle_move BEFORE UPDATE ON jobs
WHEN (NEW.id IS NOT OLD.id)
  AND (EXISTS (SELECT 1 FROM jobs WHERE id = NEW.id AND status IS NOT NEW.status AND rowid <> OLD.rowid))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/lifecycle: a row of jobs with this key exists and is never replaced');
END;
CREATE TRIGGER jobs_status_lifecycle_replace BEFORE INSERT ON jobs
WHEN EXISTS (SELECT 1 FROM jobs WHERE id = NEW.id AND status IS NOT NEW.status)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/lifecycle: a row of jobs with this key exists and is never replaced');
END;
CREATE TRIGGER jobs_status_lifecycle_update BEFORE UPDATE ON jobs
WHEN OLD.status IS DISTINCT FROM NEW.status
  AND (CASE OLD.status
    WHEN 'pending' THEN NEW.status IN ('running', 'cancelled')
    WHEN 'running' THEN NEW.status IN ('paused', 'completed', 'failed', 'cancelled')
    WHEN 'paused' THEN NEW.status IN ('running', 'cancelled')
    WHEN 'failed' THEN NEW.status IN ('running', 'cancelled')
    ELSE false
  END) IS NOT TRUE
BEGIN
  SELECT CASE OLD.status || ' to ' || NEW.status
    WHEN 'pending to paused' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from pending to paused')
    WHEN 'pending to completed' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from pending to completed')
    WHEN 'pending to failed' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from pending to failed')
    WHEN 'running to pending' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from running to pending')
    WHEN 'paused to pending' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from paused to pending')
    WHEN 'paused to completed' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from paused to completed')
    WHEN 'paused to failed' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from paused to failed')
    WHEN 'completed to pending' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from completed to pending')
    WHEN 'completed to running' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from completed to running')
    WHEN 'completed to paused' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from completed to paused')
    WHEN 'completed to failed' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from completed to failed')
    WHEN 'completed to cancelled' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from completed to cancelled')
    WHEN 'failed to pending' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from failed to pending')
    WHEN 'failed to paused' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from failed to paused')
    WHEN 'failed to completed' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from failed to completed')
    WHEN 'cancelled to pending' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from cancelled to pending')
    WHEN 'cancelled to running' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from cancelled to running')
    WHEN 'cancelled to paused' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from cancelled to paused')
    WHEN 'cancelled to completed' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from cancelled to completed')
    WHEN 'cancelled to failed' THEN RAISE(ABORT, 'ashlar/lifecycle: jobs.status cannot go from cancelled to failed')
    ELSE RAISE(ABORT, 'ashlar/lifecycle: jobs.status has no such status')
  END;
END;
