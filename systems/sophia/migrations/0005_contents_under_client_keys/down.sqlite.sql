-- ashlar: rebuild
-- undoes 0005_contents_under_client_keys

DROP TRIGGER voice_profiles_audited_update;

DROP TRIGGER voice_profiles_audited_insert;

DROP TRIGGER voice_profiles_audited_delete;

CREATE TRIGGER voice_profiles_audited_update AFTER UPDATE ON voice_profiles
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'voice_profiles', 'update',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"client_id":' || json_quote(OLD.client_id)
      || ',"profile_data":' || OLD.profile_data
      || ',"overall_confidence_pct":' || OLD.overall_confidence_pct
      || ',"sample_count":' || OLD.sample_count
      || ',"last_calibrated_at":' || iif(OLD.last_calibrated_at IS NULL, 'null', json_quote(OLD.last_calibrated_at))
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    '{"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"profile_data":' || NEW.profile_data
      || ',"overall_confidence_pct":' || NEW.overall_confidence_pct
      || ',"sample_count":' || NEW.sample_count
      || ',"last_calibrated_at":' || iif(NEW.last_calibrated_at IS NULL, 'null', json_quote(NEW.last_calibrated_at))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}'
  FROM ashlar_session;
END;

CREATE TRIGGER voice_profiles_audited_insert AFTER INSERT ON voice_profiles
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'voice_profiles', 'insert',
    '{"id":' || json_quote(NEW.id)
      || '}',
    NULL,
    '{"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"profile_data":' || NEW.profile_data
      || ',"overall_confidence_pct":' || NEW.overall_confidence_pct
      || ',"sample_count":' || NEW.sample_count
      || ',"last_calibrated_at":' || iif(NEW.last_calibrated_at IS NULL, 'null', json_quote(NEW.last_calibrated_at))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}'
  FROM ashlar_session;
END;

CREATE TRIGGER voice_profiles_audited_delete AFTER DELETE ON voice_profiles
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'voice_profiles', 'delete',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"client_id":' || json_quote(OLD.client_id)
      || ',"profile_data":' || OLD.profile_data
      || ',"overall_confidence_pct":' || OLD.overall_confidence_pct
      || ',"sample_count":' || OLD.sample_count
      || ',"last_calibrated_at":' || iif(OLD.last_calibrated_at IS NULL, 'null', json_quote(OLD.last_calibrated_at))
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    NULL
  FROM ashlar_session;
END;

DROP TRIGGER voice_materials_audited_update;

DROP TRIGGER voice_materials_audited_insert;

DROP TRIGGER voice_materials_audited_delete;

CREATE TRIGGER voice_materials_audited_update AFTER UPDATE ON voice_materials
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'voice_materials', 'update',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"client_id":' || json_quote(OLD.client_id)
      || ',"source_type":' || json_quote(OLD.source_type)
      || ',"content":' || json_quote(OLD.content)
      || ',"source_url":' || iif(OLD.source_url IS NULL, 'null', json_quote(OLD.source_url))
      || ',"metadata":' || iif(OLD.metadata IS NULL, 'null', OLD.metadata)
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    '{"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"source_type":' || json_quote(NEW.source_type)
      || ',"content":' || json_quote(NEW.content)
      || ',"source_url":' || iif(NEW.source_url IS NULL, 'null', json_quote(NEW.source_url))
      || ',"metadata":' || iif(NEW.metadata IS NULL, 'null', NEW.metadata)
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}'
  FROM ashlar_session;
END;

CREATE TRIGGER voice_materials_audited_insert AFTER INSERT ON voice_materials
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'voice_materials', 'insert',
    '{"id":' || json_quote(NEW.id)
      || '}',
    NULL,
    '{"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"source_type":' || json_quote(NEW.source_type)
      || ',"content":' || json_quote(NEW.content)
      || ',"source_url":' || iif(NEW.source_url IS NULL, 'null', json_quote(NEW.source_url))
      || ',"metadata":' || iif(NEW.metadata IS NULL, 'null', NEW.metadata)
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}'
  FROM ashlar_session;
END;

