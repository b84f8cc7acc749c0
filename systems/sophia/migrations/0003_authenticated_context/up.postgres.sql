-- 0003_authenticated_context
-- audit_log: drop policy audit_log_scoped
-- clients: drop policy clients_scoped
-- clients: drop trigger clients_audited
-- enrichment_log: drop policy enrichment_log_scoped
-- record_changes: drop policy record_changes_scoped
-- voice_materials: drop policy voice_materials_scoped
-- voice_materials: drop trigger voice_materials_audited
-- voice_profiles: drop policy voice_profiles_scoped
-- voice_profiles: drop trigger voice_profiles_audited
-- replace function audit_log_append_only
-- replace function audit_log_ledger_blocks_append_only
-- replace function audit_log_ledger_entries_append_only
-- replace function audit_log_ledger_seal
-- replace function audit_log_ledger_stamp
-- replace function audit_log_ledger_tree_append_only
-- replace function clients_audited
-- replace function clients_audited_truncate
-- replace function clients_named_nowhere
-- replace function clients_updated_at_touched
-- replace function enrichment_log_append_only
-- replace function institutional_knowledge_names_no_client
-- replace function institutional_knowledge_updated_at_touched
-- replace function record_changes_append_only
-- replace function record_changes_ledger_blocks_append_only
-- replace function record_changes_ledger_entries_append_only
-- replace function record_changes_ledger_seal
-- replace function record_changes_ledger_stamp
-- replace function record_changes_ledger_tree_append_only
-- replace function record_changes_trail_insert
-- replace function voice_materials_audited
-- replace function voice_materials_audited_truncate
-- replace function voice_materials_updated_at_touched
-- replace function voice_profiles_audited
-- replace function voice_profiles_audited_truncate
-- replace function voice_profiles_updated_at_touched
-- audit_log: add policy audit_log_scoped
-- clients: add policy clients_scoped
-- clients: add trigger clients_audited
-- clients: add trigger clients_audited_delete
-- clients: add trigger clients_audited_update
-- enrichment_log: add policy enrichment_log_scoped
-- record_changes: add policy record_changes_scoped
-- voice_materials: add policy voice_materials_scoped
-- voice_materials: add trigger voice_materials_audited
-- voice_materials: add trigger voice_materials_audited_delete
-- voice_materials: add trigger voice_materials_audited_update
-- voice_profiles: add policy voice_profiles_scoped
-- voice_profiles: add trigger voice_profiles_audited
-- voice_profiles: add trigger voice_profiles_audited_delete
-- voice_profiles: add trigger voice_profiles_audited_update
-- tried without rows: clients, record_changes
-- ashlar: makes trigger clients.clients_audited_delete, trigger clients.clients_audited_update
-- ashlar: makes trigger voice_materials.voice_materials_audited_delete
-- ashlar: makes trigger voice_materials.voice_materials_audited_update
-- ashlar: makes trigger voice_profiles.voice_profiles_audited_delete
-- ashlar: makes trigger voice_profiles.voice_profiles_audited_update

DROP POLICY audit_log_scoped ON audit_log;

DROP POLICY clients_scoped ON clients;

DROP TRIGGER clients_audited ON clients;

DROP POLICY enrichment_log_scoped ON enrichment_log;

DROP POLICY record_changes_scoped ON record_changes;

DROP POLICY voice_materials_scoped ON voice_materials;

DROP TRIGGER voice_materials_audited ON voice_materials;

DROP POLICY voice_profiles_scoped ON voice_profiles;

DROP TRIGGER voice_profiles_audited ON voice_profiles;

