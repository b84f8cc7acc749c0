-- 0006_approved_texts
-- replace function clauses_audited
-- replace function clauses_versioned_update
-- clauses: add column approved_text_sha256
-- ashlar: makes column clauses.approved_text_sha256, constraint clauses.clauses_approved_text_sha256_check

CREATE OR REPLACE FUNCTION clauses_audited()
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
  IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> 'clauses'::regclass THEN
    RAISE EXCEPTION 'ashlar: only triggers of clauses may call clauses_audited' USING ERRCODE = 'insufficient_privilege';
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
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'clauses', 'insert',
      jsonb_build_object(
        'id', now.id
      ),
      NULL::jsonb,
      jsonb_build_object(
        'id', now.id,
        'code', now.code,
        'name', now.name,
        'category', now.category,
        'version', now.version,
        'is_current', now.is_current,
        'previous_version_id', now.previous_version_id,
        'template_text', now.template_text,
        'variables_schema', now.variables_schema,
        'will_types', now.will_types,
        'is_required', now.is_required,
        'display_order', now.display_order,
        'approved_by', now.approved_by,
        'approved_at', to_char(now.approved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'approval_notes', now.approval_notes,
        'approved_text_sha256', now.approved_text_sha256,
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )
    FROM new_rows AS now;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'clauses', 'update',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'code', was.code,
        'name', was.name,
        'category', was.category,
        'version', was.version,
        'is_current', was.is_current,
        'previous_version_id', was.previous_version_id,
        'template_text', was.template_text,
        'variables_schema', was.variables_schema,
        'will_types', was.will_types,
        'is_required', was.is_required,
        'display_order', was.display_order,
        'approved_by', was.approved_by,
        'approved_at', to_char(was.approved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'approval_notes', was.approval_notes,
        'approved_text_sha256', was.approved_text_sha256,
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      jsonb_build_object(
        'id', now.id,
        'code', now.code,
        'name', now.name,
        'category', now.category,
        'version', now.version,
        'is_current', now.is_current,
        'previous_version_id', now.previous_version_id,
        'template_text', now.template_text,
        'variables_schema', now.variables_schema,
        'will_types', now.will_types,
        'is_required', now.is_required,
        'display_order', now.display_order,
        'approved_by', now.approved_by,
        'approved_at', to_char(now.approved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'approval_notes', now.approval_notes,
        'approved_text_sha256', now.approved_text_sha256,
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )
    FROM (SELECT each_row.id, each_row.code, each_row.name, each_row.category, each_row.version, each_row.is_current, each_row.previous_version_id, each_row.template_text, each_row.variables_schema, each_row.will_types, each_row.is_required, each_row.display_order, each_row.approved_by, each_row.approved_at, each_row.approval_notes, each_row.approved_text_sha256, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM old_rows AS each_row) AS was JOIN (SELECT each_row.id, each_row.code, each_row.name, each_row.category, each_row.version, each_row.is_current, each_row.previous_version_id, each_row.template_text, each_row.variables_schema, each_row.will_types, each_row.is_required, each_row.display_order, each_row.approved_by, each_row.approved_at, each_row.approval_notes, each_row.approved_text_sha256, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM new_rows AS each_row) AS now USING (ashlar_place) ORDER BY ashlar_place;
  ELSE
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'clauses', 'delete',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'code', was.code,
        'name', was.name,
        'category', was.category,
        'version', was.version,
        'is_current', was.is_current,
        'previous_version_id', was.previous_version_id,
        'template_text', was.template_text,
        'variables_schema', was.variables_schema,
        'will_types', was.will_types,
        'is_required', was.is_required,
        'display_order', was.display_order,
        'approved_by', was.approved_by,
        'approved_at', to_char(was.approved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'approval_notes', was.approval_notes,
        'approved_text_sha256', was.approved_text_sha256,
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      NULL::jsonb
    FROM old_rows AS was;
  END IF;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION clauses_versioned_update()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
AS $function$
BEGIN
  IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> 'clauses'::regclass THEN
    RAISE EXCEPTION 'ashlar: only triggers of clauses may call clauses_versioned_update' USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- the only permitted change: a version that has a successor stops being current
  IF OLD.is_current AND NOT NEW.is_current
    AND ROW(NEW.id, NEW.code, NEW.name, NEW.category, NEW.version, NEW.previous_version_id, NEW.template_text, NEW.variables_schema, NEW.will_types, NEW.is_required, NEW.display_order, NEW.approved_by, NEW.approved_at, NEW.approval_notes, NEW.approved_text_sha256, NEW.created_at)::pg_catalog.record *= ROW(OLD.id, OLD.code, OLD.name, OLD.category, OLD.version, OLD.previous_version_id, OLD.template_text, OLD.variables_schema, OLD.will_types, OLD.is_required, OLD.display_order, OLD.approved_by, OLD.approved_at, OLD.approval_notes, OLD.approved_text_sha256, OLD.created_at)::pg_catalog.record
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

ALTER TABLE clauses ADD COLUMN approved_text_sha256 text COLLATE "C"
    CONSTRAINT clauses_approved_text_sha256_check CHECK (char_length(approved_text_sha256) = 64);