CREATE TRIGGER voice_materials_audited_delete AFTER DELETE ON voice_materials
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'voice_materials', 'delete',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"client_id":' || json_quote(OLD.client_id)
      || ',"source_type":' || json_quote(OLD.source_type)
      || ',"content":' || json_quote(OLD.content)
      || ',"source_url":' || iif(OLD.source_url IS NULL, 'null', json_quote(OLD.source_url))
      || ',"metadata":' || iif(OLD.metadata IS NULL, 'null', OLD.metadata)
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    NULL
  FROM ashlar_session;
END;

CREATE TABLE ashlar_rebuild_enrichment_log (
  id         TEXT NOT NULL
    CONSTRAINT enrichment_log_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  client_id  TEXT NOT NULL
    CONSTRAINT enrichment_log_client_id_check CHECK (
      client_id GLOB '????????-????-????-????-????????????'
      AND client_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(client_id, '-', '')) = 32
      AND instr(client_id, char(0)) = 0
    ),
  field_name TEXT NOT NULL
    CONSTRAINT enrichment_log_field_name_check CHECK (
      field_name IN ('industry', 'business_description', 'geography_area', 'geography_radius_km', 'industry_vertical', 'target_audience', 'content_pillars', 'posting_cadence', 'platform_accounts', 'guardrails', 'brand_assets', 'competitors', 'market_scope', 'onboarding_state')
    ),
  old_value  TEXT CONSTRAINT enrichment_log_old_value_check CHECK (json_valid(old_value)),
  new_value  TEXT NOT NULL CONSTRAINT enrichment_log_new_value_check CHECK (json_valid(new_value)),
  source     TEXT NOT NULL CONSTRAINT enrichment_log_source_check CHECK (length(source) >= 1),
  reason     TEXT CONSTRAINT enrichment_log_reason_check CHECK (length(reason) >= 1),
  timestamp  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT enrichment_log_timestamp_check CHECK (
      timestamp IS strftime('%Y-%m-%dT%H:%M:%fZ', timestamp)
      AND timestamp >= '0001'
    ),
  CONSTRAINT enrichment_log_pkey PRIMARY KEY (id),
  CONSTRAINT enrichment_log_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT
) STRICT;
INSERT INTO ashlar_rebuild_enrichment_log (rowid, id, client_id, field_name, old_value, new_value, source, reason, timestamp)
SELECT rowid, id, client_id, field_name, old_value, new_value, source, reason, timestamp
FROM enrichment_log;
DROP TABLE enrichment_log;
PRAGMA legacy_alter_table = ON;
ALTER TABLE ashlar_rebuild_enrichment_log RENAME TO enrichment_log;
PRAGMA legacy_alter_table = OFF;
CREATE INDEX enrichment_log_client_id_field_name_idx ON enrichment_log (client_id, field_name);
CREATE TRIGGER enrichment_log_append_only_delete BEFORE DELETE ON enrichment_log
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of enrichment_log are never deleted');
END;
CREATE TRIGGER enrichment_log_append_only_insert BEFORE INSERT ON enrichment_log
WHEN EXISTS (SELECT 1 FROM enrichment_log WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM enrichment_log WHERE rowid = NEW.rowid)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of enrichment_log with this key exists and is never replaced');
END;
CREATE TRIGGER enrichment_log_append_only_rowid AFTER INSERT ON enrichment_log
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of enrichment_log have no negative rowid');
END;
CREATE TRIGGER enrichment_log_append_only_update BEFORE UPDATE ON enrichment_log
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of enrichment_log are never changed');
END;
CREATE TRIGGER enrichment_log_client_id_fkey_insert BEFORE INSERT ON enrichment_log
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: enrichment_log_client_id_fkey');
END;
CREATE TRIGGER enrichment_log_client_id_fkey_update BEFORE UPDATE OF client_id ON enrichment_log
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: enrichment_log_client_id_fkey');
END;
CREATE TRIGGER enrichment_log_scoped_delete BEFORE DELETE ON enrichment_log
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of enrichment_log are written by sessions of their scope only');
END;
CREATE TRIGGER enrichment_log_scoped_insert BEFORE INSERT ON enrichment_log
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of enrichment_log are written by sessions of their scope only');
END;
CREATE TRIGGER enrichment_log_scoped_update BEFORE UPDATE ON enrichment_log
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of enrichment_log are written by sessions of their scope only');
END;