CREATE OR REPLACE FUNCTION audit_log_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of audit_log are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of audit_log are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION audit_log_ledger_blocks_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of audit_log_ledger_blocks are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION audit_log_ledger_entries_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of audit_log_ledger_entries are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION audit_log_ledger_seal()
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
  IF NOT pg_try_advisory_xact_lock(hashtextextended('ashlar ledger audit_log ' || current_schema(), 0)) THEN
    RETURN 'busy';
  END IF;
  SELECT * INTO head FROM audit_log_ledger_head;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM audit_log_ledger_tree) THEN
      RAISE EXCEPTION 'ashlar/ledgered: the ledger of audit_log has leaves but no head row';
    END IF;
    INSERT INTO audit_log_ledger_head (cluster) VALUES (NULL) RETURNING * INTO head;
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
          '["ashlar/entry/v1","audit_log","', gen_random_uuid(),
          '","', to_char(t.ashlar_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '",{',
          substr(concat(
            ',"id":"', t.id, '"',
            ',"client_id":' || '"' || t.client_id::text || '"',
            ',"action":', to_json(t.action),
            ',"actor":', to_json(t.actor),
            ',"details":' || t.details::text,
            ',"before_snapshot":' || t.before_snapshot::text,
            ',"after_snapshot":' || t.after_snapshot::text,
            ',"created_at":"', to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '"'
          ), 2), '}]'
        ), 'UTF8') AS entry
      FROM (
        SELECT *
        FROM (
          SELECT t.*, t.id::text AS leaf_key FROM audit_log t WHERE t.ashlar_xid = ANY (waiting)
          UNION ALL
          SELECT t.*, t.id::text AS leaf_key FROM audit_log t WHERE t.ashlar_xid >= low AND t.ashlar_xid <= high
        ) candidate
        WHERE (SELECT leaf.position FROM audit_log_ledger_tree leaf WHERE leaf.row_key = candidate.leaf_key) IS NULL
        ORDER BY candidate.ashlar_xid, candidate.leaf_key
        LIMIT 10000
      ) t
    ) e
  ), written AS (
    INSERT INTO audit_log_ledger_entries (row_key, entry)
    SELECT fresh.row_key, fresh.entry FROM fresh
  ), leaves AS (
    INSERT INTO audit_log_ledger_tree (level, position, hash, row_key)
    SELECT 0, fresh.position, fresh.hash, fresh.row_key FROM fresh
  )
  SELECT array_agg(fresh.hash ORDER BY fresh.position), max(fresh.xid) INTO nodes, last FROM fresh;
  count := coalesce(cardinality(nodes), 0);
  IF count = 0 THEN
    IF head.cluster IS DISTINCT FROM this_cluster THEN
      UPDATE audit_log_ledger_head SET cluster = this_cluster, watermark = mark, sealer = pg_current_xact_id();
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
      INSERT INTO audit_log_ledger_tree (level, position, hash)
      SELECT height / 8, at + run.number - 1, run.hash FROM unnest(nodes) WITH ORDINALITY AS run (hash, number);
    END IF;
  END LOOP;
  new_frontier := substr(head.frontier, 1, 32 * kept) || new_frontier;

  kept := length(new_frontier) / 32;
  root := substr(new_frontier, 32 * kept - 31);
  FOR i IN REVERSE kept - 1 .. 1 LOOP
    root := sha256('\x01' || substr(new_frontier, 32 * i - 31, 32) || root);
  END LOOP;
  INSERT INTO audit_log_ledger_blocks (size, root) VALUES (head.size + count, root);
  UPDATE audit_log_ledger_head
  SET size = head.size + count, frontier = new_frontier, watermark = mark, sealer = pg_current_xact_id(), cluster = this_cluster;
  RETURN CASE WHEN count = 10000 THEN 'more' ELSE 'done' END;
END
$function$;

CREATE OR REPLACE FUNCTION audit_log_ledger_stamp()
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

