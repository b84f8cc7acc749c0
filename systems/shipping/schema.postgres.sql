CREATE TABLE audit_logs (
  id uuid NOT NULL,
  job_id uuid NOT NULL,
  timestamp timestamptz(3) DEFAULT now() NOT NULL,
  level text COLLATE "C" NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  message text COLLATE "C" NOT NULL,
  details jsonb,
  row_number bigint,
  CONSTRAINT audit_logs_pkey PRIMARY KEY (id),
  CONSTRAINT audit_logs_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs(id) ON DELETE CASCADE,
  CONSTRAINT audit_logs_event_type_check CHECK (event_type = ANY (ARRAY['state_change'::text, 'api_call'::text, 'row_event'::text, 'error'::text])),
  CONSTRAINT audit_logs_level_check CHECK (level = ANY (ARRAY['INFO'::text, 'WARNING'::text, 'ERROR'::text])),
  CONSTRAINT audit_logs_row_number_check CHECK (row_number >= 1 AND row_number <= '9007199254740991'::bigint),
  CONSTRAINT audit_logs_timestamp_check CHECK ("timestamp" >= '0001-01-01 00:00:00+00'::timestamptz AND "timestamp" < '10000-01-01 00:00:00+00'::timestamptz)
);
CREATE INDEX audit_logs_job_id_timestamp_idx ON audit_logs (job_id, "timestamp");

CREATE TABLE job_chunks (
  job_id uuid NOT NULL,
  chunk bigint NOT NULL,
  lo bigint NOT NULL,
  hi bigint NOT NULL,
  state text COLLATE "C" DEFAULT 'open'::text NOT NULL,
  epoch bigint DEFAULT 0 NOT NULL,
  owner text COLLATE "C",
  lease_until timestamptz(3),
  completed_rows bigint DEFAULT 0 NOT NULL,
  failed_rows bigint DEFAULT 0 NOT NULL,
  skipped_rows bigint DEFAULT 0 NOT NULL,
  cost_cents bigint DEFAULT 0 NOT NULL,
  CONSTRAINT job_chunks_pkey PRIMARY KEY (job_id, chunk),
  CONSTRAINT job_chunks_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs(id) ON DELETE CASCADE,
  CONSTRAINT job_chunks_chunk_check CHECK (chunk >= 1 AND chunk <= '9007199254740991'::bigint),
  CONSTRAINT job_chunks_completed_rows_check CHECK (completed_rows >= 0 AND completed_rows <= '9007199254740991'::bigint),
  CONSTRAINT job_chunks_cost_cents_check CHECK (cost_cents >= 0 AND cost_cents <= '9007199254740991'::bigint),
  CONSTRAINT job_chunks_epoch_check CHECK (epoch >= 0 AND epoch <= '9007199254740991'::bigint),
  CONSTRAINT job_chunks_failed_rows_check CHECK (failed_rows >= 0 AND failed_rows <= '9007199254740991'::bigint),
  CONSTRAINT job_chunks_hi_check CHECK (hi >= 1 AND hi <= '9007199254740991'::bigint),
  CONSTRAINT job_chunks_lease_until_check CHECK (lease_until >= '0001-01-01 00:00:00+00'::timestamptz AND lease_until < '10000-01-01 00:00:00+00'::timestamptz),
  CONSTRAINT job_chunks_lo_check CHECK (lo >= 1 AND lo <= '9007199254740991'::bigint),
  CONSTRAINT job_chunks_skipped_rows_check CHECK (skipped_rows >= 0 AND skipped_rows <= '9007199254740991'::bigint),
  CONSTRAINT job_chunks_state_check CHECK (state = ANY (ARRAY['open'::text, 'leased'::text, 'done'::text]))
);
CREATE INDEX job_chunks_open_idx ON job_chunks (job_id, lo) WHERE state <> 'done'::text;