CREATE TABLE ashlar_rebuild_clients (
  id                       TEXT    NOT NULL
    CONSTRAINT clients_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  name                     TEXT    NOT NULL
    CONSTRAINT clients_name_check CHECK (length(name) <= 200 AND instr(name, char(0)) = 0),
  industry                 TEXT    NOT NULL
    CONSTRAINT clients_industry_check CHECK (
      length(industry) BETWEEN 1 AND 200
      AND instr(industry, char(0)) = 0
    ),
  business_description     TEXT
    CONSTRAINT clients_business_description_check CHECK (length(business_description) >= 1),
  geography_area           TEXT CONSTRAINT clients_geography_area_check CHECK (length(geography_area) >= 1),
  geography_radius_km      INTEGER
    CONSTRAINT clients_geography_radius_km_check CHECK (geography_radius_km BETWEEN 0 AND 2147483647),
  industry_vertical        TEXT
    CONSTRAINT clients_industry_vertical_check CHECK (length(industry_vertical) >= 1),
  target_audience          TEXT CONSTRAINT clients_target_audience_check CHECK (json_valid(target_audience)),
  content_pillars          TEXT CONSTRAINT clients_content_pillars_check CHECK (json_valid(content_pillars)),
  posting_cadence          TEXT CONSTRAINT clients_posting_cadence_check CHECK (json_valid(posting_cadence)),
  platform_accounts        TEXT
    CONSTRAINT clients_platform_accounts_check CHECK (json_valid(platform_accounts)),
  guardrails               TEXT CONSTRAINT clients_guardrails_check CHECK (json_valid(guardrails)),
  brand_assets             TEXT CONSTRAINT clients_brand_assets_check CHECK (json_valid(brand_assets)),
  competitors              TEXT CONSTRAINT clients_competitors_check CHECK (json_valid(competitors)),
  market_scope             TEXT CONSTRAINT clients_market_scope_check CHECK (json_valid(market_scope)),
  onboarding_state         TEXT CONSTRAINT clients_onboarding_state_check CHECK (json_valid(onboarding_state)),
  is_archived              INTEGER NOT NULL DEFAULT 0
    CONSTRAINT clients_is_archived_check CHECK (is_archived IN (0, 1)),
  archived_at              TEXT
    CONSTRAINT clients_archived_at_check CHECK (
      archived_at IS strftime('%Y-%m-%dT%H:%M:%fZ', archived_at)
      AND archived_at >= '0001'
    ),
  profile_completeness_pct INTEGER NOT NULL DEFAULT 0
    CONSTRAINT clients_profile_completeness_pct_check CHECK (profile_completeness_pct BETWEEN 0 AND 100),
  is_mvp_ready             INTEGER NOT NULL DEFAULT 0
    CONSTRAINT clients_is_mvp_ready_check CHECK (is_mvp_ready IN (0, 1)),
  last_activity_at         TEXT
    CONSTRAINT clients_last_activity_at_check CHECK (
      last_activity_at IS strftime('%Y-%m-%dT%H:%M:%fZ', last_activity_at)
      AND last_activity_at >= '0001'
    ),
  last_action_summary      TEXT,
  created_at               TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT clients_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  updated_at               TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT clients_updated_at_check CHECK (
      updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
      AND updated_at >= '0001'
    ),
  CONSTRAINT clients_pkey PRIMARY KEY (id),
  CONSTRAINT clients_name_key UNIQUE (name),
  CONSTRAINT clients_archived_when CHECK (is_archived = (archived_at IS NOT NULL)),
  CONSTRAINT clients_complete_as_filled CHECK (profile_completeness_pct = CASE WHEN business_description IS NULL THEN 0 ELSE 15 END + CASE WHEN target_audience IS NULL THEN 0 ELSE 15 END + CASE WHEN content_pillars IS NULL THEN 0 ELSE 15 END + CASE WHEN geography_area IS NULL THEN 0 ELSE 10 END + CASE WHEN posting_cadence IS NULL THEN 0 ELSE 10 END + CASE WHEN platform_accounts IS NULL THEN 0 ELSE 10 END + CASE WHEN guardrails IS NULL THEN 0 ELSE 10 END + CASE WHEN industry_vertical IS NULL THEN 0 ELSE 5 END + CASE WHEN brand_assets IS NULL THEN 0 ELSE 5 END + CASE WHEN competitors IS NULL THEN 0 ELSE 5 END),
  CONSTRAINT clients_ready_as_filled CHECK (is_mvp_ready = (business_description IS NOT NULL AND geography_area IS NOT NULL AND target_audience IS NOT NULL AND content_pillars IS NOT NULL AND guardrails IS NOT NULL))
) STRICT;
INSERT INTO ashlar_rebuild_clients (
  rowid, id, name, industry, business_description, geography_area, geography_radius_km, industry_vertical,
  target_audience, content_pillars, posting_cadence, platform_accounts, guardrails, brand_assets, competitors,
  market_scope, onboarding_state, is_archived, archived_at, profile_completeness_pct, is_mvp_ready,
  last_activity_at, last_action_summary, created_at, updated_at
)
SELECT rowid, id, name, industry, business_description, geography_area, geography_radius_km, industry_vertical,
  target_audience, content_pillars, posting_cadence, platform_accounts, guardrails, brand_assets, competitors,
  market_scope, onboarding_state, is_archived, archived_at, profile_completeness_pct, is_mvp_ready,
  last_activity_at, last_action_summary, created_at, updated_at
