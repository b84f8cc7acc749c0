-- 0005_contents_under_client_keys
-- replace function clients_audited
-- replace function voice_materials_audited
-- replace function voice_profiles_audited
-- clients: add column name_key
-- clients: add column erased_at
-- enrichment_log: new_value becomes nullable
-- enrichment_log: source becomes nullable
-- clients: add check clients_erased_is_archived
-- client_keys: create table
-- record_contents: create table
-- tried without rows: clients, enrichment_log, voice_materials, voice_profiles
-- ashlar: makes table client_keys, column client_keys.scope, column client_keys.version
-- ashlar: makes column client_keys.wrapped, column client_keys.master_version, column client_keys.created_at
-- ashlar: makes column client_keys.shredded_at, constraint client_keys.client_keys_pkey
-- ashlar: makes constraint client_keys.client_keys_created_at_check
-- ashlar: makes constraint client_keys.client_keys_master_version_check
-- ashlar: makes constraint client_keys.client_keys_scope_check, constraint client_keys.client_keys_shredded
-- ashlar: makes constraint client_keys.client_keys_shredded_at_check
-- ashlar: makes constraint client_keys.client_keys_version_check
-- ashlar: makes trigger client_keys.client_keys_keyring_delete
-- ashlar: makes trigger client_keys.client_keys_keyring_insert
-- ashlar: makes trigger client_keys.client_keys_keyring_truncate
-- ashlar: makes trigger client_keys.client_keys_keyring_update, policy client_keys.client_keys_scoped
-- ashlar: makes column clients.name_key, column clients.erased_at, constraint clients.clients_erased_at_check
-- ashlar: makes constraint clients.clients_erased_is_archived, table record_contents
-- ashlar: makes column record_contents.id, column record_contents.client_id, column record_contents.log
-- ashlar: makes column record_contents.content, column record_contents.created_at
-- ashlar: makes column record_contents.ashlar_xid, column record_contents.ashlar_at
-- ashlar: makes constraint record_contents.record_contents_pkey
-- ashlar: makes constraint record_contents.record_contents_client_id_fkey
-- ashlar: makes constraint record_contents.record_contents_content_check
-- ashlar: makes constraint record_contents.record_contents_created_at_check
-- ashlar: makes constraint record_contents.record_contents_log_check, index record_contents_ashlar_xid_idx
-- ashlar: makes index record_contents_client_id_idx
-- ashlar: makes trigger record_contents.record_contents_append_only_delete
-- ashlar: makes trigger record_contents.record_contents_append_only_truncate
-- ashlar: makes trigger record_contents.record_contents_append_only_update
-- ashlar: makes trigger record_contents.record_contents_encrypted_update
-- ashlar: makes trigger record_contents.record_contents_ledger_append
-- ashlar: makes trigger record_contents.record_contents_ledger_time
-- ashlar: makes policy record_contents.record_contents_scoped, table record_contents_ledger_blocks
-- ashlar: makes column record_contents_ledger_blocks.size, column record_contents_ledger_blocks.root
-- ashlar: makes column record_contents_ledger_blocks.sealed_at
-- ashlar: makes constraint record_contents_ledger_blocks.record_contents_ledger_blocks_pkey
-- ashlar: makes constraint record_contents_ledger_blocks.record_contents_ledger_blocks_root_check
-- ashlar: makes trigger record_contents_ledger_blocks.record_contents_ledger_blocks_append_only_delete
-- ashlar: makes trigger record_contents_ledger_blocks.record_contents_ledger_blocks_append_only_truncate
-- ashlar: makes trigger record_contents_ledger_blocks.record_contents_ledger_blocks_append_only_update
-- ashlar: makes table record_contents_ledger_entries, column record_contents_ledger_entries.row_key
-- ashlar: makes column record_contents_ledger_entries.entry
-- ashlar: makes constraint record_contents_ledger_entries.record_contents_ledger_entries_pkey
-- ashlar: makes trigger record_contents_ledger_entries.record_contents_ledger_entries_append_only_delete
-- ashlar: makes trigger record_contents_ledger_entries.record_contents_ledger_entries_append_only_truncate
-- ashlar: makes trigger record_contents_ledger_entries.record_contents_ledger_entries_append_only_update
-- ashlar: makes table record_contents_ledger_head, column record_contents_ledger_head.id
-- ashlar: makes column record_contents_ledger_head.size, column record_contents_ledger_head.frontier
-- ashlar: makes column record_contents_ledger_head.watermark, column record_contents_ledger_head.sealer
-- ashlar: makes column record_contents_ledger_head.cluster, column record_contents_ledger_head.first_provable
-- ashlar: makes constraint record_contents_ledger_head.record_contents_ledger_head_pkey
-- ashlar: makes constraint record_contents_ledger_head.record_contents_ledger_head_id_check
-- ashlar: makes trigger record_contents_ledger_head.record_contents_ledger_provable
-- ashlar: makes table record_contents_ledger_tree, column record_contents_ledger_tree.level
-- ashlar: makes column record_contents_ledger_tree.position, column record_contents_ledger_tree.hash
-- ashlar: makes column record_contents_ledger_tree.row_key
-- ashlar: makes constraint record_contents_ledger_tree.record_contents_ledger_tree_pkey
-- ashlar: makes constraint record_contents_ledger_tree.record_contents_ledger_tree_row_key_key
-- ashlar: makes constraint record_contents_ledger_tree.record_contents_ledger_tree_check
-- ashlar: makes constraint record_contents_ledger_tree.record_contents_ledger_tree_hash_check
-- ashlar: makes trigger record_contents_ledger_tree.record_contents_ledger_tree_append_only_delete
-- ashlar: makes trigger record_contents_ledger_tree.record_contents_ledger_tree_append_only_truncate
-- ashlar: makes trigger record_contents_ledger_tree.record_contents_ledger_tree_append_only_update
-- ashlar: makes function client_keys_keyring_delete, function client_keys_keyring_insert
-- ashlar: makes function client_keys_keyring_update, function record_contents_append_only
-- ashlar: makes function record_contents_encrypted_update, function record_contents_ledger_blocks_append_only
-- ashlar: makes function record_contents_ledger_entries_append_only, function record_contents_ledger_provable
-- ashlar: makes function record_contents_ledger_seal, function record_contents_ledger_stamp
-- ashlar: makes function record_contents_ledger_time, function record_contents_ledger_tree_append_only

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
      actor, scope, role, table_name, operation, row_key, before, "after", unseen
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'clients', 'insert',
      jsonb_build_object(
        'id', now.id
      ),
      NULL::jsonb,
      jsonb_build_object(
        'id', now.id,
        'is_archived', now.is_archived,
        'archived_at', to_char(now.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'profile_completeness_pct', now.profile_completeness_pct,
        'is_mvp_ready', now.is_mvp_ready,
        'last_activity_at', to_char(now.last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'erased_at', to_char(now.erased_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      nullif(to_jsonb(array_remove(ARRAY[CASE WHEN now.name IS NOT NULL THEN 'name' END, CASE WHEN now.name_key IS NOT NULL THEN 'name_key' END, CASE WHEN now.industry IS NOT NULL THEN 'industry' END, CASE WHEN now.business_description IS NOT NULL THEN 'business_description' END, CASE WHEN now.geography_area IS NOT NULL THEN 'geography_area' END, CASE WHEN now.geography_radius_km IS NOT NULL THEN 'geography_radius_km' END, CASE WHEN now.industry_vertical IS NOT NULL THEN 'industry_vertical' END, CASE WHEN now.target_audience IS NOT NULL THEN 'target_audience' END, CASE WHEN now.content_pillars IS NOT NULL THEN 'content_pillars' END, CASE WHEN now.posting_cadence IS NOT NULL THEN 'posting_cadence' END, CASE WHEN now.platform_accounts IS NOT NULL THEN 'platform_accounts' END, CASE WHEN now.guardrails IS NOT NULL THEN 'guardrails' END, CASE WHEN now.brand_assets IS NOT NULL THEN 'brand_assets' END, CASE WHEN now.competitors IS NOT NULL THEN 'competitors' END, CASE WHEN now.market_scope IS NOT NULL THEN 'market_scope' END, CASE WHEN now.onboarding_state IS NOT NULL THEN 'onboarding_state' END, CASE WHEN now.last_action_summary IS NOT NULL THEN 'last_action_summary' END], NULL)), '[]')
    FROM new_rows AS now;
  ELSIF TG_OP = 'UPDATE' THEN
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM old_rows AS each_row WHERE (each_row.id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE) OR EXISTS (SELECT FROM new_rows AS each_row WHERE (each_row.id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of clients are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after", unseen
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'clients', 'update',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'is_archived', was.is_archived,
        'archived_at', to_char(was.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'profile_completeness_pct', was.profile_completeness_pct,
        'is_mvp_ready', was.is_mvp_ready,
        'last_activity_at', to_char(was.last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'erased_at', to_char(was.erased_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      jsonb_build_object(
        'id', now.id,
        'is_archived', now.is_archived,
        'archived_at', to_char(now.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'profile_completeness_pct', now.profile_completeness_pct,
        'is_mvp_ready', now.is_mvp_ready,
        'last_activity_at', to_char(now.last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'erased_at', to_char(now.erased_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      nullif(to_jsonb(array_remove(ARRAY[CASE WHEN now.name IS DISTINCT FROM was.name THEN 'name' END, CASE WHEN now.name_key IS DISTINCT FROM was.name_key THEN 'name_key' END, CASE WHEN now.industry IS DISTINCT FROM was.industry THEN 'industry' END, CASE WHEN now.business_description IS DISTINCT FROM was.business_description THEN 'business_description' END, CASE WHEN now.geography_area IS DISTINCT FROM was.geography_area THEN 'geography_area' END, CASE WHEN now.geography_radius_km IS DISTINCT FROM was.geography_radius_km THEN 'geography_radius_km' END, CASE WHEN now.industry_vertical IS DISTINCT FROM was.industry_vertical THEN 'industry_vertical' END, CASE WHEN now.target_audience IS DISTINCT FROM was.target_audience THEN 'target_audience' END, CASE WHEN now.content_pillars IS DISTINCT FROM was.content_pillars THEN 'content_pillars' END, CASE WHEN now.posting_cadence IS DISTINCT FROM was.posting_cadence THEN 'posting_cadence' END, CASE WHEN now.platform_accounts IS DISTINCT FROM was.platform_accounts THEN 'platform_accounts' END, CASE WHEN now.guardrails IS DISTINCT FROM was.guardrails THEN 'guardrails' END, CASE WHEN now.brand_assets IS DISTINCT FROM was.brand_assets THEN 'brand_assets' END, CASE WHEN now.competitors IS DISTINCT FROM was.competitors THEN 'competitors' END, CASE WHEN now.market_scope IS DISTINCT FROM was.market_scope THEN 'market_scope' END, CASE WHEN now.onboarding_state IS DISTINCT FROM was.onboarding_state THEN 'onboarding_state' END, CASE WHEN now.last_action_summary IS DISTINCT FROM was.last_action_summary THEN 'last_action_summary' END], NULL)), '[]')
    FROM (SELECT each_row.id, each_row.name, each_row.name_key, each_row.industry, each_row.business_description, each_row.geography_area, each_row.geography_radius_km, each_row.industry_vertical, each_row.target_audience, each_row.content_pillars, each_row.posting_cadence, each_row.platform_accounts, each_row.guardrails, each_row.brand_assets, each_row.competitors, each_row.market_scope, each_row.onboarding_state, each_row.is_archived, each_row.archived_at, each_row.profile_completeness_pct, each_row.is_mvp_ready, each_row.last_activity_at, each_row.last_action_summary, each_row.created_at, each_row.updated_at, each_row.erased_at, row_number() OVER () AS ashlar_place FROM old_rows AS each_row) AS was JOIN (SELECT each_row.id, each_row.name, each_row.name_key, each_row.industry, each_row.business_description, each_row.geography_area, each_row.geography_radius_km, each_row.industry_vertical, each_row.target_audience, each_row.content_pillars, each_row.posting_cadence, each_row.platform_accounts, each_row.guardrails, each_row.brand_assets, each_row.competitors, each_row.market_scope, each_row.onboarding_state, each_row.is_archived, each_row.archived_at, each_row.profile_completeness_pct, each_row.is_mvp_ready, each_row.last_activity_at, each_row.last_action_summary, each_row.created_at, each_row.updated_at, each_row.erased_at, row_number() OVER () AS ashlar_place FROM new_rows AS each_row) AS now USING (ashlar_place) ORDER BY ashlar_place;
  ELSE
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM old_rows AS each_row WHERE (each_row.id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of clients are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after", unseen
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'clients', 'delete',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'is_archived', was.is_archived,
        'archived_at', to_char(was.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'profile_completeness_pct', was.profile_completeness_pct,
        'is_mvp_ready', was.is_mvp_ready,
        'last_activity_at', to_char(was.last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'erased_at', to_char(was.erased_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      NULL::jsonb,
      nullif(to_jsonb(array_remove(ARRAY[CASE WHEN was.name IS NOT NULL THEN 'name' END, CASE WHEN was.name_key IS NOT NULL THEN 'name_key' END, CASE WHEN was.industry IS NOT NULL THEN 'industry' END, CASE WHEN was.business_description IS NOT NULL THEN 'business_description' END, CASE WHEN was.geography_area IS NOT NULL THEN 'geography_area' END, CASE WHEN was.geography_radius_km IS NOT NULL THEN 'geography_radius_km' END, CASE WHEN was.industry_vertical IS NOT NULL THEN 'industry_vertical' END, CASE WHEN was.target_audience IS NOT NULL THEN 'target_audience' END, CASE WHEN was.content_pillars IS NOT NULL THEN 'content_pillars' END, CASE WHEN was.posting_cadence IS NOT NULL THEN 'posting_cadence' END, CASE WHEN was.platform_accounts IS NOT NULL THEN 'platform_accounts' END, CASE WHEN was.guardrails IS NOT NULL THEN 'guardrails' END, CASE WHEN was.brand_assets IS NOT NULL THEN 'brand_assets' END, CASE WHEN was.competitors IS NOT NULL THEN 'competitors' END, CASE WHEN was.market_scope IS NOT NULL THEN 'market_scope' END, CASE WHEN was.onboarding_state IS NOT NULL THEN 'onboarding_state' END, CASE WHEN was.last_action_summary IS NOT NULL THEN 'last_action_summary' END], NULL)), '[]')
    FROM old_rows AS was;
  END IF;
  RETURN NULL;
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
      actor, scope, role, table_name, operation, row_key, before, "after", unseen
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
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      nullif(to_jsonb(array_remove(ARRAY[CASE WHEN now.source_type IS NOT NULL THEN 'source_type' END, CASE WHEN now.content IS NOT NULL THEN 'content' END, CASE WHEN now.source_url IS NOT NULL THEN 'source_url' END, CASE WHEN now.metadata IS NOT NULL THEN 'metadata' END], NULL)), '[]')
    FROM new_rows AS now;
  ELSIF TG_OP = 'UPDATE' THEN
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM old_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE) OR EXISTS (SELECT FROM new_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of voice_materials are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after", unseen
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'voice_materials', 'update',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'client_id', was.client_id,
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      jsonb_build_object(
        'id', now.id,
        'client_id', now.client_id,
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      nullif(to_jsonb(array_remove(ARRAY[CASE WHEN now.source_type IS DISTINCT FROM was.source_type THEN 'source_type' END, CASE WHEN now.content IS DISTINCT FROM was.content THEN 'content' END, CASE WHEN now.source_url IS DISTINCT FROM was.source_url THEN 'source_url' END, CASE WHEN now.metadata IS DISTINCT FROM was.metadata THEN 'metadata' END], NULL)), '[]')
    FROM (SELECT each_row.id, each_row.client_id, each_row.source_type, each_row.content, each_row.source_url, each_row.metadata, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM old_rows AS each_row) AS was JOIN (SELECT each_row.id, each_row.client_id, each_row.source_type, each_row.content, each_row.source_url, each_row.metadata, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM new_rows AS each_row) AS now USING (ashlar_place) ORDER BY ashlar_place;
  ELSE
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM old_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of voice_materials are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after", unseen
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'voice_materials', 'delete',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'client_id', was.client_id,
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      NULL::jsonb,
      nullif(to_jsonb(array_remove(ARRAY[CASE WHEN was.source_type IS NOT NULL THEN 'source_type' END, CASE WHEN was.content IS NOT NULL THEN 'content' END, CASE WHEN was.source_url IS NOT NULL THEN 'source_url' END, CASE WHEN was.metadata IS NOT NULL THEN 'metadata' END], NULL)), '[]')
    FROM old_rows AS was;
  END IF;
  RETURN NULL;
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
      actor, scope, role, table_name, operation, row_key, before, "after", unseen
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
        'overall_confidence_pct', now.overall_confidence_pct,
        'sample_count', now.sample_count,
        'last_calibrated_at', to_char(now.last_calibrated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      nullif(to_jsonb(array_remove(ARRAY[CASE WHEN now.profile_data IS NOT NULL THEN 'profile_data' END], NULL)), '[]')
    FROM new_rows AS now;
  ELSIF TG_OP = 'UPDATE' THEN
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM old_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE) OR EXISTS (SELECT FROM new_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of voice_profiles are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after", unseen
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'voice_profiles', 'update',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'client_id', was.client_id,
        'overall_confidence_pct', was.overall_confidence_pct,
        'sample_count', was.sample_count,
        'last_calibrated_at', to_char(was.last_calibrated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      jsonb_build_object(
        'id', now.id,
        'client_id', now.client_id,
        'overall_confidence_pct', now.overall_confidence_pct,
        'sample_count', now.sample_count,
        'last_calibrated_at', to_char(now.last_calibrated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'created_at', to_char(now.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(now.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      nullif(to_jsonb(array_remove(ARRAY[CASE WHEN now.profile_data IS DISTINCT FROM was.profile_data THEN 'profile_data' END], NULL)), '[]')
    FROM (SELECT each_row.id, each_row.client_id, each_row.profile_data, each_row.overall_confidence_pct, each_row.sample_count, each_row.last_calibrated_at, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM old_rows AS each_row) AS was JOIN (SELECT each_row.id, each_row.client_id, each_row.profile_data, each_row.overall_confidence_pct, each_row.sample_count, each_row.last_calibrated_at, each_row.created_at, each_row.updated_at, row_number() OVER () AS ashlar_place FROM new_rows AS each_row) AS now USING (ashlar_place) ORDER BY ashlar_place;
  ELSE
    IF acting.sees <> '*' AND (EXISTS (SELECT FROM old_rows AS each_row WHERE (each_row.client_id::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)) THEN
      RAISE EXCEPTION 'ashlar/scoped: rows of voice_profiles are written by sessions of their scope only'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    INSERT INTO record_changes (
      actor, scope, role, table_name, operation, row_key, before, "after", unseen
    )
    SELECT
      nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, 'voice_profiles', 'delete',
      jsonb_build_object(
        'id', was.id
      ),
      jsonb_build_object(
        'id', was.id,
        'client_id', was.client_id,
        'overall_confidence_pct', was.overall_confidence_pct,
        'sample_count', was.sample_count,
        'last_calibrated_at', to_char(was.last_calibrated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'created_at', to_char(was.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(was.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ),
      NULL::jsonb,
      nullif(to_jsonb(array_remove(ARRAY[CASE WHEN was.profile_data IS NOT NULL THEN 'profile_data' END], NULL)), '[]')
    FROM old_rows AS was;
  END IF;
  RETURN NULL;
END
$function$;

ALTER TABLE clients ADD COLUMN name_key text COLLATE "C";

ALTER TABLE clients ADD COLUMN erased_at timestamptz(3)
    CONSTRAINT clients_erased_at_check CHECK (erased_at >= '0001-01-01T00:00:00Z' AND erased_at < '10000-01-01T00:00:00Z');

ALTER TABLE enrichment_log ALTER COLUMN new_value DROP NOT NULL;

ALTER TABLE enrichment_log ALTER COLUMN source DROP NOT NULL;

ALTER TABLE clients ADD CONSTRAINT clients_erased_is_archived CHECK (erased_at IS NULL OR is_archived) NOT VALID;
ALTER TABLE clients VALIDATE CONSTRAINT clients_erased_is_archived;

CREATE TABLE client_keys (
  scope text COLLATE "C" NOT NULL CONSTRAINT client_keys_scope_check CHECK (char_length(scope) >= 1),
  version integer NOT NULL
    CONSTRAINT client_keys_version_check CHECK (version BETWEEN 1 AND 2147483647),
  wrapped bytea,
  master_version integer NOT NULL
    CONSTRAINT client_keys_master_version_check CHECK (master_version BETWEEN 0 AND 2147483647),
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT client_keys_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  shredded_at timestamptz(3)
    CONSTRAINT client_keys_shredded_at_check CHECK (shredded_at >= '0001-01-01T00:00:00Z' AND shredded_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT client_keys_pkey PRIMARY KEY (scope, version),
  CONSTRAINT client_keys_shredded CHECK ((wrapped IS NULL) = (shredded_at IS NOT NULL))
);
CREATE FUNCTION client_keys_keyring_insert() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security TO off AS $$
BEGIN
  IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> 'client_keys'::regclass THEN
    RAISE EXCEPTION 'ashlar: only triggers of client_keys may call client_keys_keyring_insert' USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- waits for a concurrent shredding of the scope, so that the check below sees it
  PERFORM FROM client_keys WHERE scope = NEW.scope FOR SHARE;
  IF EXISTS (SELECT FROM client_keys WHERE scope = NEW.scope AND shredded_at IS NOT NULL) THEN
    RAISE EXCEPTION 'ashlar/keyring: a shredded scope of client_keys never gets another key'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;
CREATE FUNCTION client_keys_keyring_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  IF ROW(NEW.scope, NEW.version, NEW.created_at)::pg_catalog.record *= ROW(OLD.scope, OLD.version, OLD.created_at)::pg_catalog.record
    AND OLD.shredded_at IS NULL
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/keyring: a key of client_keys can only be rewrapped or shredded'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION client_keys_keyring_delete() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/keyring: keys of client_keys are shredded, never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
ALTER TABLE client_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE client_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY client_keys_scoped ON client_keys
  USING (
    scope >= (SELECT ashlar_range_text_low(current_user)) AND scope <= (SELECT ashlar_range_text_high(current_user))
    AND CASE (SELECT sees FROM ashlar_context(current_user)) COLLATE "C" WHEN '*' THEN true WHEN scope THEN true ELSE false END
  );
CREATE TRIGGER client_keys_keyring_insert BEFORE INSERT ON client_keys
  FOR EACH ROW
  EXECUTE FUNCTION client_keys_keyring_insert();

ALTER TABLE client_keys ENABLE ALWAYS TRIGGER client_keys_keyring_insert;
CREATE TRIGGER client_keys_keyring_update BEFORE UPDATE ON client_keys
  FOR EACH ROW
  EXECUTE FUNCTION client_keys_keyring_update();

ALTER TABLE client_keys ENABLE ALWAYS TRIGGER client_keys_keyring_update;
CREATE TRIGGER client_keys_keyring_delete BEFORE DELETE ON client_keys
  FOR EACH ROW
  EXECUTE FUNCTION client_keys_keyring_delete();

ALTER TABLE client_keys ENABLE ALWAYS TRIGGER client_keys_keyring_delete;
CREATE TRIGGER client_keys_keyring_truncate BEFORE TRUNCATE ON client_keys
  FOR EACH STATEMENT
  EXECUTE FUNCTION client_keys_keyring_delete();

ALTER TABLE client_keys ENABLE ALWAYS TRIGGER client_keys_keyring_truncate;

CREATE TABLE record_contents (
  id uuid NOT NULL,
  client_id uuid NOT NULL,
  log text COLLATE "C" NOT NULL
    CONSTRAINT record_contents_log_check CHECK (log IN ('audit_log', 'enrichment_log')),
  content bytea NOT NULL
    CONSTRAINT record_contents_content_check CHECK (octet_length(content) >= 45 AND substr(content, 1, 1) = '\x01'),
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT record_contents_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  ashlar_xid xid8 DEFAULT '0' NOT NULL,
  ashlar_at timestamptz(6),
  CONSTRAINT record_contents_pkey PRIMARY KEY (id),
  CONSTRAINT record_contents_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT
);
CREATE INDEX record_contents_client_id_idx ON record_contents (client_id);
CREATE TABLE record_contents_ledger_entries (
  row_key text COLLATE "C" NOT NULL,
  entry bytea NOT NULL,
  CONSTRAINT record_contents_ledger_entries_pkey PRIMARY KEY (row_key)
);
CREATE TABLE record_contents_ledger_tree (
  level integer NOT NULL,
  position bigint NOT NULL,
  hash bytea NOT NULL CONSTRAINT record_contents_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key text COLLATE "C",
  CONSTRAINT record_contents_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT record_contents_ledger_tree_row_key_key UNIQUE (row_key),
  CONSTRAINT record_contents_ledger_tree_check CHECK (position >= 0 AND level >= 0 AND (level = 0) = (row_key IS NOT NULL))
);
CREATE TABLE record_contents_ledger_blocks (
  size bigint NOT NULL,
  root bytea NOT NULL CONSTRAINT record_contents_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at timestamptz(3) DEFAULT now() NOT NULL,
  CONSTRAINT record_contents_ledger_blocks_pkey PRIMARY KEY (size)
);
CREATE TABLE record_contents_ledger_head (
  id integer DEFAULT 1 NOT NULL CONSTRAINT record_contents_ledger_head_id_check CHECK (id = 1),
  size bigint DEFAULT 0 NOT NULL,
  frontier bytea DEFAULT '\x' NOT NULL,
  watermark pg_snapshot DEFAULT pg_current_snapshot() NOT NULL,
  sealer xid8,
  cluster text DEFAULT (pg_control_system()).system_identifier::text,
  first_provable bigint DEFAULT 0 NOT NULL,
  CONSTRAINT record_contents_ledger_head_pkey PRIMARY KEY (id)
);

INSERT INTO record_contents_ledger_head DEFAULT VALUES;
CREATE INDEX record_contents_ashlar_xid_idx ON record_contents (ashlar_xid);
CREATE FUNCTION record_contents_encrypted_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/encrypted: a row of record_contents never changes its id, client_id, to which its ciphertexts are bound'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION record_contents_append_only() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of record_contents are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of record_contents are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION record_contents_ledger_entries_append_only() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of record_contents_ledger_entries are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION record_contents_ledger_tree_append_only() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of record_contents_ledger_tree are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION record_contents_ledger_blocks_append_only() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of record_contents_ledger_blocks are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION record_contents_ledger_provable() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: first_provable of record_contents_ledger_head changes only while rows are purged'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION record_contents_ledger_time() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ashlar_test_database) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/ledgered: only the clock of the database says when a row of record_contents was written'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION record_contents_ledger_stamp() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  NEW.ashlar_xid := pg_current_xact_id();
  NEW.ashlar_at := now();
  RETURN NEW;
END
$$;
CREATE FUNCTION record_contents_ledger_seal() RETURNS text
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
SET extra_float_digits TO 1 AS $$
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
  -- the lock of sealing: a role that only reads the head cannot take it
  SELECT * INTO head FROM record_contents_ledger_head FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM record_contents_ledger_head) THEN
      RETURN 'busy';
    END IF;
    IF EXISTS (SELECT FROM record_contents_ledger_tree) THEN
      RAISE EXCEPTION 'ashlar/ledgered: the ledger of record_contents has leaves but no head row';
    END IF;
    INSERT INTO record_contents_ledger_head (cluster) VALUES (NULL) RETURNING * INTO head;
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
          '["ashlar/entry/v1","record_contents","', gen_random_uuid(),
          '","', to_char(t.ashlar_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '",{',
          substr(concat(
            ',"id":"', t.id, '"',
            ',"client_id":"', t.client_id, '"',
            ',"log":', to_json(t.log),
            ',"content":"', encode(t.content, 'hex'), '"',
            ',"created_at":"', to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '"'
          ), 2), '}]'
        ), 'UTF8') AS entry
      FROM (
        SELECT *
        FROM (
          SELECT t.*, t.id::text AS leaf_key FROM record_contents t WHERE t.ashlar_xid = ANY (waiting)
          UNION ALL
          SELECT t.*, t.id::text AS leaf_key FROM record_contents t WHERE t.ashlar_xid >= low AND t.ashlar_xid <= high
        ) candidate
        WHERE (SELECT leaf.position FROM record_contents_ledger_tree leaf WHERE leaf.row_key = candidate.leaf_key) IS NULL
        ORDER BY candidate.ashlar_xid, candidate.leaf_key
        LIMIT 10000
      ) t
    ) e
  ), written AS (
    INSERT INTO record_contents_ledger_entries (row_key, entry)
    SELECT fresh.row_key, fresh.entry FROM fresh
  ), leaves AS (
    INSERT INTO record_contents_ledger_tree (level, position, hash, row_key)
    SELECT 0, fresh.position, fresh.hash, fresh.row_key FROM fresh
  )
  SELECT array_agg(fresh.hash ORDER BY fresh.position), max(fresh.xid) INTO nodes, last FROM fresh;
  count := coalesce(cardinality(nodes), 0);
  IF count = 0 THEN
    IF head.cluster IS DISTINCT FROM this_cluster THEN
      UPDATE record_contents_ledger_head SET cluster = this_cluster, watermark = mark, sealer = pg_current_xact_id();
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
      INSERT INTO record_contents_ledger_tree (level, position, hash)
      SELECT height / 8, at + run.number - 1, run.hash FROM unnest(nodes) WITH ORDINALITY AS run (hash, number);
    END IF;
  END LOOP;
  new_frontier := substr(head.frontier, 1, 32 * kept) || new_frontier;

  kept := length(new_frontier) / 32;
  root := substr(new_frontier, 32 * kept - 31);
  FOR i IN REVERSE kept - 1 .. 1 LOOP
    root := sha256('\x01' || substr(new_frontier, 32 * i - 31, 32) || root);
  END LOOP;
  INSERT INTO record_contents_ledger_blocks (size, root) VALUES (head.size + count, root);
  UPDATE record_contents_ledger_head
  SET size = head.size + count, frontier = new_frontier, watermark = mark, sealer = pg_current_xact_id(), cluster = this_cluster;
  RETURN CASE WHEN count = 10000 THEN 'more' ELSE 'done' END;
END
$$;
ALTER TABLE record_contents ENABLE ROW LEVEL SECURITY;
ALTER TABLE record_contents FORCE ROW LEVEL SECURITY;
CREATE POLICY record_contents_scoped ON record_contents
  USING (
    client_id >= (SELECT ashlar_range_uuid_low(current_user)) AND client_id <= (SELECT ashlar_range_uuid_high(current_user))
    AND CASE (SELECT sees FROM ashlar_context(current_user)) COLLATE "C" WHEN '*' THEN true WHEN client_id::text THEN true ELSE false END
  );
CREATE TRIGGER record_contents_encrypted_update BEFORE UPDATE ON record_contents
  FOR EACH ROW
  WHEN (NEW.id IS DISTINCT FROM OLD.id OR NEW.client_id IS DISTINCT FROM OLD.client_id)
  EXECUTE FUNCTION record_contents_encrypted_update();

ALTER TABLE record_contents ENABLE ALWAYS TRIGGER record_contents_encrypted_update;
CREATE TRIGGER record_contents_append_only_update BEFORE UPDATE ON record_contents
  FOR EACH ROW
  EXECUTE FUNCTION record_contents_append_only();

ALTER TABLE record_contents ENABLE ALWAYS TRIGGER record_contents_append_only_update;
CREATE TRIGGER record_contents_append_only_delete BEFORE DELETE ON record_contents
  FOR EACH ROW
  EXECUTE FUNCTION record_contents_append_only();

ALTER TABLE record_contents ENABLE ALWAYS TRIGGER record_contents_append_only_delete;
CREATE TRIGGER record_contents_append_only_truncate BEFORE TRUNCATE ON record_contents
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_contents_append_only();

ALTER TABLE record_contents ENABLE ALWAYS TRIGGER record_contents_append_only_truncate;
CREATE TRIGGER record_contents_ledger_entries_append_only_update BEFORE UPDATE ON record_contents_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_contents_ledger_entries_append_only();

ALTER TABLE record_contents_ledger_entries ENABLE ALWAYS TRIGGER record_contents_ledger_entries_append_only_update;
CREATE TRIGGER record_contents_ledger_entries_append_only_delete BEFORE DELETE ON record_contents_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_contents_ledger_entries_append_only();

ALTER TABLE record_contents_ledger_entries ENABLE ALWAYS TRIGGER record_contents_ledger_entries_append_only_delete;
CREATE TRIGGER record_contents_ledger_entries_append_only_truncate BEFORE TRUNCATE ON record_contents_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_contents_ledger_entries_append_only();

ALTER TABLE record_contents_ledger_entries ENABLE ALWAYS TRIGGER record_contents_ledger_entries_append_only_truncate;
CREATE TRIGGER record_contents_ledger_tree_append_only_update BEFORE UPDATE ON record_contents_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_contents_ledger_tree_append_only();

ALTER TABLE record_contents_ledger_tree ENABLE ALWAYS TRIGGER record_contents_ledger_tree_append_only_update;
CREATE TRIGGER record_contents_ledger_tree_append_only_delete BEFORE DELETE ON record_contents_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_contents_ledger_tree_append_only();

ALTER TABLE record_contents_ledger_tree ENABLE ALWAYS TRIGGER record_contents_ledger_tree_append_only_delete;
CREATE TRIGGER record_contents_ledger_tree_append_only_truncate BEFORE TRUNCATE ON record_contents_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_contents_ledger_tree_append_only();

ALTER TABLE record_contents_ledger_tree ENABLE ALWAYS TRIGGER record_contents_ledger_tree_append_only_truncate;
CREATE TRIGGER record_contents_ledger_blocks_append_only_update BEFORE UPDATE ON record_contents_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_contents_ledger_blocks_append_only();

ALTER TABLE record_contents_ledger_blocks ENABLE ALWAYS TRIGGER record_contents_ledger_blocks_append_only_update;
CREATE TRIGGER record_contents_ledger_blocks_append_only_delete BEFORE DELETE ON record_contents_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_contents_ledger_blocks_append_only();

ALTER TABLE record_contents_ledger_blocks ENABLE ALWAYS TRIGGER record_contents_ledger_blocks_append_only_delete;
CREATE TRIGGER record_contents_ledger_blocks_append_only_truncate BEFORE TRUNCATE ON record_contents_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_contents_ledger_blocks_append_only();

ALTER TABLE record_contents_ledger_blocks ENABLE ALWAYS TRIGGER record_contents_ledger_blocks_append_only_truncate;
CREATE TRIGGER record_contents_ledger_provable BEFORE UPDATE ON record_contents_ledger_head
  FOR EACH ROW
  WHEN (NEW.first_provable IS DISTINCT FROM OLD.first_provable)
  EXECUTE FUNCTION record_contents_ledger_provable();

ALTER TABLE record_contents_ledger_head ENABLE ALWAYS TRIGGER record_contents_ledger_provable;
CREATE TRIGGER record_contents_ledger_time BEFORE INSERT ON record_contents
  FOR EACH ROW
  WHEN (NEW.created_at IS DISTINCT FROM now()::timestamptz(3))
  EXECUTE FUNCTION record_contents_ledger_time();

ALTER TABLE record_contents ENABLE ALWAYS TRIGGER record_contents_ledger_time;
CREATE TRIGGER record_contents_ledger_append BEFORE INSERT ON record_contents
  FOR EACH ROW
  EXECUTE FUNCTION record_contents_ledger_stamp();

ALTER TABLE record_contents ENABLE ALWAYS TRIGGER record_contents_ledger_append;