CREATE OR REPLACE FUNCTION audit_log_ledger_tree_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of audit_log_ledger_tree are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION clients_audited()
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
  IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> 'clients'::regclass THEN
    RAISE EXCEPTION 'ashlar: only triggers of clients may call clients_audited' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT FROM new_rows) THEN
      RETURN NULL;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM old_rows) THEN
    RETURN NULL;
  END IF;
  -- current_user is the owner here: the role that the session has acts
  SELECT context.actor, context.scope, context.sees, coalesce(nullif(current_setting('role'), 'none'), session_user)::name AS role
  INTO acting FROM ashlar_context(coalesce(nullif(current_setting('role'), 'none'), session_user)::name) AS context;
  IF acting.scope IS NULL THEN
    RAISE EXCEPTION 'ashlar/audited: a writer without a session is refused'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM new_rows AS each_row WHERE (each_row.id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of clients are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'clients', 'insert',
      jsonb_build_object(
        'id', now.id
      ),
      NULL::jsonb,
      jsonb_build_object(
        'id', now.id,
        'name', now.name,
        'industry', now.industry,
        'business_description', now.business_description,
        'geography_area', now.geography_area,
        'geography_radius_km', now.geography_radius_km,
        'industry_vertical', now.industry_vertical,
        'target_audience', now.target_audience,
        'content_pillars', now.content_pillars,
        'posting_cadence', now.posting_cadence,
        'platform_accounts', now.platform_accounts,
        'guardrails', now.guardrails,
        'brand_assets', now.brand_assets,
        'competitors', now.competitors,
        'market_scope', now.market_scope,
        'onboarding_state', now.onboarding_state,
        'is_archived', now.is_archived,
        'archived_at', to_char(now.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'profile_completeness_pct', now.profile_completeness_pct,
        'is_mvp_ready', now.is_mvp_ready,
        'last_activity_at', to_char(now.last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'last_action_summary', now.last_action_summary,
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )
    FROM new_rows AS now;
  ELSIF TG_OP = 'UPDATE' THEN
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM old_rows AS each_row WHERE (each_row.id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE) OR EXISTS (SELECT FROM new_rows AS each_row WHERE (each_row.id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of clients are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'clients', 'update',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'name', was.name,
        'industry', was.industry,
        'business_description', was.business_description,
        'geography_area', was.geography_area,
        'geography_radius_km', was.geography_radius_km,
        'industry_vertical', was.industry_vertical,
        'target_audience', was.target_audience,
        'content_pillars', was.content_pillars,
        'posting_cadence', was.posting_cadence,
        'platform_accounts', was.platform_accounts,
        'guardrails', was.guardrails,
        'brand_assets', was.brand_assets,
        'competitors', was.competitors,
        'market_scope', was.market_scope,
        'onboarding_state', was.onboarding_state,
        'is_archived', was.is_archived,
        'archived_at', to_char(was.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'profile_completeness_pct', was.profile_completeness_pct,
        'is_mvp_ready', was.is_mvp_ready,
        'last_activity_at', to_char(was.last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'last_action_summary', was.last_action_summary,
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      jsonb_build_object(
        'id', now.id,
        'name', now.name,
        'industry', now.industry,
        'business_description', now.business_description,
        'geography_area', now.geography_area,
        'geography_radius_km', now.geography_radius_km,
        'industry_vertical', now.industry_vertical,
        'target_audience', now.target_audience,
        'content_pillars', now.content_pillars,
        'posting_cadence', now.posting_cadence,
        'platform_accounts', now.platform_accounts,
        'guardrails', now.guardrails,
        'brand_assets', now.brand_assets,
        'competitors', now.competitors,
        'market_scope', now.market_scope,
        'onboarding_state', now.onboarding_state,
        'is_archived', now.is_archived,
        'archived_at', to_char(now.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'profile_completeness_pct', now.profile_completeness_pct,
        'is_mvp_ready', now.is_mvp_ready,
        'last_activity_at', to_char(now.last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'last_action_summary', now.last_action_summary,
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )
    FROM (SELECT each_row.id, each_row.name, each_row.industry, each_row.business_description, each_row.geography_area, each_row.geography_radius_km, each_row.industry_vertical, each_row.target_audience, each_row.content_pillars, each_row.posting_cadence, each_row.platform_accounts, each_row.guardrails, each_row.brand_assets, each_row.competitors, each_row.market_scope, each_row.onboarding_state, each_row.is_archived, each_row.archived_at, each_row.profile_completeness_pct, each_row.is_mvp_ready, each_row.last_activity_at, each_row.last_action_summary, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM old_rows AS each_row) AS was JOIN (SELECT each_row.id, each_row.name, each_row.industry, each_row.business_description, each_row.geography_area, each_row.geography_radius_km, each_row.industry_vertical, each_row.target_audience, each_row.content_pillars, each_row.posting_cadence, each_row.platform_accounts, each_row.guardrails, each_row.brand_assets, each_row.competitors, each_row.market_scope, each_row.onboarding_state, each_row.is_archived, each_row.archived_at, each_row.profile_completeness_pct, each_row.is_mvp_ready, each_row.last_activity_at, each_row.last_action_summary, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM new_rows AS each_row) AS now USING (ashlar_place) ORDER BY ashlar_place;
  ELSE
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM old_rows AS each_row WHERE (each_row.id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of clients are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'clients', 'delete',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'name', was.name,
        'industry', was.industry,
        'business_description', was.business_description,
        'geography_area', was.geography_area,
        'geography_radius_km', was.geography_radius_km,
        'industry_vertical', was.industry_vertical,
        'target_audience', was.target_audience,
        'content_pillars', was.content_pillars,
        'posting_cadence', was.posting_cadence,
        'platform_accounts', was.platform_accounts,
        'guardrails', was.guardrails,
        'brand_assets', was.brand_assets,
        'competitors', was.competitors,
        'market_scope', was.market_scope,
        'onboarding_state', was.onboarding_state,
        'is_archived', was.is_archived,
        'archived_at', to_char(was.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'profile_completeness_pct', was.profile_completeness_pct,
        'is_mvp_ready', was.is_mvp_ready,
        'last_activity_at', to_char(was.last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'last_action_summary', was.last_action_summary,
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      NULL::jsonb
    FROM old_rows AS was;
  END IF;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION clients_audited_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: clients cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION clients_named_nowhere()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF (SELECT sees FROM ashlar_context(current_user)) IS DISTINCT FROM '*' THEN
    RAISE EXCEPTION 'ashlar/named-nowhere: clients are named by sessions of every scope only'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  -- transactions that write names and those that write knowledge must see each other
  PERFORM pg_advisory_xact_lock(hashtextextended('ashlar/names-no-client', 0));
  IF EXISTS (
    SELECT 1 FROM institutional_knowledge AS knowledge
    WHERE replace(replace(replace(' ' || translate(lower(NEW.name COLLATE "C"), chr(9) || chr(10) || chr(13) || '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~…–—‘’“” ''', repeat(' ', 43)) || ' ', ' ', '<>'), '><', ''), '<>', ' ') <> ' '
      AND strpos(
        replace(replace(replace(' ' || translate(lower((knowledge.category || ' § ' || knowledge.content || ' § ' || coalesce(knowledge.source, '') || ' § ' || coalesce((SELECT string_agg(tag #>> '{}', ' § ') FROM jsonb_path_query(knowledge.tags, '$[*]') AS tag), '')) COLLATE "C"), chr(9) || chr(10) || chr(13) || '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~…–—‘’“” ''', repeat(' ', 43)) || ' ', ' ', '<>'), '><', ''), '<>', ' '),
        replace(replace(replace(' ' || translate(lower(NEW.name COLLATE "C"), chr(9) || chr(10) || chr(13) || '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~…–—‘’“” ''', repeat(' ', 43)) || ' ', ' ', '<>'), '><', ''), '<>', ' ')
      ) > 0
  ) THEN
    RAISE EXCEPTION 'ashlar/named-nowhere: a client has a name that occurs in the institutional knowledge'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION clients_updated_at_touched()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  -- a session of a connection with a clock of its own has that clock's time in a setting
  NEW.updated_at := coalesce(nullif(current_setting('ashlar.now', true), '')::pg_catalog.timestamptz, now());
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION enrichment_log_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of enrichment_log are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of enrichment_log are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION institutional_knowledge_names_no_client()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF (SELECT sees FROM ashlar_context(current_user)) IS DISTINCT FROM '*' THEN
    RAISE EXCEPTION 'ashlar/names-no-client: institutional knowledge is written by sessions of every scope only'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  -- transactions that write names and those that write knowledge must see each other
  PERFORM pg_advisory_xact_lock(hashtextextended('ashlar/names-no-client', 0));
  IF EXISTS (
    SELECT 1 FROM clients AS client
    WHERE replace(replace(replace(' ' || translate(lower(client.name COLLATE "C"), chr(9) || chr(10) || chr(13) || '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~…–—‘’“” ''', repeat(' ', 43)) || ' ', ' ', '<>'), '><', ''), '<>', ' ') <> ' '
      AND strpos(
        replace(replace(replace(' ' || translate(lower((NEW.category || ' § ' || NEW.content || ' § ' || coalesce(NEW.source, '') || ' § ' || coalesce((SELECT string_agg(tag #>> '{}', ' § ') FROM jsonb_path_query(NEW.tags, '$[*]') AS tag), '')) COLLATE "C"), chr(9) || chr(10) || chr(13) || '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~…–—‘’“” ''', repeat(' ', 43)) || ' ', ' ', '<>'), '><', ''), '<>', ' '),
        replace(replace(replace(' ' || translate(lower(client.name COLLATE "C"), chr(9) || chr(10) || chr(13) || '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~…–—‘’“” ''', repeat(' ', 43)) || ' ', ' ', '<>'), '><', ''), '<>', ' ')
      ) > 0
  ) THEN
    RAISE EXCEPTION 'ashlar/names-no-client: institutional knowledge names a client'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION institutional_knowledge_updated_at_touched()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  -- a session of a connection with a clock of its own has that clock's time in a setting
  NEW.updated_at := coalesce(nullif(current_setting('ashlar.now', true), '')::pg_catalog.timestamptz, now());
  RETURN NEW;
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

CREATE OR REPLACE FUNCTION voice_materials_audited()
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
  IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> 'voice_materials'::regclass THEN
    RAISE EXCEPTION 'ashlar: only triggers of voice_materials may call voice_materials_audited' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT FROM new_rows) THEN
      RETURN NULL;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM old_rows) THEN
    RETURN NULL;
  END IF;
  -- current_user is the owner here: the role that the session has acts
  SELECT context.actor, context.scope, context.sees, coalesce(nullif(current_setting('role'), 'none'), session_user)::name AS role
  INTO acting FROM ashlar_context(coalesce(nullif(current_setting('role'), 'none'), session_user)::name) AS context;
  IF acting.scope IS NULL THEN
    RAISE EXCEPTION 'ashlar/audited: a writer without a session is refused'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM new_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of voice_materials are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'voice_materials', 'insert',
      jsonb_build_object(
        'id', now.id
      ),
      NULL::jsonb,
      jsonb_build_object(
        'id', now.id,
        'client_id', now.client_id,
        'source_type', now.source_type,
        'content', now.content,
        'source_url', now.source_url,
        'metadata', now.metadata,
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )
    FROM new_rows AS now;
  ELSIF TG_OP = 'UPDATE' THEN
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM old_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE) OR EXISTS (SELECT FROM new_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of voice_materials are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'voice_materials', 'update',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'client_id', was.client_id,
        'source_type', was.source_type,
        'content', was.content,
        'source_url', was.source_url,
        'metadata', was.metadata,
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      jsonb_build_object(
        'id', now.id,
        'client_id', now.client_id,
        'source_type', now.source_type,
        'content', now.content,
        'source_url', now.source_url,
        'metadata', now.metadata,
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )
    FROM (SELECT each_row.id, each_row.client_id, each_row.source_type, each_row.content, each_row.source_url, each_row.metadata, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM old_rows AS each_row) AS was JOIN (SELECT each_row.id, each_row.client_id, each_row.source_type, each_row.content, each_row.source_url, each_row.metadata, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM new_rows AS each_row) AS now USING (ashlar_place) ORDER BY ashlar_place;
  ELSE
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM old_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of voice_materials are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'voice_materials', 'delete',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'client_id', was.client_id,
        'source_type', was.source_type,
        'content', was.content,
        'source_url', was.source_url,
        'metadata', was.metadata,
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      NULL::jsonb
    FROM old_rows AS was;
  END IF;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION voice_materials_audited_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: voice_materials cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION voice_materials_updated_at_touched()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  -- a session of a connection with a clock of its own has that clock's time in a setting
  NEW.updated_at := coalesce(nullif(current_setting('ashlar.now', true), '')::pg_catalog.timestamptz, now());
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION voice_profiles_audited()
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
  IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> 'voice_profiles'::regclass THEN
    RAISE EXCEPTION 'ashlar: only triggers of voice_profiles may call voice_profiles_audited' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT FROM new_rows) THEN
      RETURN NULL;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM old_rows) THEN
    RETURN NULL;
  END IF;
  -- current_user is the owner here: the role that the session has acts
  SELECT context.actor, context.scope, context.sees, coalesce(nullif(current_setting('role'), 'none'), session_user)::name AS role
  INTO acting FROM ashlar_context(coalesce(nullif(current_setting('role'), 'none'), session_user)::name) AS context;
  IF acting.scope IS NULL THEN
    RAISE EXCEPTION 'ashlar/audited: a writer without a session is refused'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM new_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of voice_profiles are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'voice_profiles', 'insert',
      jsonb_build_object(
        'id', now.id
      ),
      NULL::jsonb,
      jsonb_build_object(
        'id', now.id,
        'client_id', now.client_id,
        'profile_data', now.profile_data,
        'overall_confidence_pct', now.overall_confidence_pct,
        'sample_count', now.sample_count,
        'last_calibrated_at', to_char(now.last_calibrated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )
    FROM new_rows AS now;
  ELSIF TG_OP = 'UPDATE' THEN
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM old_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE) OR EXISTS (SELECT FROM new_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of voice_profiles are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'voice_profiles', 'update',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'client_id', was.client_id,
        'profile_data', was.profile_data,
        'overall_confidence_pct', was.overall_confidence_pct,
        'sample_count', was.sample_count,
        'last_calibrated_at', to_char(was.last_calibrated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      jsonb_build_object(
        'id', now.id,
        'client_id', now.client_id,
        'profile_data', now.profile_data,
        'overall_confidence_pct', now.overall_confidence_pct,
        'sample_count', now.sample_count,
        'last_calibrated_at', to_char(now.last_calibrated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )
    FROM (SELECT each_row.id, each_row.client_id, each_row.profile_data, each_row.overall_confidence_pct, each_row.sample_count, each_row.last_calibrated_at, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM old_rows AS each_row) AS was JOIN (SELECT each_row.id, each_row.client_id, each_row.profile_data, each_row.overall_confidence_pct, each_row.sample_count, each_row.last_calibrated_at, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM new_rows AS each_row) AS now USING (ashlar_place) ORDER BY ashlar_place;
  ELSE
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM old_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of voice_profiles are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after"
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'voice_profiles', 'delete',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'client_id', was.client_id,
        'profile_data', was.profile_data,
        'overall_confidence_pct', was.overall_confidence_pct,
        'sample_count', was.sample_count,
        'last_calibrated_at', to_char(was.last_calibrated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      NULL::jsonb
    FROM old_rows AS was;
  END IF;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION voice_profiles_audited_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: voice_profiles cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION voice_profiles_updated_at_touched()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  -- a session of a connection with a clock of its own has that clock's time in a setting
  NEW.updated_at := coalesce(nullif(current_setting('ashlar.now', true), '')::pg_catalog.timestamptz, now());
  RETURN NEW;
END
$function$;

CREATE POLICY audit_log_scoped ON audit_log
  USING (COALESCE(client_id::text COLLATE "C", ''::text) >= (( SELECT ashlar_range_text_low(CURRENT_USER) AS ashlar_range_text_low)) AND COALESCE(client_id::text COLLATE "C", ''::text) <= (( SELECT ashlar_range_text_high(CURRENT_USER) AS ashlar_range_text_high)) AND
CASE (( SELECT ashlar_context.sees
       FROM ashlar_context(CURRENT_USER) ashlar_context(actor, scope, sees))) COLLATE "C"
    WHEN '*'::text THEN true
    WHEN client_id::text THEN true
    ELSE false
END);

CREATE POLICY clients_scoped ON clients
  USING (id >= (( SELECT ashlar_range_uuid_low(CURRENT_USER) AS ashlar_range_uuid_low)) AND id <= (( SELECT ashlar_range_uuid_high(CURRENT_USER) AS ashlar_range_uuid_high)) AND
CASE (( SELECT ashlar_context.sees
       FROM ashlar_context(CURRENT_USER) ashlar_context(actor, scope, sees))) COLLATE "C"
    WHEN '*'::text THEN true
    WHEN id::text THEN true
    ELSE false
END);

CREATE TRIGGER clients_audited AFTER INSERT ON clients
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION clients_audited();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_audited;

CREATE TRIGGER clients_audited_delete AFTER DELETE ON clients
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION clients_audited();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_audited_delete;

CREATE TRIGGER clients_audited_update AFTER UPDATE ON clients
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION clients_audited();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_audited_update;

CREATE POLICY enrichment_log_scoped ON enrichment_log
  USING (client_id >= (( SELECT ashlar_range_uuid_low(CURRENT_USER) AS ashlar_range_uuid_low)) AND client_id <= (( SELECT ashlar_range_uuid_high(CURRENT_USER) AS ashlar_range_uuid_high)) AND
CASE (( SELECT ashlar_context.sees
       FROM ashlar_context(CURRENT_USER) ashlar_context(actor, scope, sees))) COLLATE "C"
    WHEN '*'::text THEN true
    WHEN client_id::text THEN true
    ELSE false
END);

CREATE POLICY record_changes_scoped ON record_changes
  USING (COALESCE(scope, ''::text) >= (( SELECT ashlar_range_text_low(CURRENT_USER) AS ashlar_range_text_low)) AND COALESCE(scope, ''::text) <= (( SELECT ashlar_range_text_high(CURRENT_USER) AS ashlar_range_text_high)) AND
CASE (( SELECT ashlar_context.sees
       FROM ashlar_context(CURRENT_USER) ashlar_context(actor, scope, sees))) COLLATE "C"
    WHEN '*'::text THEN true
    WHEN scope THEN true
    ELSE false
END);

CREATE POLICY voice_materials_scoped ON voice_materials
  USING (client_id >= (( SELECT ashlar_range_uuid_low(CURRENT_USER) AS ashlar_range_uuid_low)) AND client_id <= (( SELECT ashlar_range_uuid_high(CURRENT_USER) AS ashlar_range_uuid_high)) AND
CASE (( SELECT ashlar_context.sees
       FROM ashlar_context(CURRENT_USER) ashlar_context(actor, scope, sees))) COLLATE "C"
    WHEN '*'::text THEN true
    WHEN client_id::text THEN true
    ELSE false
END);

CREATE TRIGGER voice_materials_audited AFTER INSERT ON voice_materials
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION voice_materials_audited();

ALTER TABLE voice_materials ENABLE ALWAYS TRIGGER voice_materials_audited;

CREATE TRIGGER voice_materials_audited_delete AFTER DELETE ON voice_materials
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION voice_materials_audited();

ALTER TABLE voice_materials ENABLE ALWAYS TRIGGER voice_materials_audited_delete;

CREATE TRIGGER voice_materials_audited_update AFTER UPDATE ON voice_materials
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION voice_materials_audited();

ALTER TABLE voice_materials ENABLE ALWAYS TRIGGER voice_materials_audited_update;

CREATE POLICY voice_profiles_scoped ON voice_profiles
  USING (client_id >= (( SELECT ashlar_range_uuid_low(CURRENT_USER) AS ashlar_range_uuid_low)) AND client_id <= (( SELECT ashlar_range_uuid_high(CURRENT_USER) AS ashlar_range_uuid_high)) AND
CASE (( SELECT ashlar_context.sees
       FROM ashlar_context(CURRENT_USER) ashlar_context(actor, scope, sees))) COLLATE "C"
    WHEN '*'::text THEN true
    WHEN client_id::text THEN true
    ELSE false
END);

CREATE TRIGGER voice_profiles_audited AFTER INSERT ON voice_profiles
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION voice_profiles_audited();

ALTER TABLE voice_profiles ENABLE ALWAYS TRIGGER voice_profiles_audited;

CREATE TRIGGER voice_profiles_audited_delete AFTER DELETE ON voice_profiles
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION voice_profiles_audited();

ALTER TABLE voice_profiles ENABLE ALWAYS TRIGGER voice_profiles_audited_delete;

CREATE TRIGGER voice_profiles_audited_update AFTER UPDATE ON voice_profiles
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION voice_profiles_audited();

ALTER TABLE voice_profiles ENABLE ALWAYS TRIGGER voice_profiles_audited_update;