FROM clients;
DROP TABLE clients;
PRAGMA legacy_alter_table = ON;
ALTER TABLE ashlar_rebuild_clients RENAME TO clients;
PRAGMA legacy_alter_table = OFF;
CREATE INDEX clients_is_archived_idx ON clients (is_archived);
CREATE TRIGGER clients_audited_delete AFTER DELETE ON clients
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'clients', 'delete',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"name":' || json_quote(OLD.name)
      || ',"industry":' || json_quote(OLD.industry)
      || ',"business_description":' || iif(OLD.business_description IS NULL, 'null', json_quote(OLD.business_description))
      || ',"geography_area":' || iif(OLD.geography_area IS NULL, 'null', json_quote(OLD.geography_area))
      || ',"geography_radius_km":' || iif(OLD.geography_radius_km IS NULL, 'null', OLD.geography_radius_km)
      || ',"industry_vertical":' || iif(OLD.industry_vertical IS NULL, 'null', json_quote(OLD.industry_vertical))
      || ',"target_audience":' || iif(OLD.target_audience IS NULL, 'null', OLD.target_audience)
      || ',"content_pillars":' || iif(OLD.content_pillars IS NULL, 'null', OLD.content_pillars)
      || ',"posting_cadence":' || iif(OLD.posting_cadence IS NULL, 'null', OLD.posting_cadence)
      || ',"platform_accounts":' || iif(OLD.platform_accounts IS NULL, 'null', OLD.platform_accounts)
      || ',"guardrails":' || iif(OLD.guardrails IS NULL, 'null', OLD.guardrails)
      || ',"brand_assets":' || iif(OLD.brand_assets IS NULL, 'null', OLD.brand_assets)
      || ',"competitors":' || iif(OLD.competitors IS NULL, 'null', OLD.competitors)
      || ',"market_scope":' || iif(OLD.market_scope IS NULL, 'null', OLD.market_scope)
      || ',"onboarding_state":' || iif(OLD.onboarding_state IS NULL, 'null', OLD.onboarding_state)
      || ',"is_archived":' || iif(OLD.is_archived, 'true', 'false')
      || ',"archived_at":' || iif(OLD.archived_at IS NULL, 'null', json_quote(OLD.archived_at))
      || ',"profile_completeness_pct":' || OLD.profile_completeness_pct
      || ',"is_mvp_ready":' || iif(OLD.is_mvp_ready, 'true', 'false')
      || ',"last_activity_at":' || iif(OLD.last_activity_at IS NULL, 'null', json_quote(OLD.last_activity_at))
      || ',"last_action_summary":' || iif(OLD.last_action_summary IS NULL, 'null', json_quote(OLD.last_action_summary))
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    NULL
  FROM ashlar_session;
