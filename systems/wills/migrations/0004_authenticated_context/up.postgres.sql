-- 0004_authenticated_context
-- clauses: drop trigger clauses_audited
-- consent_records: drop trigger consent_records_audited
-- replace function audit_logs_append_only
-- replace function audit_logs_ledger_blocks_append_only
-- replace function audit_logs_ledger_entries_append_only
-- replace function audit_logs_ledger_seal
-- replace function audit_logs_ledger_stamp
-- replace function audit_logs_ledger_tree_append_only
-- replace function clauses_audited
-- replace function clauses_audited_truncate
-- replace function clauses_versioned_delete
-- replace function clauses_versioned_insert
-- replace function clauses_versioned_retire
-- replace function clauses_versioned_update
-- replace function consent_records_append_only
-- replace function consent_records_append_only_stamp
-- replace function consent_records_audited
-- replace function consent_records_audited_truncate
-- replace function record_changes_append_only
-- replace function record_changes_ledger_blocks_append_only
-- replace function record_changes_ledger_entries_append_only
-- replace function record_changes_ledger_seal
-- replace function record_changes_ledger_stamp
-- replace function record_changes_ledger_tree_append_only
-- replace function record_changes_trail_insert
-- clauses: add trigger clauses_audited
-- clauses: add trigger clauses_audited_delete
-- clauses: add trigger clauses_audited_update
-- consent_records: add trigger consent_records_audited
-- consent_records: add trigger consent_records_audited_delete
-- consent_records: add trigger consent_records_audited_update
-- ashlar: makes trigger clauses.clauses_audited_delete, trigger clauses.clauses_audited_update
-- ashlar: makes trigger consent_records.consent_records_audited_delete
-- ashlar: makes trigger consent_records.consent_records_audited_update

DROP TRIGGER clauses_audited ON clauses;

DROP TRIGGER consent_records_audited ON consent_records;

CREATE OR REPLACE FUNCTION audit_logs_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
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

CREATE OR REPLACE FUNCTION audit_logs_ledger_blocks_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of audit_logs_ledger_blocks are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION audit_logs_ledger_entries_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of audit_logs_ledger_entries are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION audit_logs_ledger_seal()
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
 SET extra_float_digits TO '1'
