-- 0001_initial
-- jobs: create table
-- audit_logs: create table
-- job_chunks: create table
-- job_rows: create table

CREATE TABLE jobs (
  id uuid NOT NULL,
  name text COLLATE "C" NOT NULL CONSTRAINT jobs_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
  description text COLLATE "C",
  original_command text COLLATE "C" NOT NULL,
  status text COLLATE "C" DEFAULT 'pending' NOT NULL
    CONSTRAINT jobs_status_check CHECK (status IN ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled')),
  mode text COLLATE "C" DEFAULT 'confirm' NOT NULL
    CONSTRAINT jobs_mode_check CHECK (mode IN ('confirm', 'auto')),
  total_rows bigint DEFAULT 0 NOT NULL
    CONSTRAINT jobs_total_rows_check CHECK (total_rows BETWEEN 0 AND 9007199254740991),
  processed_rows bigint DEFAULT 0 NOT NULL
    CONSTRAINT jobs_processed_rows_check CHECK (processed_rows BETWEEN 0 AND 9007199254740991),
  successful_rows bigint DEFAULT 0 NOT NULL
    CONSTRAINT jobs_successful_rows_check CHECK (successful_rows BETWEEN 0 AND 9007199254740991),
  failed_rows bigint DEFAULT 0 NOT NULL
    CONSTRAINT jobs_failed_rows_check CHECK (failed_rows BETWEEN 0 AND 9007199254740991),
  total_cost_cents bigint
    CONSTRAINT jobs_total_cost_cents_check CHECK (total_cost_cents BETWEEN 0 AND 9007199254740991),
  error_code text COLLATE "C",
  error_message text COLLATE "C",
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT jobs_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  started_at timestamptz(3)
    CONSTRAINT jobs_started_at_check CHECK (started_at >= '0001-01-01T00:00:00Z' AND started_at < '10000-01-01T00:00:00Z'),
  completed_at timestamptz(3)
    CONSTRAINT jobs_completed_at_check CHECK (completed_at >= '0001-01-01T00:00:00Z' AND completed_at < '10000-01-01T00:00:00Z'),
  updated_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT jobs_updated_at_check CHECK (updated_at >= '0001-01-01T00:00:00Z' AND updated_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT jobs_pkey PRIMARY KEY (id)
);
CREATE INDEX jobs_status_idx ON jobs (status);
CREATE INDEX jobs_created_at_idx ON jobs (created_at);
CREATE FUNCTION jobs_status_lifecycle() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    RAISE EXCEPTION 'ashlar/lifecycle: jobs.status cannot begin as %', NEW.status
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/lifecycle: jobs.status cannot go from % to %', OLD.status, NEW.status
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER jobs_status_lifecycle_insert BEFORE INSERT ON jobs
  FOR EACH ROW
  WHEN ((NEW.status IN ('pending')) IS NOT TRUE)
  EXECUTE FUNCTION jobs_status_lifecycle();

ALTER TABLE jobs ENABLE ALWAYS TRIGGER jobs_status_lifecycle_insert;
CREATE TRIGGER jobs_status_lifecycle_update BEFORE UPDATE ON jobs
  FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status
    AND (CASE OLD.status
      WHEN 'pending' THEN NEW.status IN ('running', 'cancelled')
      WHEN 'running' THEN NEW.status IN ('paused', 'completed', 'failed', 'cancelled')
      WHEN 'paused' THEN NEW.status IN ('running', 'cancelled')
      WHEN 'failed' THEN NEW.status IN ('running', 'cancelled')
      ELSE false
    END) IS NOT TRUE)
  EXECUTE FUNCTION jobs_status_lifecycle();

ALTER TABLE jobs ENABLE ALWAYS TRIGGER jobs_status_lifecycle_update;

CREATE TABLE audit_logs (
  id uuid NOT NULL,
  job_id uuid NOT NULL,
  timestamp timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT audit_logs_timestamp_check CHECK (timestamp >= '0001-01-01T00:00:00Z' AND timestamp < '10000-01-01T00:00:00Z'),
  level text COLLATE "C" NOT NULL
    CONSTRAINT audit_logs_level_check CHECK (level IN ('INFO', 'WARNING', 'ERROR')),
  event_type text COLLATE "C" NOT NULL
    CONSTRAINT audit_logs_event_type_check CHECK (event_type IN ('state_change', 'api_call', 'row_event', 'error')),
  message text COLLATE "C" NOT NULL,
  details jsonb,
  row_number bigint
    CONSTRAINT audit_logs_row_number_check CHECK (row_number BETWEEN 1 AND 9007199254740991),
  CONSTRAINT audit_logs_pkey PRIMARY KEY (id),
  CONSTRAINT audit_logs_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
CREATE INDEX audit_logs_job_id_timestamp_idx ON audit_logs (job_id, timestamp);
CREATE FUNCTION audit_logs_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of audit_logs are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of audit_logs are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION audit_logs_append_only_cascade() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog
SET row_security TO off AS $$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  -- on a cascade the parent is already deleted, and the delete runs in the foreign key's trigger
  IF pg_trigger_depth() > 1 AND OLD.job_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM jobs WHERE id = OLD.job_id)
  THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of audit_logs are deleted only with their row of jobs'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER audit_logs_append_only_update BEFORE UPDATE ON audit_logs
  FOR EACH ROW
  EXECUTE FUNCTION audit_logs_append_only();

ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only_update;
CREATE TRIGGER audit_logs_append_only_delete BEFORE DELETE ON audit_logs
  FOR EACH ROW
  EXECUTE FUNCTION audit_logs_append_only_cascade();

ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only_delete;
CREATE TRIGGER audit_logs_append_only_truncate BEFORE TRUNCATE ON audit_logs
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_logs_append_only();

ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only_truncate;

CREATE TABLE job_chunks (
  job_id uuid NOT NULL,
  chunk bigint NOT NULL CONSTRAINT job_chunks_chunk_check CHECK (chunk BETWEEN 1 AND 9007199254740991),
  lo bigint NOT NULL CONSTRAINT job_chunks_lo_check CHECK (lo BETWEEN 1 AND 9007199254740991),
  hi bigint NOT NULL CONSTRAINT job_chunks_hi_check CHECK (hi BETWEEN 1 AND 9007199254740991),
  state text COLLATE "C" DEFAULT 'open' NOT NULL
    CONSTRAINT job_chunks_state_check CHECK (state IN ('open', 'leased', 'done')),
  epoch bigint DEFAULT 0 NOT NULL
    CONSTRAINT job_chunks_epoch_check CHECK (epoch BETWEEN 0 AND 9007199254740991),
  owner text COLLATE "C",
  lease_until timestamptz(3)
    CONSTRAINT job_chunks_lease_until_check CHECK (lease_until >= '0001-01-01T00:00:00Z' AND lease_until < '10000-01-01T00:00:00Z'),
  completed_rows bigint DEFAULT 0 NOT NULL
    CONSTRAINT job_chunks_completed_rows_check CHECK (completed_rows BETWEEN 0 AND 9007199254740991),
  failed_rows bigint DEFAULT 0 NOT NULL
    CONSTRAINT job_chunks_failed_rows_check CHECK (failed_rows BETWEEN 0 AND 9007199254740991),
  skipped_rows bigint DEFAULT 0 NOT NULL
    CONSTRAINT job_chunks_skipped_rows_check CHECK (skipped_rows BETWEEN 0 AND 9007199254740991),
  cost_cents bigint DEFAULT 0 NOT NULL
    CONSTRAINT job_chunks_cost_cents_check CHECK (cost_cents BETWEEN 0 AND 9007199254740991),
  CONSTRAINT job_chunks_pkey PRIMARY KEY (job_id, chunk),
  CONSTRAINT job_chunks_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
CREATE INDEX job_chunks_open_idx ON job_chunks (job_id, lo) WHERE state <> 'done';

CREATE TABLE job_rows (
  id uuid NOT NULL,
  job_id uuid NOT NULL,
  row_number bigint NOT NULL
    CONSTRAINT job_rows_row_number_check CHECK (row_number BETWEEN 1 AND 9007199254740991),
  row_checksum text COLLATE "C" NOT NULL
    CONSTRAINT job_rows_row_checksum_check CHECK (char_length(row_checksum) = 64),
  row_data jsonb NOT NULL,
  status text COLLATE "C" DEFAULT 'pending' NOT NULL
    CONSTRAINT job_rows_status_check CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'skipped')),
  tracking_number text COLLATE "C"
    CONSTRAINT job_rows_tracking_number_check CHECK (char_length(tracking_number) >= 1),
  label_path text COLLATE "C",
  cost_cents bigint
    CONSTRAINT job_rows_cost_cents_check CHECK (cost_cents BETWEEN 0 AND 9007199254740991),
  error_code text COLLATE "C",
  error_message text COLLATE "C",
  attempts bigint DEFAULT 0 NOT NULL
    CONSTRAINT job_rows_attempts_check CHECK (attempts BETWEEN 0 AND 9007199254740991),
  idempotency_key text COLLATE "C"
    CONSTRAINT job_rows_idempotency_key_check CHECK (char_length(idempotency_key) = 64),
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT job_rows_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  processed_at timestamptz(3)
    CONSTRAINT job_rows_processed_at_check CHECK (processed_at >= '0001-01-01T00:00:00Z' AND processed_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT job_rows_pkey PRIMARY KEY (id),
  CONSTRAINT job_rows_job_id_row_number_key UNIQUE (job_id, row_number),
  CONSTRAINT job_rows_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
CREATE INDEX job_rows_job_id_status_idx ON job_rows (job_id, status);
CREATE FUNCTION job_rows_status_lifecycle() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    RAISE EXCEPTION 'ashlar/lifecycle: job_rows.status cannot begin as %', NEW.status
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/lifecycle: job_rows.status cannot go from % to %', OLD.status, NEW.status
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER job_rows_status_lifecycle_insert BEFORE INSERT ON job_rows
  FOR EACH ROW
  WHEN ((NEW.status IN ('pending', 'failed')) IS NOT TRUE)
  EXECUTE FUNCTION job_rows_status_lifecycle();

ALTER TABLE job_rows ENABLE ALWAYS TRIGGER job_rows_status_lifecycle_insert;
CREATE TRIGGER job_rows_status_lifecycle_update BEFORE UPDATE ON job_rows
  FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status
    AND (CASE OLD.status
      WHEN 'pending' THEN NEW.status IN ('processing', 'skipped', 'failed')
      WHEN 'processing' THEN NEW.status IN ('completed', 'failed', 'pending')
      WHEN 'failed' THEN NEW.status IN ('pending')
      ELSE false
    END) IS NOT TRUE)
  EXECUTE FUNCTION job_rows_status_lifecycle();

ALTER TABLE job_rows ENABLE ALWAYS TRIGGER job_rows_status_lifecycle_update;
