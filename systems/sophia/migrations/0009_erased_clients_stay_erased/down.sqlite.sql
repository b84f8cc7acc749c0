-- ashlar: rebuild
-- undoes 0009_erased_clients_stay_erased

DROP TRIGGER voice_profiles_of_living_update;

DROP TRIGGER voice_profiles_of_living_insert;

DROP TRIGGER voice_materials_of_living_update;

DROP TRIGGER voice_materials_of_living_insert;

DROP TRIGGER enrichment_log_says_nothing_insert;

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
  name_key                 TEXT    NOT NULL
    CONSTRAINT clients_name_key_check CHECK (length(name_key) >= 1 AND octet_length(name_key) <= 2000),
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
  erased_at                TEXT
    CONSTRAINT clients_erased_at_check CHECK (
      erased_at IS strftime('%Y-%m-%dT%H:%M:%fZ', erased_at)
      AND erased_at >= '0001'
    ),
  CONSTRAINT clients_pkey PRIMARY KEY (id),
  CONSTRAINT clients_name_key UNIQUE (name),
  CONSTRAINT clients_name_key_key UNIQUE (name_key),
  CONSTRAINT clients_archived_when CHECK (is_archived = (archived_at IS NOT NULL)),
  CONSTRAINT clients_complete_as_filled CHECK (profile_completeness_pct = CASE WHEN business_description IS NULL THEN 0 ELSE 15 END + CASE WHEN target_audience IS NULL THEN 0 ELSE 15 END + CASE WHEN content_pillars IS NULL THEN 0 ELSE 15 END + CASE WHEN geography_area IS NULL THEN 0 ELSE 10 END + CASE WHEN posting_cadence IS NULL THEN 0 ELSE 10 END + CASE WHEN platform_accounts IS NULL THEN 0 ELSE 10 END + CASE WHEN guardrails IS NULL THEN 0 ELSE 10 END + CASE WHEN industry_vertical IS NULL THEN 0 ELSE 5 END + CASE WHEN brand_assets IS NULL THEN 0 ELSE 5 END + CASE WHEN competitors IS NULL THEN 0 ELSE 5 END),
  CONSTRAINT clients_ready_as_filled CHECK (is_mvp_ready = (business_description IS NOT NULL AND geography_area IS NOT NULL AND target_audience IS NOT NULL AND content_pillars IS NOT NULL AND guardrails IS NOT NULL)),
  CONSTRAINT clients_erased_is_archived CHECK (erased_at IS NULL OR is_archived)
) STRICT;
INSERT INTO ashlar_rebuild_clients (
  rowid, id, name, name_key, industry, business_description, geography_area, geography_radius_km,
  industry_vertical, target_audience, content_pillars, posting_cadence, platform_accounts, guardrails,
  brand_assets, competitors, market_scope, onboarding_state, is_archived, archived_at,
  profile_completeness_pct, is_mvp_ready, last_activity_at, last_action_summary, created_at, updated_at,
  erased_at
)
SELECT rowid, id, name, name_key, industry, business_description, geography_area, geography_radius_km,
  industry_vertical, target_audience, content_pillars, posting_cadence, platform_accounts, guardrails,
  brand_assets, competitors, market_scope, onboarding_state, is_archived, archived_at,
  profile_completeness_pct, is_mvp_ready, last_activity_at, last_action_summary, created_at, updated_at,
  erased_at
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
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'clients', 'delete',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"is_archived":' || iif(OLD.is_archived, 'true', 'false')
      || ',"archived_at":' || iif(OLD.archived_at IS NULL, 'null', json_quote(OLD.archived_at))
      || ',"profile_completeness_pct":' || OLD.profile_completeness_pct
      || ',"is_mvp_ready":' || iif(OLD.is_mvp_ready, 'true', 'false')
      || ',"last_activity_at":' || iif(OLD.last_activity_at IS NULL, 'null', json_quote(OLD.last_activity_at))
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || ',"erased_at":' || iif(OLD.erased_at IS NULL, 'null', json_quote(OLD.erased_at))
      || '}',
    NULL,
    nullif('[' || substr(iif(OLD.name IS NOT NULL, ',"name"', '') || iif(OLD.name_key IS NOT NULL, ',"name_key"', '') || iif(OLD.industry IS NOT NULL, ',"industry"', '') || iif(OLD.business_description IS NOT NULL, ',"business_description"', '') || iif(OLD.geography_area IS NOT NULL, ',"geography_area"', '') || iif(OLD.geography_radius_km IS NOT NULL, ',"geography_radius_km"', '') || iif(OLD.industry_vertical IS NOT NULL, ',"industry_vertical"', '') || iif(OLD.target_audience IS NOT NULL, ',"target_audience"', '') || iif(OLD.content_pillars IS NOT NULL, ',"content_pillars"', '') || iif(OLD.posting_cadence IS NOT NULL, ',"posting_cadence"', '') || iif(OLD.platform_accounts IS NOT NULL, ',"platform_accounts"', '') || iif(OLD.guardrails IS NOT NULL, ',"guardrails"', '') || iif(OLD.brand_assets IS NOT NULL, ',"brand_assets"', '') || iif(OLD.competitors IS NOT NULL, ',"competitors"', '') || iif(OLD.market_scope IS NOT NULL, ',"market_scope"', '') || iif(OLD.onboarding_state IS NOT NULL, ',"onboarding_state"', '') || iif(OLD.last_action_summary IS NOT NULL, ',"last_action_summary"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;
CREATE TRIGGER clients_audited_insert AFTER INSERT ON clients
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'clients', 'insert',
    '{"id":' || json_quote(NEW.id)
      || '}',
    NULL,
    '{"id":' || json_quote(NEW.id)
      || ',"is_archived":' || iif(NEW.is_archived, 'true', 'false')
      || ',"archived_at":' || iif(NEW.archived_at IS NULL, 'null', json_quote(NEW.archived_at))
      || ',"profile_completeness_pct":' || NEW.profile_completeness_pct
      || ',"is_mvp_ready":' || iif(NEW.is_mvp_ready, 'true', 'false')
      || ',"last_activity_at":' || iif(NEW.last_activity_at IS NULL, 'null', json_quote(NEW.last_activity_at))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || ',"erased_at":' || iif(NEW.erased_at IS NULL, 'null', json_quote(NEW.erased_at))
      || '}',
    nullif('[' || substr(iif(NEW.name IS NOT NULL, ',"name"', '') || iif(NEW.name_key IS NOT NULL, ',"name_key"', '') || iif(NEW.industry IS NOT NULL, ',"industry"', '') || iif(NEW.business_description IS NOT NULL, ',"business_description"', '') || iif(NEW.geography_area IS NOT NULL, ',"geography_area"', '') || iif(NEW.geography_radius_km IS NOT NULL, ',"geography_radius_km"', '') || iif(NEW.industry_vertical IS NOT NULL, ',"industry_vertical"', '') || iif(NEW.target_audience IS NOT NULL, ',"target_audience"', '') || iif(NEW.content_pillars IS NOT NULL, ',"content_pillars"', '') || iif(NEW.posting_cadence IS NOT NULL, ',"posting_cadence"', '') || iif(NEW.platform_accounts IS NOT NULL, ',"platform_accounts"', '') || iif(NEW.guardrails IS NOT NULL, ',"guardrails"', '') || iif(NEW.brand_assets IS NOT NULL, ',"brand_assets"', '') || iif(NEW.competitors IS NOT NULL, ',"competitors"', '') || iif(NEW.market_scope IS NOT NULL, ',"market_scope"', '') || iif(NEW.onboarding_state IS NOT NULL, ',"onboarding_state"', '') || iif(NEW.last_action_summary IS NOT NULL, ',"last_action_summary"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;
CREATE TRIGGER clients_audited_update AFTER UPDATE ON clients
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'clients', 'update',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"is_archived":' || iif(OLD.is_archived, 'true', 'false')
      || ',"archived_at":' || iif(OLD.archived_at IS NULL, 'null', json_quote(OLD.archived_at))
      || ',"profile_completeness_pct":' || OLD.profile_completeness_pct
      || ',"is_mvp_ready":' || iif(OLD.is_mvp_ready, 'true', 'false')
      || ',"last_activity_at":' || iif(OLD.last_activity_at IS NULL, 'null', json_quote(OLD.last_activity_at))
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || ',"erased_at":' || iif(OLD.erased_at IS NULL, 'null', json_quote(OLD.erased_at))
      || '}',
    '{"id":' || json_quote(NEW.id)
      || ',"is_archived":' || iif(NEW.is_archived, 'true', 'false')
      || ',"archived_at":' || iif(NEW.archived_at IS NULL, 'null', json_quote(NEW.archived_at))
      || ',"profile_completeness_pct":' || NEW.profile_completeness_pct
      || ',"is_mvp_ready":' || iif(NEW.is_mvp_ready, 'true', 'false')
      || ',"last_activity_at":' || iif(NEW.last_activity_at IS NULL, 'null', json_quote(NEW.last_activity_at))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || ',"erased_at":' || iif(NEW.erased_at IS NULL, 'null', json_quote(NEW.erased_at))
      || '}',
    nullif('[' || substr(iif(NEW.name IS NOT OLD.name, ',"name"', '') || iif(NEW.name_key IS NOT OLD.name_key, ',"name_key"', '') || iif(NEW.industry IS NOT OLD.industry, ',"industry"', '') || iif(NEW.business_description IS NOT OLD.business_description, ',"business_description"', '') || iif(NEW.geography_area IS NOT OLD.geography_area, ',"geography_area"', '') || iif(NEW.geography_radius_km IS NOT OLD.geography_radius_km, ',"geography_radius_km"', '') || iif(NEW.industry_vertical IS NOT OLD.industry_vertical, ',"industry_vertical"', '') || iif(NEW.target_audience IS NOT OLD.target_audience, ',"target_audience"', '') || iif(NEW.content_pillars IS NOT OLD.content_pillars, ',"content_pillars"', '') || iif(NEW.posting_cadence IS NOT OLD.posting_cadence, ',"posting_cadence"', '') || iif(NEW.platform_accounts IS NOT OLD.platform_accounts, ',"platform_accounts"', '') || iif(NEW.guardrails IS NOT OLD.guardrails, ',"guardrails"', '') || iif(NEW.brand_assets IS NOT OLD.brand_assets, ',"brand_assets"', '') || iif(NEW.competitors IS NOT OLD.competitors, ',"competitors"', '') || iif(NEW.market_scope IS NOT OLD.market_scope, ',"market_scope"', '') || iif(NEW.onboarding_state IS NOT OLD.onboarding_state, ',"onboarding_state"', '') || iif(NEW.last_action_summary IS NOT OLD.last_action_summary, ',"last_action_summary"', ''), 2) || ']', '[]')
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

DROP TRIGGER audit_log_says_nothing_insert;