END;
CREATE TRIGGER clients_audited_insert AFTER INSERT ON clients
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'clients', 'insert',
    '{"id":' || json_quote(NEW.id)
      || '}',
    NULL,
    '{"id":' || json_quote(NEW.id)
      || ',"name":' || json_quote(NEW.name)
      || ',"industry":' || json_quote(NEW.industry)
      || ',"business_description":' || iif(NEW.business_description IS NULL, 'null', json_quote(NEW.business_description))
      || ',"geography_area":' || iif(NEW.geography_area IS NULL, 'null', json_quote(NEW.geography_area))
      || ',"geography_radius_km":' || iif(NEW.geography_radius_km IS NULL, 'null', NEW.geography_radius_km)
      || ',"industry_vertical":' || iif(NEW.industry_vertical IS NULL, 'null', json_quote(NEW.industry_vertical))
      || ',"target_audience":' || iif(NEW.target_audience IS NULL, 'null', NEW.target_audience)
      || ',"content_pillars":' || iif(NEW.content_pillars IS NULL, 'null', NEW.content_pillars)
      || ',"posting_cadence":' || iif(NEW.posting_cadence IS NULL, 'null', NEW.posting_cadence)
      || ',"platform_accounts":' || iif(NEW.platform_accounts IS NULL, 'null', NEW.platform_accounts)
      || ',"guardrails":' || iif(NEW.guardrails IS NULL, 'null', NEW.guardrails)
      || ',"brand_assets":' || iif(NEW.brand_assets IS NULL, 'null', NEW.brand_assets)
      || ',"competitors":' || iif(NEW.competitors IS NULL, 'null', NEW.competitors)
      || ',"market_scope":' || iif(NEW.market_scope IS NULL, 'null', NEW.market_scope)
      || ',"onboarding_state":' || iif(NEW.onboarding_state IS NULL, 'null', NEW.onboarding_state)
      || ',"is_archived":' || iif(NEW.is_archived, 'true', 'false')
      || ',"archived_at":' || iif(NEW.archived_at IS NULL, 'null', json_quote(NEW.archived_at))
      || ',"profile_completeness_pct":' || NEW.profile_completeness_pct
      || ',"is_mvp_ready":' || iif(NEW.is_mvp_ready, 'true', 'false')
      || ',"last_activity_at":' || iif(NEW.last_activity_at IS NULL, 'null', json_quote(NEW.last_activity_at))
      || ',"last_action_summary":' || iif(NEW.last_action_summary IS NULL, 'null', json_quote(NEW.last_action_summary))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}'
  FROM ashlar_session;