AS $function$
DECLARE
  head record;
  mark pg_snapshot;
  this_cluster text;
  waiting xid8[] := '{}';
  low xid8 := '0';
  high xid8 := '18446744073709551615';
  nodes bytea[];
  parents bytea[];
  count integer;
  last xid8;
  height integer := 0;
  at bigint;
  kept integer;
  new_frontier bytea := '';
  root bytea;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('ashlar ledger audit_logs ' || current_schema(), 0)) THEN
    RETURN 'busy';
  END IF;
  SELECT * INTO head FROM audit_logs_ledger_head;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM audit_logs_ledger_tree) THEN
      RAISE EXCEPTION 'ashlar/ledgered: the ledger of audit_logs has leaves but no head row';
    END IF;
    INSERT INTO audit_logs_ledger_head (cluster) VALUES (NULL) RETURNING * INTO head;
  END IF;
  this_cluster := (SELECT system_identifier::text FROM pg_control_system());

  -- taken before reading: a row not visible below belongs to a transaction in progress in this snapshot, or to a later one
  mark := pg_current_snapshot();
  IF head.cluster = this_cluster THEN
    low := pg_snapshot_xmax(head.watermark);
    waiting := ARRAY(SELECT pg_snapshot_xip(head.watermark));
    -- a snapshot omits its own transaction, which may have inserted more rows after it sealed
    IF head.sealer < low THEN
      waiting := waiting || head.sealer;
    END IF;
    high := greatest(pg_snapshot_xmax(mark), pg_current_xact_id_if_assigned());
  END IF;

  -- reads every scope, as its owner; a subquery, not a join, so that the lookup uses the index however large the tables are
  WITH fresh AS MATERIALIZED (
    SELECT e.xid, e.row_key, e.entry, sha256('\x00' || e.entry) AS hash, head.size - 1 + row_number() OVER (ORDER BY e.xid, e.row_key) AS position
    FROM (
      SELECT t.ashlar_xid AS xid, t.leaf_key AS row_key,
        convert_to(concat(
          '["ashlar/entry/v1","audit_logs","', gen_random_uuid(),
          '","', to_char(t.ashlar_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '",{',
          substr(concat(
            ',"id":"', t.id, '"',
            ',"created_at":"', to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '"',
            ',"event_type":', to_json(t.event_type),
            ',"event_category":', to_json(t.event_category),
            ',"user_id":' || to_json(t.user_id)::text,
            ',"session_id":' || to_json(t.session_id)::text,
            ',"ip_address":' || '"' || CASE WHEN t.ip_address BETWEEN '::1:0' AND '::ffff:ffff' THEN '::' || to_hex((t.ip_address - '::'::inet) >> 16) || ':' || to_hex((t.ip_address - '::'::inet) & 65535) ELSE host(t.ip_address) END || '"',
            ',"user_agent":' || to_json(t.user_agent)::text,
            ',"resource_type":' || to_json(t.resource_type)::text,
            ',"resource_id":' || to_json(t.resource_id)::text,
            ',"details":', t.details::text
          ), 2), '}]'
        ), 'UTF8') AS entry
      FROM (
        SELECT *
        FROM (
          SELECT t.*, '[' || '"' || t.id::text || '"' || ',' || '"' || to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"' || ']' AS leaf_key FROM audit_logs t WHERE t.ashlar_xid = ANY (waiting)
          UNION ALL
          SELECT t.*, '[' || '"' || t.id::text || '"' || ',' || '"' || to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"' || ']' AS leaf_key FROM audit_logs t WHERE t.ashlar_xid >= low AND t.ashlar_xid <= high
        ) candidate
        WHERE (SELECT leaf.position FROM audit_logs_ledger_tree leaf WHERE leaf.row_key = candidate.leaf_key) IS NULL
        ORDER BY candidate.ashlar_xid, candidate.leaf_key
        LIMIT 10000
      ) t
    ) e
  ), written AS (
    INSERT INTO audit_logs_ledger_entries (row_key, entry)
    SELECT fresh.row_key, fresh.entry FROM fresh
  ), leaves AS (
    INSERT INTO audit_logs_ledger_tree (level, position, hash, row_key)
    SELECT 0, fresh.position, fresh.hash, fresh.row_key FROM fresh
  )
  SELECT array_agg(fresh.hash ORDER BY fresh.position), max(fresh.xid) INTO nodes, last FROM fresh;
  count := coalesce(cardinality(nodes), 0);
  IF count = 0 THEN
    IF head.cluster IS DISTINCT FROM this_cluster THEN
      UPDATE audit_logs_ledger_head SET cluster = this_cluster, watermark = mark, sealer = pg_current_xact_id();
    END IF;
    RETURN 'done';
  END IF;

  -- the rows beyond this batch have the xid of its last row or a later one
  IF count = 10000 THEN
    IF head.cluster = this_cluster THEN
      mark := CASE
        WHEN last < pg_snapshot_xmax(mark) THEN format('%s:%s:%s', least(last, pg_snapshot_xmin(mark)), last,
          (SELECT string_agg(xip::text, ',' ORDER BY xip) FROM pg_snapshot_xip(mark) xip WHERE xip < last))::pg_snapshot
        ELSE mark
      END;
    ELSE
      mark := head.watermark;
      this_cluster := head.cluster;
    END IF;
  END IF;

  -- one height at a time: a left sibling from the frontier comes first; a node without a right sibling goes to the frontier
  at := head.size;
  kept := length(head.frontier) / 32;
  WHILE cardinality(nodes) > 0 LOOP
    IF at % 2 = 1 THEN
      nodes := substr(head.frontier, 32 * kept - 31, 32) || nodes;
      kept := kept - 1;
    END IF;
    IF cardinality(nodes) % 2 = 1 THEN
      new_frontier := nodes[cardinality(nodes)] || new_frontier;
    END IF;
    parents := '{}';
    FOR i IN 1 .. cardinality(nodes) / 2 LOOP
      parents[i] := sha256('\x01' || nodes[2 * i - 1] || nodes[2 * i]);
    END LOOP;
    nodes := parents;
    at := at / 2;
    height := height + 1;
    IF height % 8 = 0 THEN
      INSERT INTO audit_logs_ledger_tree (level, position, hash)
      SELECT height / 8, at + run.number - 1, run.hash FROM unnest(nodes) WITH ORDINALITY AS run (hash, number);
    END IF;
  END LOOP;
  new_frontier := substr(head.frontier, 1, 32 * kept) || new_frontier;

  kept := length(new_frontier) / 32;
  root := substr(new_frontier, 32 * kept - 31);
  FOR i IN REVERSE kept - 1 .. 1 LOOP
    root := sha256('\x01' || substr(new_frontier, 32 * i - 31, 32) || root);
  END LOOP;
  INSERT INTO audit_logs_ledger_blocks (size, root) VALUES (head.size + count, root);
  UPDATE audit_logs_ledger_head
  SET size = head.size + count, frontier = new_frontier, watermark = mark, sealer = pg_current_xact_id(), cluster = this_cluster;
  RETURN CASE WHEN count = 10000 THEN 'more' ELSE 'done' END;
END
$function$;

CREATE OR REPLACE FUNCTION audit_logs_ledger_stamp()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  NEW.ashlar_xid := pg_current_xact_id();
  NEW.ashlar_at := now();
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION audit_logs_ledger_tree_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of audit_logs_ledger_tree are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

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
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )
    FROM (SELECT each_row.id, each_row.code, each_row.name, each_row.category, each_row.version, each_row.is_current, each_row.previous_version_id, each_row.template_text, each_row.variables_schema, each_row.will_types, each_row.is_required, each_row.display_order, each_row.approved_by, each_row.approved_at, each_row.approval_notes, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM old_rows AS each_row) AS was JOIN (SELECT each_row.id, each_row.code, each_row.name, each_row.category, each_row.version, each_row.is_current, each_row.previous_version_id, each_row.template_text, each_row.variables_schema, each_row.will_types, each_row.is_required, each_row.display_order, each_row.approved_by, each_row.approved_at, each_row.approval_notes, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM new_rows AS each_row) AS now USING (ashlar_place) ORDER BY ashlar_place;
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
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      NULL::jsonb
    FROM old_rows AS was;
  END IF;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION clauses_audited_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: clauses cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION clauses_versioned_delete()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/versioned: versions of clauses are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION clauses_versioned_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