CREATE TABLE job_rows (
  id uuid NOT NULL,
  job_id uuid NOT NULL,
  row_number bigint NOT NULL,
  row_checksum text COLLATE "C" NOT NULL,
  row_data jsonb NOT NULL,
  status text COLLATE "C" DEFAULT 'pending'::text NOT NULL,
  tracking_number text COLLATE "C",
  label_path text COLLATE "C",
  cost_cents bigint,
  error_code text COLLATE "C",
  error_message text COLLATE "C",
  attempts bigint DEFAULT 0 NOT NULL,
  idempotency_key text COLLATE "C",
  created_at timestamptz(3) DEFAULT now() NOT NULL,
  processed_at timestamptz(3),
  CONSTRAINT job_rows_pkey PRIMARY KEY (id),
  CONSTRAINT job_rows_job_id_row_number_key UNIQUE (job_id, row_number),
  CONSTRAINT job_rows_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs(id) ON DELETE CASCADE,
  CONSTRAINT job_rows_attempts_check CHECK (attempts >= 0 AND attempts <= '9007199254740991'::bigint),
  CONSTRAINT job_rows_cost_cents_check CHECK (cost_cents >= 0 AND cost_cents <= '9007199254740991'::bigint),
  CONSTRAINT job_rows_created_at_check CHECK (created_at >= '0001-01-01 00:00:00+00'::timestamptz AND created_at < '10000-01-01 00:00:00+00'::timestamptz),
  CONSTRAINT job_rows_idempotency_key_check CHECK (char_length(idempotency_key) = 64),
  CONSTRAINT job_rows_processed_at_check CHECK (processed_at >= '0001-01-01 00:00:00+00'::timestamptz AND processed_at < '10000-01-01 00:00:00+00'::timestamptz),
  CONSTRAINT job_rows_row_checksum_check CHECK (char_length(row_checksum) = 64),
  CONSTRAINT job_rows_row_number_check CHECK (row_number >= 1 AND row_number <= '9007199254740991'::bigint),
  CONSTRAINT job_rows_status_check CHECK (status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text, 'skipped'::text])),
  CONSTRAINT job_rows_tracking_number_check CHECK (char_length(tracking_number) >= 1)
);
CREATE INDEX job_rows_job_id_status_idx ON job_rows (job_id, status);

CREATE TABLE jobs (
  id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  description text COLLATE "C",
  original_command text COLLATE "C" NOT NULL,
  status text COLLATE "C" DEFAULT 'pending'::text NOT NULL,
  mode text COLLATE "C" DEFAULT 'confirm'::text NOT NULL,
  total_rows bigint DEFAULT 0 NOT NULL,
  processed_rows bigint DEFAULT 0 NOT NULL,
  successful_rows bigint DEFAULT 0 NOT NULL,
  failed_rows bigint DEFAULT 0 NOT NULL,
  total_cost_cents bigint,
  error_code text COLLATE "C",
  error_message text COLLATE "C",
  created_at timestamptz(3) DEFAULT now() NOT NULL,
  started_at timestamptz(3),
  completed_at timestamptz(3),
  updated_at timestamptz(3) DEFAULT now() NOT NULL,
  CONSTRAINT jobs_pkey PRIMARY KEY (id),
  CONSTRAINT jobs_completed_at_check CHECK (completed_at >= '0001-01-01 00:00:00+00'::timestamptz AND completed_at < '10000-01-01 00:00:00+00'::timestamptz),
  CONSTRAINT jobs_created_at_check CHECK (created_at >= '0001-01-01 00:00:00+00'::timestamptz AND created_at < '10000-01-01 00:00:00+00'::timestamptz),
  CONSTRAINT jobs_failed_rows_check CHECK (failed_rows >= 0 AND failed_rows <= '9007199254740991'::bigint),
  CONSTRAINT jobs_mode_check CHECK (mode = ANY (ARRAY['confirm'::text, 'auto'::text])),
  CONSTRAINT jobs_name_check CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  CONSTRAINT jobs_processed_rows_check CHECK (processed_rows >= 0 AND processed_rows <= '9007199254740991'::bigint),
  CONSTRAINT jobs_started_at_check CHECK (started_at >= '0001-01-01 00:00:00+00'::timestamptz AND started_at < '10000-01-01 00:00:00+00'::timestamptz),
  CONSTRAINT jobs_status_check CHECK (status = ANY (ARRAY['pending'::text, 'running'::text, 'paused'::text, 'completed'::text, 'failed'::text, 'cancelled'::text])),
  CONSTRAINT jobs_successful_rows_check CHECK (successful_rows >= 0 AND successful_rows <= '9007199254740991'::bigint),
  CONSTRAINT jobs_total_cost_cents_check CHECK (total_cost_cents >= 0 AND total_cost_cents <= '9007199254740991'::bigint),
  CONSTRAINT jobs_total_rows_check CHECK (total_rows >= 0 AND total_rows <= '9007199254740991'::bigint),
  CONSTRAINT jobs_updated_at_check CHECK (updated_at >= '0001-01-01 00:00:00+00'::timestamptz AND updated_at < '10000-01-01 00:00:00+00'::timestamptz)
);
CREATE INDEX jobs_created_at_idx ON jobs (created_at);
CREATE INDEX jobs_status_idx ON jobs (status);

