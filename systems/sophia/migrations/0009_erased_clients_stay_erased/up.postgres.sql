-- 0009_erased_clients_stay_erased
-- add function audit_log_says_nothing_insert
-- add function clients_stays_erased_delete
-- add function clients_stays_erased_update
-- add function enrichment_log_says_nothing_insert
-- add function voice_materials_of_living
-- add function voice_profiles_of_living
-- clients: add check clients_erased_is_empty
-- audit_log: add trigger audit_log_says_nothing_insert
-- clients: add trigger clients_stays_erased_delete
-- clients: add trigger clients_stays_erased_update
-- enrichment_log: add trigger enrichment_log_says_nothing_insert
-- voice_materials: add trigger voice_materials_of_living_insert
-- voice_materials: add trigger voice_materials_of_living_update
-- voice_profiles: add trigger voice_profiles_of_living_insert
-- voice_profiles: add trigger voice_profiles_of_living_update
-- tried without rows: clients, enrichment_log, voice_materials, voice_profiles, record_contents
-- ashlar: makes trigger audit_log.audit_log_says_nothing_insert, constraint clients.clients_erased_is_empty
-- ashlar: makes trigger clients.clients_stays_erased_delete, trigger clients.clients_stays_erased_update
-- ashlar: makes trigger enrichment_log.enrichment_log_says_nothing_insert
-- ashlar: makes trigger voice_materials.voice_materials_of_living_insert
-- ashlar: makes trigger voice_materials.voice_materials_of_living_update
-- ashlar: makes trigger voice_profiles.voice_profiles_of_living_insert
-- ashlar: makes trigger voice_profiles.voice_profiles_of_living_update
-- ashlar: makes function audit_log_says_nothing_insert, function clients_stays_erased_delete
-- ashlar: makes function clients_stays_erased_update, function enrichment_log_says_nothing_insert
-- ashlar: makes function voice_materials_of_living, function voice_profiles_of_living

CREATE FUNCTION audit_log_says_nothing_insert() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/says-nothing: what a row of audit_log says of a client belongs into record_contents'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

CREATE FUNCTION clients_stays_erased_delete() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/stays-erased: a client who was erased is never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

CREATE FUNCTION clients_stays_erased_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/stays-erased: a client who was erased is never changed'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

CREATE FUNCTION enrichment_log_says_nothing_insert() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/says-nothing: what a row of enrichment_log says of a client belongs into record_contents'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

CREATE FUNCTION voice_materials_of_living() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> 'voice_materials'::regclass THEN
    RAISE EXCEPTION 'ashlar: only triggers of voice_materials may call voice_materials_of_living' USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- waits for an erasure that has not committed, and then sees it
  PERFORM FROM clients WHERE id = NEW.client_id FOR KEY SHARE;
  IF EXISTS (SELECT FROM clients WHERE id = NEW.client_id AND erased_at IS NOT NULL) THEN
    RAISE EXCEPTION 'ashlar/of-living: rows of voice_materials are of clients who were not erased'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;

CREATE FUNCTION voice_profiles_of_living() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> 'voice_profiles'::regclass THEN
    RAISE EXCEPTION 'ashlar: only triggers of voice_profiles may call voice_profiles_of_living' USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- waits for an erasure that has not committed, and then sees it
  PERFORM FROM clients WHERE id = NEW.client_id FOR KEY SHARE;
  IF EXISTS (SELECT FROM clients WHERE id = NEW.client_id AND erased_at IS NOT NULL) THEN
    RAISE EXCEPTION 'ashlar/of-living: rows of voice_profiles are of clients who were not erased'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;

ALTER TABLE clients ADD CONSTRAINT clients_erased_is_empty CHECK (erased_at IS NULL OR (name LIKE 'erased %' AND industry = 'erased' AND business_description IS NULL AND geography_area IS NULL AND geography_radius_km IS NULL AND industry_vertical IS NULL AND target_audience IS NULL AND content_pillars IS NULL AND posting_cadence IS NULL AND platform_accounts IS NULL AND guardrails IS NULL AND brand_assets IS NULL AND competitors IS NULL AND market_scope IS NULL AND onboarding_state IS NULL AND last_action_summary IS NULL)) NOT VALID;
ALTER TABLE clients VALIDATE CONSTRAINT clients_erased_is_empty;

CREATE TRIGGER audit_log_says_nothing_insert BEFORE INSERT ON audit_log
  FOR EACH ROW
  WHEN (NEW.client_id IS NOT NULL AND (NEW.details IS NOT NULL OR NEW.before_snapshot IS NOT NULL OR NEW.after_snapshot IS NOT NULL))
  EXECUTE FUNCTION audit_log_says_nothing_insert();

ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_says_nothing_insert;

CREATE TRIGGER clients_stays_erased_delete BEFORE DELETE ON clients
  FOR EACH ROW
  WHEN (OLD.erased_at IS NOT NULL)
  EXECUTE FUNCTION clients_stays_erased_delete();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_stays_erased_delete;

CREATE TRIGGER clients_stays_erased_update BEFORE UPDATE ON clients
  FOR EACH ROW
  WHEN (OLD.erased_at IS NOT NULL)
  EXECUTE FUNCTION clients_stays_erased_update();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_stays_erased_update;

CREATE TRIGGER enrichment_log_says_nothing_insert BEFORE INSERT ON enrichment_log
  FOR EACH ROW
  WHEN (NEW.client_id IS NOT NULL AND (NEW.old_value IS NOT NULL OR NEW.new_value IS NOT NULL OR NEW.source IS NOT NULL OR NEW.reason IS NOT NULL))
  EXECUTE FUNCTION enrichment_log_says_nothing_insert();

ALTER TABLE enrichment_log ENABLE ALWAYS TRIGGER enrichment_log_says_nothing_insert;

CREATE TRIGGER voice_materials_of_living_insert BEFORE INSERT ON voice_materials
  FOR EACH ROW
  EXECUTE FUNCTION voice_materials_of_living();

ALTER TABLE voice_materials ENABLE ALWAYS TRIGGER voice_materials_of_living_insert;

CREATE TRIGGER voice_materials_of_living_update BEFORE UPDATE ON voice_materials
  FOR EACH ROW
  EXECUTE FUNCTION voice_materials_of_living();

ALTER TABLE voice_materials ENABLE ALWAYS TRIGGER voice_materials_of_living_update;

CREATE TRIGGER voice_profiles_of_living_insert BEFORE INSERT ON voice_profiles
  FOR EACH ROW
  EXECUTE FUNCTION voice_profiles_of_living();

ALTER TABLE voice_profiles ENABLE ALWAYS TRIGGER voice_profiles_of_living_insert;

CREATE TRIGGER voice_profiles_of_living_update BEFORE UPDATE ON voice_profiles
  FOR EACH ROW
  EXECUTE FUNCTION voice_profiles_of_living();

ALTER TABLE voice_profiles ENABLE ALWAYS TRIGGER voice_profiles_of_living_update;