AS $function$
BEGIN
  IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> 'clauses'::regclass THEN
    RAISE EXCEPTION 'ashlar: only triggers of clauses may call clauses_versioned_insert' USING ERRCODE = 'insufficient_privilege';
  END IF;
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

CREATE OR REPLACE FUNCTION clauses_versioned_retire()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
AS $function$
BEGIN
  IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> 'clauses'::regclass THEN
    RAISE EXCEPTION 'ashlar: only triggers of clauses may call clauses_versioned_retire' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE clauses
  SET is_current = false, updated_at = NEW.updated_at
  WHERE id = NEW.previous_version_id;
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
    AND ROW(NEW.id, NEW.code, NEW.name, NEW.category, NEW.version, NEW.previous_version_id, NEW.template_text, NEW.variables_schema, NEW.will_types, NEW.is_required, NEW.display_order, NEW.approved_by, NEW.approved_at, NEW.approval_notes, NEW.created_at)::pg_catalog.record *= ROW(OLD.id, OLD.code, OLD.name, OLD.category, OLD.version, OLD.previous_version_id, OLD.template_text, OLD.variables_schema, OLD.will_types, OLD.is_required, OLD.display_order, OLD.approved_by, OLD.approved_at, OLD.approval_notes, OLD.created_at)::pg_catalog.record
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