CREATE OR REPLACE FUNCTION audit_logs_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of audit_logs are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of audit_logs are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION audit_logs_append_only_cascade()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
 SET row_security TO 'off'
AS $function$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  -- a cascade has deleted the parent, and comes through the trigger of the foreign key
  IF pg_trigger_depth() > 1 AND OLD.job_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM jobs WHERE id = OLD.job_id)
  THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of audit_logs leave only with their row of jobs'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION job_rows_status_lifecycle()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF TG_OP = 'INSERT' THEN
    RAISE EXCEPTION 'ashlar/lifecycle: job_rows.status cannot begin as %', NEW.status
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/lifecycle: job_rows.status cannot go from % to %', OLD.status, NEW.status
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION jobs_status_lifecycle()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF TG_OP = 'INSERT' THEN
    RAISE EXCEPTION 'ashlar/lifecycle: jobs.status cannot begin as %', NEW.status
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/lifecycle: jobs.status cannot go from % to %', OLD.status, NEW.status
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE TRIGGER audit_logs_append_only_delete BEFORE DELETE ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_logs_append_only_cascade();
ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only_delete;

CREATE TRIGGER audit_logs_append_only_truncate BEFORE TRUNCATE ON audit_logs FOR EACH STATEMENT EXECUTE FUNCTION audit_logs_append_only();
ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only_truncate;

CREATE TRIGGER audit_logs_append_only_update BEFORE UPDATE ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_logs_append_only();
ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only_update;

CREATE TRIGGER job_rows_status_lifecycle_insert BEFORE INSERT ON job_rows FOR EACH ROW WHEN ((new.status = ANY (ARRAY['pending'::text, 'failed'::text])) IS NOT TRUE) EXECUTE FUNCTION job_rows_status_lifecycle();
ALTER TABLE job_rows ENABLE ALWAYS TRIGGER job_rows_status_lifecycle_insert;

CREATE TRIGGER job_rows_status_lifecycle_update BEFORE UPDATE ON job_rows FOR EACH ROW WHEN (old.status IS DISTINCT FROM new.status AND
        CASE old.status
            WHEN 'pending'::text THEN new.status = ANY (ARRAY['processing'::text, 'skipped'::text, 'failed'::text])
            WHEN 'processing'::text THEN new.status = ANY (ARRAY['completed'::text, 'failed'::text, 'pending'::text])
            WHEN 'failed'::text THEN new.status = 'pending'::text
            ELSE false
        END IS NOT TRUE) EXECUTE FUNCTION job_rows_status_lifecycle();
ALTER TABLE job_rows ENABLE ALWAYS TRIGGER job_rows_status_lifecycle_update;

CREATE TRIGGER jobs_status_lifecycle_insert BEFORE INSERT ON jobs FOR EACH ROW WHEN ((new.status = 'pending'::text) IS NOT TRUE) EXECUTE FUNCTION jobs_status_lifecycle();
ALTER TABLE jobs ENABLE ALWAYS TRIGGER jobs_status_lifecycle_insert;

CREATE TRIGGER jobs_status_lifecycle_update BEFORE UPDATE ON jobs FOR EACH ROW WHEN (old.status IS DISTINCT FROM new.status AND
        CASE old.status
            WHEN 'pending'::text THEN new.status = ANY (ARRAY['running'::text, 'cancelled'::text])
            WHEN 'running'::text THEN new.status = ANY (ARRAY['paused'::text, 'completed'::text, 'failed'::text, 'cancelled'::text])
            WHEN 'paused'::text THEN new.status = ANY (ARRAY['running'::text, 'cancelled'::text])
            WHEN 'failed'::text THEN new.status = ANY (ARRAY['running'::text, 'cancelled'::text])
            ELSE false
        END IS NOT TRUE) EXECUTE FUNCTION jobs_status_lifecycle();
ALTER TABLE jobs ENABLE ALWAYS TRIGGER jobs_status_lifecycle_update;
