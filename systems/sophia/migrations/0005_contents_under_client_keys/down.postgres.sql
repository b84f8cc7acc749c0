-- undoes 0005_contents_under_client_keys

DROP TABLE record_contents_ledger_entries;
DROP TABLE record_contents_ledger_tree;
DROP TABLE record_contents_ledger_blocks;
DROP TABLE record_contents_ledger_head;
DROP TABLE record_contents;
DROP FUNCTION record_contents_encrypted_update();
DROP FUNCTION record_contents_append_only();
DROP FUNCTION record_contents_ledger_entries_append_only();
DROP FUNCTION record_contents_ledger_tree_append_only();
DROP FUNCTION record_contents_ledger_blocks_append_only();
DROP FUNCTION record_contents_ledger_provable();
DROP FUNCTION record_contents_ledger_time();
DROP FUNCTION record_contents_ledger_stamp();
DROP FUNCTION record_contents_ledger_seal();

DROP TABLE client_keys;
DROP FUNCTION client_keys_keyring_insert();
DROP FUNCTION client_keys_keyring_update();
DROP FUNCTION client_keys_keyring_delete();

ALTER TABLE clients DROP CONSTRAINT clients_erased_is_archived;

ALTER TABLE enrichment_log ADD CONSTRAINT enrichment_log_source_present CHECK (source IS NOT NULL) NOT VALID;
ALTER TABLE enrichment_log VALIDATE CONSTRAINT enrichment_log_source_present;
ALTER TABLE enrichment_log ALTER COLUMN source SET NOT NULL;
ALTER TABLE enrichment_log DROP CONSTRAINT enrichment_log_source_present;

ALTER TABLE enrichment_log ADD CONSTRAINT enrichment_log_new_value_present CHECK (new_value IS NOT NULL) NOT VALID;
ALTER TABLE enrichment_log VALIDATE CONSTRAINT enrichment_log_new_value_present;
ALTER TABLE enrichment_log ALTER COLUMN new_value SET NOT NULL;
ALTER TABLE enrichment_log DROP CONSTRAINT enrichment_log_new_value_present;

ALTER TABLE clients DROP COLUMN erased_at;

ALTER TABLE clients DROP COLUMN name_key;

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