CREATE OR REPLACE FUNCTION consent_records_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of consent_records are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of consent_records are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION consent_records_append_only_stamp()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF ROW(NEW.id, NEW.subject_id, NEW.consent_version, NEW.privacy_policy_version, NEW.consent_categories, NEW.accepted_at, NEW.ip_address, NEW.user_agent, NEW.created_at)::pg_catalog.record *= ROW(OLD.id, OLD.subject_id, OLD.consent_version, OLD.privacy_policy_version, OLD.consent_categories, OLD.accepted_at, OLD.ip_address, OLD.user_agent, OLD.created_at)::pg_catalog.record
    AND (OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of consent_records are never changed, except that withdrawn_at is set once'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION consent_records_audited()
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
  IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> 'consent_records'::regclass THEN
    RAISE EXCEPTION 'ashlar: only triggers of consent_records may call consent_records_audited' USING ERRCODE = 'insufficient_privilege';
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
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'consent_records', 'insert',
      jsonb_build_object(
        'id', now.id
      ),
      NULL::jsonb,
      jsonb_build_object(
        'id', now.id,
        'subject_id', now.subject_id,
        'consent_version', now.consent_version,
        'privacy_policy_version', now.privacy_policy_version,
        'consent_categories', now.consent_categories,
        'accepted_at', to_char(now.accepted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'withdrawn_at', to_char(now.withdrawn_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'ip_address', CASE WHEN now.ip_address BETWEEN '::1:0' AND '::ffff:ffff' THEN '::' || to_hex((now.ip_address - '::'::inet) >> 16) || ':' || to_hex((now.ip_address - '::'::inet) & 65535) ELSE host(now.ip_address) END,
        'user_agent', now.user_agent,
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )
    FROM new_rows AS now;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'consent_records', 'update',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'subject_id', was.subject_id,
        'consent_version', was.consent_version,
        'privacy_policy_version', was.privacy_policy_version,
        'consent_categories', was.consent_categories,
        'accepted_at', to_char(was.accepted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'withdrawn_at', to_char(was.withdrawn_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'ip_address', CASE WHEN was.ip_address BETWEEN '::1:0' AND '::ffff:ffff' THEN '::' || to_hex((was.ip_address - '::'::inet) >> 16) || ':' || to_hex((was.ip_address - '::'::inet) & 65535) ELSE host(was.ip_address) END,
        'user_agent', was.user_agent,
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      jsonb_build_object(
        'id', now.id,
        'subject_id', now.subject_id,
        'consent_version', now.consent_version,
        'privacy_policy_version', now.privacy_policy_version,
        'consent_categories', now.consent_categories,
        'accepted_at', to_char(now.accepted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'withdrawn_at', to_char(now.withdrawn_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'ip_address', CASE WHEN now.ip_address BETWEEN '::1:0' AND '::ffff:ffff' THEN '::' || to_hex((now.ip_address - '::'::inet) >> 16) || ':' || to_hex((now.ip_address - '::'::inet) & 65535) ELSE host(now.ip_address) END,
        'user_agent', now.user_agent,
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )
    FROM (SELECT each_row.id, each_row.subject_id, each_row.consent_version, each_row.privacy_policy_version, each_row.consent_categories, each_row.accepted_at, each_row.withdrawn_at, each_row.ip_address, each_row.user_agent, each_row.created_at, row_number() OVER () AS ashlar_place FROM old_rows AS each_row) AS was JOIN (SELECT each_row.id, each_row.subject_id, each_row.consent_version, each_row.privacy_policy_version, each_row.consent_categories, each_row.accepted_at, each_row.withdrawn_at, each_row.ip_address, each_row.user_agent, each_row.created_at, row_number() OVER () AS ashlar_place FROM new_rows AS each_row) AS now USING (ashlar_place) ORDER BY ashlar_place;
  ELSE
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'consent_records', 'delete',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'subject_id', was.subject_id,
        'consent_version', was.consent_version,
        'privacy_policy_version', was.privacy_policy_version,
        'consent_categories', was.consent_categories,
        'accepted_at', to_char(was.accepted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'withdrawn_at', to_char(was.withdrawn_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'ip_address', CASE WHEN was.ip_address BETWEEN '::1:0' AND '::ffff:ffff' THEN '::' || to_hex((was.ip_address - '::'::inet) >> 16) || ':' || to_hex((was.ip_address - '::'::inet) & 65535) ELSE host(was.ip_address) END,
        'user_agent', was.user_agent,
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      NULL::jsonb
    FROM old_rows AS was;
  END IF;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION consent_records_audited_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: consent_records cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of record_changes are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of record_changes are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_ledger_blocks_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of record_changes_ledger_blocks are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_ledger_entries_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of record_changes_ledger_entries are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_ledger_seal()
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
 SET extra_float_digits TO '1'
AS $function$
DECLARE
  head record;
  mark pg_snapshot;
  this_cluster text;
  waiting xid8[] := '{}';
  low xid8 := '0';
  high xid8 := '18446744073709551615';
  nodes bytea[];
  parents bytea[];
  count integer;
  last xid8;
  height integer := 0;
  at bigint;
  kept integer;
  new_frontier bytea := '';
  root bytea;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('ashlar ledger record_changes ' || current_schema(), 0)) THEN
    RETURN 'busy';
  END IF;
  SELECT * INTO head FROM record_changes_ledger_head;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM record_changes_ledger_tree) THEN
      RAISE EXCEPTION 'ashlar/ledgered: the ledger of record_changes has leaves but no head row';
    END IF;
    INSERT INTO record_changes_ledger_head (cluster) VALUES (NULL) RETURNING * INTO head;
  END IF;
  this_cluster := (SELECT system_identifier::text FROM pg_control_system());

  -- taken before reading: a row not visible below belongs to a transaction in progress in this snapshot, or to a later one
  mark := pg_current_snapshot();
  IF head.cluster = this_cluster THEN
    low := pg_snapshot_xmax(head.watermark);
    waiting := ARRAY(SELECT pg_snapshot_xip(head.watermark));
    -- a snapshot omits its own transaction, which may have inserted more rows after it sealed
    IF head.sealer < low THEN
      waiting := waiting || head.sealer;
    END IF;
    high := greatest(pg_snapshot_xmax(mark), pg_current_xact_id_if_assigned());
  END IF;

  -- reads every scope, as its owner; a subquery, not a join, so that the lookup uses the index however large the tables are
  WITH fresh AS MATERIALIZED (
    SELECT e.xid, e.row_key, e.entry, sha256('\x00' || e.entry) AS hash, head.size - 1 + row_number() OVER (ORDER BY e.xid, e.row_key) AS position
    FROM (
      SELECT t.ashlar_xid AS xid, t.leaf_key AS row_key,
        convert_to(concat(
          '["ashlar/entry/v1","record_changes","', gen_random_uuid(),
          '","', to_char(t.ashlar_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '",{',
          substr(concat(
            ',"id":', t.id::text,
            ',"at":"', to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '"',
            ',"actor":' || to_json(t.actor)::text,
            ',"scope":' || to_json(t.scope)::text,
            ',"role":', to_json(t.role),
            ',"table_name":', to_json(t.table_name),
            ',"operation":', to_json(t.operation),
            ',"row_key":', t.row_key::text,
            ',"before":' || t.before::text,
            ',"after":' || t."after"::text,
            ',"unseen":' || t.unseen::text
          ), 2), '}]'
        ), 'UTF8') AS entry
      FROM (
        SELECT *
        FROM (
          SELECT t.*, t.id::text AS leaf_key FROM record_changes t WHERE t.ashlar_xid = ANY (waiting)
          UNION ALL
          SELECT t.*, t.id::text AS leaf_key FROM record_changes t WHERE t.ashlar_xid >= low AND t.ashlar_xid <= high
        ) candidate
        WHERE (SELECT leaf.position FROM record_changes_ledger_tree leaf WHERE leaf.row_key = candidate.leaf_key) IS NULL
        ORDER BY candidate.ashlar_xid, candidate.leaf_key
        LIMIT 10000
      ) t
    ) e
  ), written AS (
    INSERT INTO record_changes_ledger_entries (row_key, entry)
    SELECT fresh.row_key, fresh.entry FROM fresh
  ), leaves AS (
    INSERT INTO record_changes_ledger_tree (level, position, hash, row_key)
    SELECT 0, fresh.position, fresh.hash, fresh.row_key FROM fresh
  )
  SELECT array_agg(fresh.hash ORDER BY fresh.position), max(fresh.xid) INTO nodes, last FROM fresh;
  count := coalesce(cardinality(nodes), 0);
  IF count = 0 THEN
    IF head.cluster IS DISTINCT FROM this_cluster THEN
      UPDATE record_changes_ledger_head SET cluster = this_cluster, watermark = mark, sealer = pg_current_xact_id();
    END IF;
    RETURN 'done';
  END IF;

  -- the rows beyond this batch have the xid of its last row or a later one
  IF count = 10000 THEN
    IF head.cluster = this_cluster THEN
      mark := CASE
        WHEN last < pg_snapshot_xmax(mark) THEN format('%s:%s:%s', least(last, pg_snapshot_xmin(mark)), last,
          (SELECT string_agg(xip::text, ',' ORDER BY xip) FROM pg_snapshot_xip(mark) xip WHERE xip < last))::pg_snapshot
        ELSE mark
      END;
    ELSE
      mark := head.watermark;
      this_cluster := head.cluster;
    END IF;
  END IF;

  -- one height at a time: a left sibling from the frontier comes first; a node without a right sibling goes to the frontier
  at := head.size;
  kept := length(head.frontier) / 32;
  WHILE cardinality(nodes) > 0 LOOP
    IF at % 2 = 1 THEN
      nodes := substr(head.frontier, 32 * kept - 31, 32) || nodes;
      kept := kept - 1;
    END IF;
    IF cardinality(nodes) % 2 = 1 THEN
      new_frontier := nodes[cardinality(nodes)] || new_frontier;
    END IF;
    parents := '{}';
    FOR i IN 1 .. cardinality(nodes) / 2 LOOP
      parents[i] := sha256('\x01' || nodes[2 * i - 1] || nodes[2 * i]);
    END LOOP;
    nodes := parents;
    at := at / 2;
    height := height + 1;
    IF height % 8 = 0 THEN
      INSERT INTO record_changes_ledger_tree (level, position, hash)
      SELECT height / 8, at + run.number - 1, run.hash FROM unnest(nodes) WITH ORDINALITY AS run (hash, number);
    END IF;
  END LOOP;
  new_frontier := substr(head.frontier, 1, 32 * kept) || new_frontier;

  kept := length(new_frontier) / 32;
  root := substr(new_frontier, 32 * kept - 31);
  FOR i IN REVERSE kept - 1 .. 1 LOOP
    root := sha256('\x01' || substr(new_frontier, 32 * i - 31, 32) || root);
  END LOOP;
  INSERT INTO record_changes_ledger_blocks (size, root) VALUES (head.size + count, root);
  UPDATE record_changes_ledger_head
  SET size = head.size + count, frontier = new_frontier, watermark = mark, sealer = pg_current_xact_id(), cluster = this_cluster;
  RETURN CASE WHEN count = 10000 THEN 'more' ELSE 'done' END;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_ledger_stamp()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  NEW.ashlar_xid := pg_current_xact_id();
  NEW.ashlar_at := now();
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_ledger_tree_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of record_changes_ledger_tree are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_trail_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/trail: rows of record_changes are written by the database only'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE TRIGGER clauses_audited AFTER INSERT ON clauses
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION clauses_audited();

ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_audited;

CREATE TRIGGER clauses_audited_delete AFTER DELETE ON clauses
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION clauses_audited();

ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_audited_delete;

CREATE TRIGGER clauses_audited_update AFTER UPDATE ON clauses
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION clauses_audited();

ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_audited_update;

CREATE TRIGGER consent_records_audited AFTER INSERT ON consent_records
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION consent_records_audited();

ALTER TABLE consent_records ENABLE ALWAYS TRIGGER consent_records_audited;

CREATE TRIGGER consent_records_audited_delete AFTER DELETE ON consent_records
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION consent_records_audited();

ALTER TABLE consent_records ENABLE ALWAYS TRIGGER consent_records_audited_delete;

CREATE TRIGGER consent_records_audited_update AFTER UPDATE ON consent_records
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION consent_records_audited();

ALTER TABLE consent_records ENABLE ALWAYS TRIGGER consent_records_audited_update;
