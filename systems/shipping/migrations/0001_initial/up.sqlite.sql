-- 0001_initial
-- jobs: create table
-- audit_logs: create table
-- job_chunks: create table
-- job_rows: create table

CREATE TABLE jobs (
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
CREATE INDEX jobs_status_idx ON jobs (status);
CREATE INDEX jobs_created_at_idx ON jobs (created_at);
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
CREATE TRIGGER jobs_status_lifecycle_replace BEFORE INSERT ON jobs
WHEN EXISTS (SELECT 1 FROM jobs WHERE id = NEW.id AND status IS NOT NEW.status)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/lifecycle: a row of jobs with this key exists and is never replaced');
END;
CREATE TRIGGER jobs_status_lifecycle_move BEFORE UPDATE ON jobs
WHEN (NEW.id IS NOT OLD.id)
  AND (EXISTS (SELECT 1 FROM jobs WHERE id = NEW.id AND status IS NOT NEW.status AND rowid <> OLD.rowid))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/lifecycle: a row of jobs with this key exists and is never replaced');
END;

CREATE TABLE audit_logs (
  id         TEXT    NOT NULL
    CONSTRAINT audit_logs_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  job_id     TEXT    NOT NULL
    CONSTRAINT audit_logs_job_id_check CHECK (
      job_id GLOB '????????-????-????-????-????????????'
      AND job_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(job_id, '-', '')) = 32
      AND instr(job_id, char(0)) = 0
    ),
  timestamp  TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT audit_logs_timestamp_check CHECK (
      timestamp IS strftime('%Y-%m-%dT%H:%M:%fZ', timestamp)
      AND timestamp >= '0001'
    ),
  level      TEXT    NOT NULL CONSTRAINT audit_logs_level_check CHECK (level IN ('INFO', 'WARNING', 'ERROR')),
  event_type TEXT    NOT NULL
    CONSTRAINT audit_logs_event_type_check CHECK (
      event_type IN ('state_change', 'api_call', 'row_event', 'error')
    ),
  message    TEXT    NOT NULL,
  details    TEXT CONSTRAINT audit_logs_details_check CHECK (json_valid(details)),
  row_number INTEGER CONSTRAINT audit_logs_row_number_check CHECK (row_number BETWEEN 1 AND 9007199254740991),
  CONSTRAINT audit_logs_pkey PRIMARY KEY (id),
  CONSTRAINT audit_logs_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX audit_logs_job_id_timestamp_idx ON audit_logs (job_id, timestamp);
CREATE TRIGGER audit_logs_job_id_fkey_insert BEFORE INSERT ON audit_logs
WHEN NEW.job_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = NEW.job_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: audit_logs_job_id_fkey');
END;
CREATE TRIGGER audit_logs_job_id_fkey_update BEFORE UPDATE OF job_id ON audit_logs
WHEN NEW.job_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = NEW.job_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: audit_logs_job_id_fkey');
END;
CREATE TRIGGER audit_logs_append_only_update BEFORE UPDATE ON audit_logs
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of audit_logs are never changed');
END;
CREATE TRIGGER audit_logs_append_only_delete BEFORE DELETE ON audit_logs
WHEN (OLD.job_id IS NULL OR EXISTS (SELECT 1 FROM jobs WHERE id = OLD.job_id))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of audit_logs are deleted only with their row of jobs');
END;
CREATE TRIGGER audit_logs_append_only_insert BEFORE INSERT ON audit_logs
WHEN EXISTS (SELECT 1 FROM audit_logs WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM audit_logs WHERE rowid = NEW.rowid)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of audit_logs with this key exists and is never replaced');
END;
CREATE TRIGGER audit_logs_append_only_rowid AFTER INSERT ON audit_logs
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of audit_logs have no negative rowid');
END;
CREATE TRIGGER IF NOT EXISTS audit_logs_append_only_job_id_insert BEFORE INSERT ON jobs
WHEN EXISTS (SELECT 1 FROM audit_logs WHERE job_id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of jobs that rows of audit_logs refer to is never replaced');
END;
CREATE TRIGGER IF NOT EXISTS audit_logs_append_only_job_id_update BEFORE UPDATE ON jobs
WHEN (NEW.id IS NOT OLD.id)
  AND (EXISTS (SELECT 1 FROM audit_logs WHERE job_id = OLD.id)
    OR EXISTS (SELECT 1 FROM audit_logs WHERE job_id = NEW.id))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of jobs that rows of audit_logs refer to is never replaced');
END;

CREATE TABLE job_chunks (
  job_id         TEXT    NOT NULL
    CONSTRAINT job_chunks_job_id_check CHECK (
      job_id GLOB '????????-????-????-????-????????????'
      AND job_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(job_id, '-', '')) = 32
      AND instr(job_id, char(0)) = 0
    ),
  chunk          INTEGER NOT NULL
    CONSTRAINT job_chunks_chunk_check CHECK (chunk BETWEEN 1 AND 9007199254740991),
  lo             INTEGER NOT NULL CONSTRAINT job_chunks_lo_check CHECK (lo BETWEEN 1 AND 9007199254740991),
  hi             INTEGER NOT NULL CONSTRAINT job_chunks_hi_check CHECK (hi BETWEEN 1 AND 9007199254740991),
  state          TEXT    NOT NULL DEFAULT 'open'
    CONSTRAINT job_chunks_state_check CHECK (state IN ('open', 'leased', 'done')),
  epoch          INTEGER NOT NULL DEFAULT 0
    CONSTRAINT job_chunks_epoch_check CHECK (epoch BETWEEN 0 AND 9007199254740991),
  owner          TEXT,
  lease_until    TEXT
    CONSTRAINT job_chunks_lease_until_check CHECK (
      lease_until IS strftime('%Y-%m-%dT%H:%M:%fZ', lease_until)
      AND lease_until >= '0001'
    ),
  completed_rows INTEGER NOT NULL DEFAULT 0
    CONSTRAINT job_chunks_completed_rows_check CHECK (completed_rows BETWEEN 0 AND 9007199254740991),
  failed_rows    INTEGER NOT NULL DEFAULT 0
    CONSTRAINT job_chunks_failed_rows_check CHECK (failed_rows BETWEEN 0 AND 9007199254740991),
  skipped_rows   INTEGER NOT NULL DEFAULT 0
    CONSTRAINT job_chunks_skipped_rows_check CHECK (skipped_rows BETWEEN 0 AND 9007199254740991),
  cost_cents     INTEGER NOT NULL DEFAULT 0
    CONSTRAINT job_chunks_cost_cents_check CHECK (cost_cents BETWEEN 0 AND 9007199254740991),
  CONSTRAINT job_chunks_pkey PRIMARY KEY (job_id, chunk),
  CONSTRAINT job_chunks_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX job_chunks_open_idx ON job_chunks (job_id, lo) WHERE state <> 'done';
CREATE TRIGGER job_chunks_job_id_fkey_insert BEFORE INSERT ON job_chunks
WHEN NEW.job_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = NEW.job_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: job_chunks_job_id_fkey');
END;
CREATE TRIGGER job_chunks_job_id_fkey_update BEFORE UPDATE OF job_id ON job_chunks
WHEN NEW.job_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = NEW.job_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: job_chunks_job_id_fkey');
END;

CREATE TABLE job_rows (
  id              TEXT    NOT NULL
    CONSTRAINT job_rows_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  job_id          TEXT    NOT NULL
    CONSTRAINT job_rows_job_id_check CHECK (
      job_id GLOB '????????-????-????-????-????????????'
      AND job_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(job_id, '-', '')) = 32
      AND instr(job_id, char(0)) = 0
    ),
  row_number      INTEGER NOT NULL
    CONSTRAINT job_rows_row_number_check CHECK (row_number BETWEEN 1 AND 9007199254740991),
  row_checksum    TEXT    NOT NULL
    CONSTRAINT job_rows_row_checksum_check CHECK (
      length(row_checksum) = 64
      AND instr(row_checksum, char(0)) = 0
    ),
  row_data        TEXT    NOT NULL CONSTRAINT job_rows_row_data_check CHECK (json_valid(row_data)),
  status          TEXT    NOT NULL DEFAULT 'pending'
    CONSTRAINT job_rows_status_check CHECK (
      status IN ('pending', 'processing', 'completed', 'failed', 'skipped')
    ),
  tracking_number TEXT CONSTRAINT job_rows_tracking_number_check CHECK (length(tracking_number) >= 1),
  label_path      TEXT,
  cost_cents      INTEGER
    CONSTRAINT job_rows_cost_cents_check CHECK (cost_cents BETWEEN 0 AND 9007199254740991),
  error_code      TEXT,
  error_message   TEXT,
  attempts        INTEGER NOT NULL DEFAULT 0
    CONSTRAINT job_rows_attempts_check CHECK (attempts BETWEEN 0 AND 9007199254740991),
  idempotency_key TEXT
    CONSTRAINT job_rows_idempotency_key_check CHECK (
      length(idempotency_key) = 64
      AND instr(idempotency_key, char(0)) = 0
    ),
  created_at      TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT job_rows_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  processed_at    TEXT
    CONSTRAINT job_rows_processed_at_check CHECK (
      processed_at IS strftime('%Y-%m-%dT%H:%M:%fZ', processed_at)
      AND processed_at >= '0001'
    ),
  CONSTRAINT job_rows_pkey PRIMARY KEY (id),
  CONSTRAINT job_rows_job_id_row_number_key UNIQUE (job_id, row_number),
  CONSTRAINT job_rows_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX job_rows_job_id_status_idx ON job_rows (job_id, status);
CREATE TRIGGER job_rows_job_id_fkey_insert BEFORE INSERT ON job_rows
WHEN NEW.job_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = NEW.job_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: job_rows_job_id_fkey');
END;
CREATE TRIGGER job_rows_job_id_fkey_update BEFORE UPDATE OF job_id ON job_rows
WHEN NEW.job_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = NEW.job_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: job_rows_job_id_fkey');
END;
CREATE TRIGGER job_rows_status_lifecycle_insert BEFORE INSERT ON job_rows
WHEN (NEW.status IN ('pending', 'failed')) IS NOT TRUE
BEGIN
  SELECT CASE NEW.status
    WHEN 'processing' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot begin as processing')
    WHEN 'completed' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot begin as completed')
    WHEN 'skipped' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot begin as skipped')
    ELSE RAISE(ABORT, 'ashlar/lifecycle: job_rows.status has no such status')
  END;
END;
CREATE TRIGGER job_rows_status_lifecycle_update BEFORE UPDATE ON job_rows
WHEN OLD.status IS DISTINCT FROM NEW.status
  AND (CASE OLD.status
    WHEN 'pending' THEN NEW.status IN ('processing', 'skipped', 'failed')
    WHEN 'processing' THEN NEW.status IN ('completed', 'failed', 'pending')
    WHEN 'failed' THEN NEW.status IN ('pending')
    ELSE false
  END) IS NOT TRUE
BEGIN
  SELECT CASE OLD.status || ' to ' || NEW.status
    WHEN 'pending to completed' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from pending to completed')
    WHEN 'processing to skipped' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from processing to skipped')
    WHEN 'completed to pending' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from completed to pending')
    WHEN 'completed to processing' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from completed to processing')
    WHEN 'completed to failed' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from completed to failed')
    WHEN 'completed to skipped' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from completed to skipped')
    WHEN 'failed to processing' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from failed to processing')
    WHEN 'failed to completed' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from failed to completed')
    WHEN 'failed to skipped' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from failed to skipped')
    WHEN 'skipped to pending' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from skipped to pending')
    WHEN 'skipped to processing' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from skipped to processing')
    WHEN 'skipped to completed' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from skipped to completed')
    WHEN 'skipped to failed' THEN RAISE(ABORT, 'ashlar/lifecycle: job_rows.status cannot go from skipped to failed')
    ELSE RAISE(ABORT, 'ashlar/lifecycle: job_rows.status has no such status')
  END;
END;
CREATE TRIGGER job_rows_status_lifecycle_replace BEFORE INSERT ON job_rows
WHEN EXISTS (SELECT 1 FROM job_rows WHERE id = NEW.id AND status IS NOT NEW.status)
  OR EXISTS (SELECT 1 FROM job_rows WHERE job_id = NEW.job_id AND row_number = NEW.row_number AND status IS NOT NEW.status)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/lifecycle: a row of job_rows with this key exists and is never replaced');
END;
CREATE TRIGGER job_rows_status_lifecycle_move BEFORE UPDATE ON job_rows
WHEN (NEW.id IS NOT OLD.id OR NEW.job_id IS NOT OLD.job_id OR NEW.row_number IS NOT OLD.row_number)
  AND (EXISTS (SELECT 1 FROM job_rows WHERE id = NEW.id AND status IS NOT NEW.status AND rowid <> OLD.rowid)
  OR EXISTS (SELECT 1 FROM job_rows WHERE job_id = NEW.job_id AND row_number = NEW.row_number AND status IS NOT NEW.status AND rowid <> OLD.rowid))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/lifecycle: a row of job_rows with this key exists and is never replaced');
END;
