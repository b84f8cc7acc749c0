-- undoes 0002_guarantees

DROP TRIGGER consent_records_audited_truncate ON consent_records;

DROP TRIGGER consent_records_audited ON consent_records;

DROP TRIGGER clauses_audited_truncate ON clauses;

DROP TRIGGER clauses_audited ON clauses;

DROP TRIGGER audit_logs_ledger_append ON audit_logs;

DROP INDEX audit_logs_ashlar_xid_idx;

ALTER TABLE audit_logs DROP COLUMN ashlar_at;

ALTER TABLE audit_logs DROP COLUMN ashlar_xid;

DROP TABLE record_changes_ledger_entries;
DROP TABLE record_changes_ledger_tree;
DROP TABLE record_changes_ledger_blocks;
DROP TABLE record_changes_ledger_head;
DROP TABLE record_changes;
DROP FUNCTION record_changes_append_only();
DROP FUNCTION record_changes_trail_insert();
DROP FUNCTION record_changes_ledger_entries_append_only();
DROP FUNCTION record_changes_ledger_tree_append_only();
DROP FUNCTION record_changes_ledger_blocks_append_only();
DROP FUNCTION record_changes_ledger_stamp();
DROP FUNCTION record_changes_ledger_seal();

DROP TABLE audit_logs_ledger_tree;

DROP TABLE audit_logs_ledger_head;

DROP TABLE audit_logs_ledger_entries;

DROP TABLE audit_logs_ledger_blocks;

DROP FUNCTION consent_records_audited_truncate();

DROP FUNCTION consent_records_audited();

CREATE OR REPLACE FUNCTION clauses_versioned_update()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  -- the only permitted change: a version that has a successor stops being current
  IF OLD.is_current AND NOT NEW.is_current
    AND ROW(NEW.id, NEW.code, NEW.name, NEW.category, NEW.version, NEW.previous_version_id, NEW.template_text, NEW.variables_schema, NEW.will_types, NEW.is_required, NEW.display_order, NEW.approved_by, NEW.approved_at, NEW.approval_notes, NEW.created_at)::record *= ROW(OLD.id, OLD.code, OLD.name, OLD.category, OLD.version, OLD.previous_version_id, OLD.template_text, OLD.variables_schema, OLD.will_types, OLD.is_required, OLD.display_order, OLD.approved_by, OLD.approved_at, OLD.approval_notes, OLD.created_at)::record
    AND EXISTS (
      SELECT FROM clauses
      WHERE previous_version_id = OLD.id AND code = OLD.code AND version = OLD.version + 1
    )
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/versioned: versions of clauses are never changed'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION clauses_versioned_retire()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  UPDATE clauses
  SET is_current = false, updated_at = NEW.updated_at
  WHERE id = NEW.previous_version_id;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION clauses_versioned_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF NEW.is_current IS NOT TRUE THEN
    RAISE EXCEPTION 'ashlar/versioned: a new version of clauses must be the current one'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  IF NEW.previous_version_id IS NULL THEN
    IF NEW.version IS DISTINCT FROM 1 THEN
      RAISE EXCEPTION 'ashlar/versioned: the first version of clauses must have the number 1'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
  END IF;

  -- a concurrent successor of the same version waits here, and then finds that the version is not current
  PERFORM FROM clauses
  WHERE id = NEW.previous_version_id AND code = NEW.code AND version = NEW.version - 1 AND is_current
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'ashlar/versioned: a new version of clauses must follow the current one of its key'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$function$;

DROP FUNCTION clauses_audited_truncate();

DROP FUNCTION clauses_audited();

DROP FUNCTION audit_logs_ledger_tree_append_only();

DROP FUNCTION audit_logs_ledger_stamp();

DROP FUNCTION audit_logs_ledger_seal();

DROP FUNCTION audit_logs_ledger_entries_append_only();

DROP FUNCTION audit_logs_ledger_blocks_append_only();
