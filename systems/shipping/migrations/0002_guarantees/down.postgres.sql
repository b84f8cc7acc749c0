-- undoes 0002_guarantees

DROP TRIGGER jobs_audited_truncate ON jobs;

DROP TRIGGER jobs_audited ON jobs;

DROP TABLE job_changes_ledger_entries;
DROP TABLE job_changes_ledger_tree;
DROP TABLE job_changes_ledger_blocks;
DROP TABLE job_changes_ledger_head;
DROP TABLE job_changes;
DROP FUNCTION job_changes_append_only();
DROP FUNCTION job_changes_trail_insert();
DROP FUNCTION job_changes_ledger_entries_append_only();
DROP FUNCTION job_changes_ledger_tree_append_only();
DROP FUNCTION job_changes_ledger_blocks_append_only();
DROP FUNCTION job_changes_ledger_stamp();
DROP FUNCTION job_changes_ledger_seal();

DROP FUNCTION jobs_audited_truncate();

DROP FUNCTION jobs_audited();

CREATE OR REPLACE FUNCTION audit_logs_append_only_cascade()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
 SET row_security TO 'off'
AS $function$
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
$function$;
