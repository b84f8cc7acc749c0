-- 0006_confirmation_and_import
-- replace function jobs_audited
-- jobs: add column confirmed_at
-- jobs: add column importer
-- jobs: add column simulated
-- jobs: add check jobs_confirmed
-- ashlar: makes column jobs.confirmed_at, column jobs.importer, column jobs.simulated
-- ashlar: makes constraint jobs.jobs_confirmed, constraint jobs.jobs_confirmed_at_check

CREATE OR REPLACE FUNCTION jobs_audited()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
 SET extra_float_digits TO '1'
 SET enable_nestloop TO 'off'
AS $function$
DECLARE
  acting pg_catalog.record;
BEGIN
  IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> 'jobs'::regclass THEN
    RAISE EXCEPTION 'ashlar: only triggers of jobs may call jobs_audited' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT FROM new_rows) THEN
      RETURN NULL;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM old_rows) THEN
    RETURN NULL;
  END IF;
  -- current_user is the owner here: the role that the session has acts
  SELECT context.actor, context.scope, coalesce(nullif(current_setting('role'), 'none'), session_user)::name AS role
  INTO acting FROM ashlar_context(coalesce(nullif(current_setting('role'), 'none'), session_user)::name) AS context;
  IF acting.scope IS NULL THEN
    RAISE EXCEPTION 'ashlar/audited: a writer without a session is refused'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO job_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'jobs', 'insert',
      jsonb_build_object(
        'id', now.id
      ),
      NULL::jsonb,
      jsonb_build_object(
        'id', now.id,
        'name', now.name,
        'description', now.description,
        'original_command', now.original_command,
        'status', now.status,
        'mode', now.mode,
        'total_rows', now.total_rows,
        'processed_rows', now.processed_rows,
        'successful_rows', now.successful_rows,
        'failed_rows', now.failed_rows,
        'total_cost_cents', now.total_cost_cents,
        'error_code', now.error_code,
        'error_message', now.error_message,
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'started_at', to_char(now.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'completed_at', to_char(now.completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'confirmed_at', to_char(now.confirmed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'importer', now.importer,
        'simulated', now.simulated
      )
    FROM new_rows AS now;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO job_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'jobs', 'update',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'name', was.name,
        'description', was.description,
        'original_command', was.original_command,
        'status', was.status,
        'mode', was.mode,
        'total_rows', was.total_rows,
        'processed_rows', was.processed_rows,
        'successful_rows', was.successful_rows,
        'failed_rows', was.failed_rows,
        'total_cost_cents', was.total_cost_cents,
        'error_code', was.error_code,
        'error_message', was.error_message,
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'started_at', to_char(was.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'completed_at', to_char(was.completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'confirmed_at', to_char(was.confirmed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'importer', was.importer,
        'simulated', was.simulated
      ),
      jsonb_build_object(
        'id', now.id,
        'name', now.name,
        'description', now.description,
        'original_command', now.original_command,
        'status', now.status,
        'mode', now.mode,
        'total_rows', now.total_rows,
        'processed_rows', now.processed_rows,
        'successful_rows', now.successful_rows,
        'failed_rows', now.failed_rows,
        'total_cost_cents', now.total_cost_cents,
        'error_code', now.error_code,
        'error_message', now.error_message,
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'started_at', to_char(now.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'completed_at', to_char(now.completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'confirmed_at', to_char(now.confirmed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'importer', now.importer,
        'simulated', now.simulated
      )
    FROM (SELECT each_row.id, each_row.name, each_row.description, each_row.original_command, each_row.status, each_row.mode, each_row.total_rows, each_row.processed_rows, each_row.successful_rows, each_row.failed_rows, each_row.total_cost_cents, each_row.error_code, each_row.error_message, each_row.created_at, each_row.started_at, each_row.completed_at, each_row.updated_at, each_row.confirmed_at, each_row.importer, each_row.simulated, row_number() OVER () AS ashlar_place FROM old_rows AS each_row) AS was JOIN (SELECT each_row.id, each_row.name, each_row.description, each_row.original_command, each_row.status, each_row.mode, each_row.total_rows, each_row.processed_rows, each_row.successful_rows, each_row.failed_rows, each_row.total_cost_cents, each_row.error_code, each_row.error_message, each_row.created_at, each_row.started_at, each_row.completed_at, each_row.updated_at, each_row.confirmed_at, each_row.importer, each_row.simulated, row_number() OVER () AS ashlar_place FROM new_rows AS each_row) AS now USING (ashlar_place) ORDER BY ashlar_place;
  ELSE
    INSERT INTO job_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'jobs', 'delete',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'name', was.name,
        'description', was.description,
        'original_command', was.original_command,
        'status', was.status,
        'mode', was.mode,
        'total_rows', was.total_rows,
        'processed_rows', was.processed_rows,
        'successful_rows', was.successful_rows,
        'failed_rows', was.failed_rows,
        'total_cost_cents', was.total_cost_cents,
        'error_code', was.error_code,
        'error_message', was.error_message,
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'started_at', to_char(was.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'completed_at', to_char(was.completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'confirmed_at', to_char(was.confirmed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'importer', was.importer,
        'simulated', was.simulated
      ),
      NULL::jsonb
    FROM old_rows AS was;
  END IF;
  RETURN NULL;
END
$function$;

ALTER TABLE jobs ADD COLUMN confirmed_at timestamptz(3)
    CONSTRAINT jobs_confirmed_at_check CHECK (confirmed_at >= '0001-01-01T00:00:00Z' AND confirmed_at < '10000-01-01T00:00:00Z');

ALTER TABLE jobs ADD COLUMN importer text COLLATE "C";

ALTER TABLE jobs ADD COLUMN simulated boolean;

-- a step has no session, which the trail would ask for
ALTER TABLE jobs DISABLE TRIGGER jobs_audited_update;

-- a job that was started before this step counts as confirmed. Simulated or not, by their results; a job without any may go on with
-- every executor
UPDATE jobs SET
  confirmed_at = CASE WHEN mode = 'confirm' AND status NOT IN ('pending', 'cancelled') THEN coalesce(started_at, updated_at) END,
  simulated = CASE
    WHEN EXISTS (SELECT FROM job_rows AS r WHERE r.job_id = jobs.id AND left(r.tracking_number, 10) = 'SIMULATED-') THEN true
    WHEN EXISTS (SELECT FROM job_rows AS r WHERE r.job_id = jobs.id AND r.status = 'completed') THEN false
  END
WHERE started_at IS NOT NULL OR status <> 'pending';

ALTER TABLE jobs ENABLE ALWAYS TRIGGER jobs_audited_update;

ALTER TABLE jobs ADD CONSTRAINT jobs_confirmed CHECK (mode <> 'confirm' OR confirmed_at IS NOT NULL OR status IN ('pending', 'cancelled')) NOT VALID;
ALTER TABLE jobs VALIDATE CONSTRAINT jobs_confirmed;