END;
CREATE TRIGGER clients_audited_update AFTER UPDATE ON clients
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'clients', 'update',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"name":' || json_quote(OLD.name)
      || ',"industry":' || json_quote(OLD.industry)
      || ',"business_description":' || iif(OLD.business_description IS NULL, 'null', json_quote(OLD.business_description))
      || ',"geography_area":' || iif(OLD.geography_area IS NULL, 'null', json_quote(OLD.geography_area))
      || ',"geography_radius_km":' || iif(OLD.geography_radius_km IS NULL, 'null', OLD.geography_radius_km)
      || ',"industry_vertical":' || iif(OLD.industry_vertical IS NULL, 'null', json_quote(OLD.industry_vertical))
      || ',"target_audience":' || iif(OLD.target_audience IS NULL, 'null', OLD.target_audience)
      || ',"content_pillars":' || iif(OLD.content_pillars IS NULL, 'null', OLD.content_pillars)
      || ',"posting_cadence":' || iif(OLD.posting_cadence IS NULL, 'null', OLD.posting_cadence)
      || ',"platform_accounts":' || iif(OLD.platform_accounts IS NULL, 'null', OLD.platform_accounts)
      || ',"guardrails":' || iif(OLD.guardrails IS NULL, 'null', OLD.guardrails)
      || ',"brand_assets":' || iif(OLD.brand_assets IS NULL, 'null', OLD.brand_assets)
      || ',"competitors":' || iif(OLD.competitors IS NULL, 'null', OLD.competitors)
      || ',"market_scope":' || iif(OLD.market_scope IS NULL, 'null', OLD.market_scope)
      || ',"onboarding_state":' || iif(OLD.onboarding_state IS NULL, 'null', OLD.onboarding_state)
      || ',"is_archived":' || iif(OLD.is_archived, 'true', 'false')
      || ',"archived_at":' || iif(OLD.archived_at IS NULL, 'null', json_quote(OLD.archived_at))
      || ',"profile_completeness_pct":' || OLD.profile_completeness_pct
      || ',"is_mvp_ready":' || iif(OLD.is_mvp_ready, 'true', 'false')
      || ',"last_activity_at":' || iif(OLD.last_activity_at IS NULL, 'null', json_quote(OLD.last_activity_at))
      || ',"last_action_summary":' || iif(OLD.last_action_summary IS NULL, 'null', json_quote(OLD.last_action_summary))
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    '{"id":' || json_quote(NEW.id)
      || ',"name":' || json_quote(NEW.name)
      || ',"industry":' || json_quote(NEW.industry)
      || ',"business_description":' || iif(NEW.business_description IS NULL, 'null', json_quote(NEW.business_description))
      || ',"geography_area":' || iif(NEW.geography_area IS NULL, 'null', json_quote(NEW.geography_area))
      || ',"geography_radius_km":' || iif(NEW.geography_radius_km IS NULL, 'null', NEW.geography_radius_km)
      || ',"industry_vertical":' || iif(NEW.industry_vertical IS NULL, 'null', json_quote(NEW.industry_vertical))
      || ',"target_audience":' || iif(NEW.target_audience IS NULL, 'null', NEW.target_audience)
      || ',"content_pillars":' || iif(NEW.content_pillars IS NULL, 'null', NEW.content_pillars)
      || ',"posting_cadence":' || iif(NEW.posting_cadence IS NULL, 'null', NEW.posting_cadence)
      || ',"platform_accounts":' || iif(NEW.platform_accounts IS NULL, 'null', NEW.platform_accounts)
      || ',"guardrails":' || iif(NEW.guardrails IS NULL, 'null', NEW.guardrails)
      || ',"brand_assets":' || iif(NEW.brand_assets IS NULL, 'null', NEW.brand_assets)
      || ',"competitors":' || iif(NEW.competitors IS NULL, 'null', NEW.competitors)
      || ',"market_scope":' || iif(NEW.market_scope IS NULL, 'null', NEW.market_scope)
      || ',"onboarding_state":' || iif(NEW.onboarding_state IS NULL, 'null', NEW.onboarding_state)
      || ',"is_archived":' || iif(NEW.is_archived, 'true', 'false')
      || ',"archived_at":' || iif(NEW.archived_at IS NULL, 'null', json_quote(NEW.archived_at))
      || ',"profile_completeness_pct":' || NEW.profile_completeness_pct
      || ',"is_mvp_ready":' || iif(NEW.is_mvp_ready, 'true', 'false')
      || ',"last_activity_at":' || iif(NEW.last_activity_at IS NULL, 'null', json_quote(NEW.last_activity_at))
      || ',"last_action_summary":' || iif(NEW.last_action_summary IS NULL, 'null', json_quote(NEW.last_action_summary))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}'
  FROM ashlar_session;
