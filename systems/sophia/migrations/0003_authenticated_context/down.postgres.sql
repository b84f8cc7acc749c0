-- undoes 0003_authenticated_context

DROP TRIGGER voice_profiles_audited_update ON voice_profiles;

DROP TRIGGER voice_profiles_audited_delete ON voice_profiles;

DROP TRIGGER voice_profiles_audited ON voice_profiles;

DROP POLICY voice_profiles_scoped ON voice_profiles;

DROP TRIGGER voice_materials_audited_update ON voice_materials;

DROP TRIGGER voice_materials_audited_delete ON voice_materials;

DROP TRIGGER voice_materials_audited ON voice_materials;

DROP POLICY voice_materials_scoped ON voice_materials;

DROP POLICY record_changes_scoped ON record_changes;

DROP POLICY enrichment_log_scoped ON enrichment_log;

DROP TRIGGER clients_audited_update ON clients;

DROP TRIGGER clients_audited_delete ON clients;

DROP TRIGGER clients_audited ON clients;

DROP POLICY clients_scoped ON clients;

DROP POLICY audit_log_scoped ON audit_log;

CREATE OR REPLACE FUNCTION voice_profiles_updated_at_touched()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  -- a session of a connection with a clock of its own has that clock's time in a setting
  NEW.updated_at := coalesce(nullif(current_setting('ashlar.now', true), '')::timestamptz, now());
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION voice_profiles_audited_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: voice_profiles cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION voice_profiles_audited()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
AS $function$
BEGIN
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  VALUES (
    nullif(current_setting('ashlar.actor', true), ''),
    nullif(current_setting('ashlar.scope', true), ''),
    -- current_user is the owner here: record the role that the session has set, or else the login role
    coalesce(nullif(current_setting('role'), 'none'), session_user),
    'voice_profiles',
    lower(TG_OP),
    CASE WHEN TG_OP = 'INSERT' THEN
        jsonb_build_object(
          'id', NEW.id
        )
    ELSE
        jsonb_build_object(
          'id', OLD.id
        )
    END,
    CASE WHEN TG_OP <> 'INSERT' THEN
        jsonb_build_object(
          'id', OLD.id,
          'client_id', OLD.client_id,
          'profile_data', OLD.profile_data,
          'overall_confidence_pct', OLD.overall_confidence_pct,
          'sample_count', OLD.sample_count,
          'last_calibrated_at', to_char(OLD.last_calibrated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'created_at', to_char(OLD.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(OLD.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END,
    CASE WHEN TG_OP <> 'DELETE' THEN
        jsonb_build_object(
          'id', NEW.id,
          'client_id', NEW.client_id,
          'profile_data', NEW.profile_data,
          'overall_confidence_pct', NEW.overall_confidence_pct,
          'sample_count', NEW.sample_count,
          'last_calibrated_at', to_char(NEW.last_calibrated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'created_at', to_char(NEW.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(NEW.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END
  );
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION voice_materials_updated_at_touched()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  -- a session of a connection with a clock of its own has that clock's time in a setting
  NEW.updated_at := coalesce(nullif(current_setting('ashlar.now', true), '')::timestamptz, now());
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION voice_materials_audited_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: voice_materials cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION voice_materials_audited()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
AS $function$
BEGIN
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  VALUES (
    nullif(current_setting('ashlar.actor', true), ''),
    nullif(current_setting('ashlar.scope', true), ''),
    -- current_user is the owner here: record the role that the session has set, or else the login role
    coalesce(nullif(current_setting('role'), 'none'), session_user),
    'voice_materials',
    lower(TG_OP),
    CASE WHEN TG_OP = 'INSERT' THEN
        jsonb_build_object(
          'id', NEW.id
        )
    ELSE
        jsonb_build_object(
          'id', OLD.id
        )
    END,
    CASE WHEN TG_OP <> 'INSERT' THEN
        jsonb_build_object(
          'id', OLD.id,
          'client_id', OLD.client_id,
          'source_type', OLD.source_type,
          'content', OLD.content,
          'source_url', OLD.source_url,
          'metadata', OLD.metadata,
          'created_at', to_char(OLD.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(OLD.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END,
    CASE WHEN TG_OP <> 'DELETE' THEN
        jsonb_build_object(
          'id', NEW.id,
          'client_id', NEW.client_id,
          'source_type', NEW.source_type,
          'content', NEW.content,
          'source_url', NEW.source_url,
          'metadata', NEW.metadata,
          'created_at', to_char(NEW.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(NEW.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END
  );
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_trail_insert()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/trail: rows of record_changes are written by the database only'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_ledger_tree_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of record_changes_ledger_tree are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_ledger_stamp()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  NEW.ashlar_xid := pg_current_xact_id();
  NEW.ashlar_at := now();
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_ledger_seal()
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
AS $function$
DECLARE
  callers_scope text := coalesce(current_setting('ashlar.scope', true), '');
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

  -- reads every scope; a subquery, not a join, so that the lookup uses the index however large the tables are
  PERFORM set_config('ashlar.scope', '*', true);
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
  PERFORM set_config('ashlar.scope', callers_scope, true);
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

CREATE OR REPLACE FUNCTION record_changes_ledger_entries_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of record_changes_ledger_entries are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_ledger_blocks_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of record_changes_ledger_blocks are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION record_changes_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
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

CREATE OR REPLACE FUNCTION institutional_knowledge_updated_at_touched()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  -- a session of a connection with a clock of its own has that clock's time in a setting
  NEW.updated_at := coalesce(nullif(current_setting('ashlar.now', true), '')::timestamptz, now());
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION institutional_knowledge_names_no_client()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF coalesce(current_setting('ashlar.scope', true), '') <> '*' THEN
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

CREATE OR REPLACE FUNCTION enrichment_log_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
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

CREATE OR REPLACE FUNCTION clients_updated_at_touched()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  -- a session of a connection with a clock of its own has that clock's time in a setting
  NEW.updated_at := coalesce(nullif(current_setting('ashlar.now', true), '')::timestamptz, now());
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION clients_named_nowhere()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF coalesce(current_setting('ashlar.scope', true), '') <> '*' THEN
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

CREATE OR REPLACE FUNCTION clients_audited_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: clients cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION clients_audited()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
AS $function$
BEGIN
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  VALUES (
    nullif(current_setting('ashlar.actor', true), ''),
    nullif(current_setting('ashlar.scope', true), ''),
    -- current_user is the owner here: record the role that the session has set, or else the login role
    coalesce(nullif(current_setting('role'), 'none'), session_user),
    'clients',
    lower(TG_OP),
    CASE WHEN TG_OP = 'INSERT' THEN
        jsonb_build_object(
          'id', NEW.id
        )
    ELSE
        jsonb_build_object(
          'id', OLD.id
        )
    END,
    CASE WHEN TG_OP <> 'INSERT' THEN
        jsonb_build_object(
          'id', OLD.id,
          'name', OLD.name,
          'industry', OLD.industry,
          'business_description', OLD.business_description,
          'geography_area', OLD.geography_area,
          'geography_radius_km', OLD.geography_radius_km,
          'industry_vertical', OLD.industry_vertical,
          'target_audience', OLD.target_audience,
          'content_pillars', OLD.content_pillars,
          'posting_cadence', OLD.posting_cadence,
          'platform_accounts', OLD.platform_accounts,
          'guardrails', OLD.guardrails,
          'brand_assets', OLD.brand_assets,
          'competitors', OLD.competitors,
          'market_scope', OLD.market_scope,
          'onboarding_state', OLD.onboarding_state,
          'is_archived', OLD.is_archived,
          'archived_at', to_char(OLD.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'profile_completeness_pct', OLD.profile_completeness_pct,
          'is_mvp_ready', OLD.is_mvp_ready,
          'last_activity_at', to_char(OLD.last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'last_action_summary', OLD.last_action_summary,
          'created_at', to_char(OLD.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(OLD.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END,
    CASE WHEN TG_OP <> 'DELETE' THEN
        jsonb_build_object(
          'id', NEW.id,
          'name', NEW.name,
          'industry', NEW.industry,
          'business_description', NEW.business_description,
          'geography_area', NEW.geography_area,
          'geography_radius_km', NEW.geography_radius_km,
          'industry_vertical', NEW.industry_vertical,
          'target_audience', NEW.target_audience,
          'content_pillars', NEW.content_pillars,
          'posting_cadence', NEW.posting_cadence,
          'platform_accounts', NEW.platform_accounts,
          'guardrails', NEW.guardrails,
          'brand_assets', NEW.brand_assets,
          'competitors', NEW.competitors,
          'market_scope', NEW.market_scope,
          'onboarding_state', NEW.onboarding_state,
          'is_archived', NEW.is_archived,
          'archived_at', to_char(NEW.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'profile_completeness_pct', NEW.profile_completeness_pct,
          'is_mvp_ready', NEW.is_mvp_ready,
          'last_activity_at', to_char(NEW.last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'last_action_summary', NEW.last_action_summary,
          'created_at', to_char(NEW.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(NEW.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END
  );
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION audit_log_ledger_tree_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of audit_log_ledger_tree are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION audit_log_ledger_stamp()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  NEW.ashlar_xid := pg_current_xact_id();
  NEW.ashlar_at := now();
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION audit_log_ledger_seal()
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
AS $function$
DECLARE
  callers_scope text := coalesce(current_setting('ashlar.scope', true), '');
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

  -- reads every scope; a subquery, not a join, so that the lookup uses the index however large the tables are
  PERFORM set_config('ashlar.scope', '*', true);
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
  PERFORM set_config('ashlar.scope', callers_scope, true);
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

CREATE OR REPLACE FUNCTION audit_log_ledger_entries_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of audit_log_ledger_entries are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION audit_log_ledger_blocks_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of audit_log_ledger_blocks are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION audit_log_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
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

CREATE TRIGGER voice_profiles_audited AFTER INSERT OR DELETE OR UPDATE ON voice_profiles FOR EACH ROW EXECUTE FUNCTION voice_profiles_audited();
ALTER TABLE voice_profiles ENABLE ALWAYS TRIGGER voice_profiles_audited;

CREATE POLICY voice_profiles_scoped ON voice_profiles
  USING (client_id >= ashlar_scope_uuid_low() AND client_id <= ashlar_scope_uuid_high());

CREATE TRIGGER voice_materials_audited AFTER INSERT OR DELETE OR UPDATE ON voice_materials FOR EACH ROW EXECUTE FUNCTION voice_materials_audited();
ALTER TABLE voice_materials ENABLE ALWAYS TRIGGER voice_materials_audited;

CREATE POLICY voice_materials_scoped ON voice_materials
  USING (client_id >= ashlar_scope_uuid_low() AND client_id <= ashlar_scope_uuid_high());

CREATE POLICY record_changes_scoped ON record_changes
  USING (COALESCE(scope, ''::text) >= ashlar_scope_text_low() AND COALESCE(scope, ''::text) <= ashlar_scope_text_high())
  WITH CHECK (COALESCE(scope, ''::text) >= ashlar_scope_text_low() AND COALESCE(scope, ''::text) <= ashlar_scope_text_high() OR scope IS NULL AND COALESCE(current_setting('ashlar.scope'::text, true), ''::text) = ''::text);

CREATE POLICY enrichment_log_scoped ON enrichment_log
  USING (client_id >= ashlar_scope_uuid_low() AND client_id <= ashlar_scope_uuid_high());

CREATE TRIGGER clients_audited AFTER INSERT OR DELETE OR UPDATE ON clients FOR EACH ROW EXECUTE FUNCTION clients_audited();
ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_audited;

CREATE POLICY clients_scoped ON clients
  USING (id >= ashlar_scope_uuid_low() AND id <= ashlar_scope_uuid_high());

CREATE POLICY audit_log_scoped ON audit_log
  USING (COALESCE(client_id::text COLLATE "C", ''::text) >= ashlar_scope_text_low() AND COALESCE(client_id::text COLLATE "C", ''::text) <= ashlar_scope_text_high());