END;
CREATE TRIGGER clients_named_nowhere_insert BEFORE INSERT ON clients
BEGIN
  SELECT RAISE(ABORT, 'ashlar/named-nowhere: clients are named by sessions of every scope only')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session WHERE scope = '*');
  SELECT RAISE(ABORT, 'ashlar/named-nowhere: a client has a name that occurs in the institutional knowledge')
  WHERE EXISTS (
    SELECT 1 FROM institutional_knowledge AS knowledge
    WHERE replace(replace(replace(' ' || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(NEW.name), char(9), ' '), char(10), ' '), char(13), ' '), '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), '…', ' '), '–', ' '), '—', ' '), '‘', ' '), '’', ' '), '“', ' '), '”', ' '), ' ', ' '), '''', ' ') || ' ', ' ', '<>'), '><', ''), '<>', ' ') <> ' '
      AND instr(
        replace(replace(replace(' ' || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower((knowledge.category || ' § ' || knowledge.content || ' § ' || coalesce(knowledge.source, '') || ' § ' || coalesce((SELECT group_concat(iif(typeof(tag.key) = 'text', tag.key || ' ', '') || tag.value, ' § ') FROM json_each(knowledge.tags) AS tag), ''))), char(9), ' '), char(10), ' '), char(13), ' '), '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), '…', ' '), '–', ' '), '—', ' '), '‘', ' '), '’', ' '), '“', ' '), '”', ' '), ' ', ' '), '''', ' ') || ' ', ' ', '<>'), '><', ''), '<>', ' '),
        replace(replace(replace(' ' || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(NEW.name), char(9), ' '), char(10), ' '), char(13), ' '), '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), '…', ' '), '–', ' '), '—', ' '), '‘', ' '), '’', ' '), '“', ' '), '”', ' '), ' ', ' '), '''', ' ') || ' ', ' ', '<>'), '><', ''), '<>', ' ')
      ) > 0
  );
END;
CREATE TRIGGER clients_named_nowhere_update BEFORE UPDATE ON clients
WHEN NEW.name IS NOT OLD.name
BEGIN
  SELECT RAISE(ABORT, 'ashlar/named-nowhere: clients are named by sessions of every scope only')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session WHERE scope = '*');
  SELECT RAISE(ABORT, 'ashlar/named-nowhere: a client has a name that occurs in the institutional knowledge')
  WHERE EXISTS (
    SELECT 1 FROM institutional_knowledge AS knowledge
    WHERE replace(replace(replace(' ' || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(NEW.name), char(9), ' '), char(10), ' '), char(13), ' '), '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), '…', ' '), '–', ' '), '—', ' '), '‘', ' '), '’', ' '), '“', ' '), '”', ' '), ' ', ' '), '''', ' ') || ' ', ' ', '<>'), '><', ''), '<>', ' ') <> ' '
      AND instr(
        replace(replace(replace(' ' || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower((knowledge.category || ' § ' || knowledge.content || ' § ' || coalesce(knowledge.source, '') || ' § ' || coalesce((SELECT group_concat(iif(typeof(tag.key) = 'text', tag.key || ' ', '') || tag.value, ' § ') FROM json_each(knowledge.tags) AS tag), ''))), char(9), ' '), char(10), ' '), char(13), ' '), '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), '…', ' '), '–', ' '), '—', ' '), '‘', ' '), '’', ' '), '“', ' '), '”', ' '), ' ', ' '), '''', ' ') || ' ', ' ', '<>'), '><', ''), '<>', ' '),
        replace(replace(replace(' ' || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(NEW.name), char(9), ' '), char(10), ' '), char(13), ' '), '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), '…', ' '), '–', ' '), '—', ' '), '‘', ' '), '’', ' '), '“', ' '), '”', ' '), ' ', ' '), '''', ' ') || ' ', ' ', '<>'), '><', ''), '<>', ' ')
      ) > 0
  );
END;
CREATE TRIGGER clients_scoped_delete BEFORE DELETE ON clients
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of clients are written by sessions of their scope only');
END;
CREATE TRIGGER clients_scoped_insert BEFORE INSERT ON clients
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of clients are written by sessions of their scope only');
END;
CREATE TRIGGER clients_scoped_update BEFORE UPDATE ON clients
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.id AND scope = NEW.id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of clients are written by sessions of their scope only');
END;

DROP TABLE record_contents;
DROP TABLE record_contents_ledger_entries;
DROP TABLE record_contents_ledger_tree;
DROP TABLE record_contents_ledger_blocks;
DROP TABLE record_contents_ledger_head;

DROP TABLE client_keys;
