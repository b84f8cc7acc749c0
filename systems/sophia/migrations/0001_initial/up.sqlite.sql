-- 0001_initial
-- audit_log: create table
-- clients: create table
-- enrichment_log: create table
-- institutional_knowledge: create table
-- record_changes: create table
-- voice_materials: create table
-- voice_profiles: create table

CREATE TABLE audit_log (
  id              TEXT NOT NULL
    CONSTRAINT audit_log_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  client_id       TEXT
    CONSTRAINT audit_log_client_id_check CHECK (
      client_id GLOB '????????-????-????-????-????????????'
      AND client_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(client_id, '-', '')) = 32
      AND instr(client_id, char(0)) = 0
    ),
  action          TEXT NOT NULL
    CONSTRAINT audit_log_action_check CHECK (length(action) BETWEEN 1 AND 100 AND instr(action, char(0)) = 0),
  actor           TEXT NOT NULL DEFAULT 'sophia'
    CONSTRAINT audit_log_actor_check CHECK (length(actor) BETWEEN 1 AND 255 AND instr(actor, char(0)) = 0),
  details         TEXT CONSTRAINT audit_log_details_check CHECK (json_valid(details)),
  before_snapshot TEXT CONSTRAINT audit_log_before_snapshot_check CHECK (json_valid(before_snapshot)),
  after_snapshot  TEXT CONSTRAINT audit_log_after_snapshot_check CHECK (json_valid(after_snapshot)),
  created_at      TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT audit_log_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  CONSTRAINT audit_log_pkey PRIMARY KEY (id)
) STRICT;
CREATE INDEX audit_log_client_id_action_idx ON audit_log (client_id, action);
CREATE INDEX audit_log_client_id_scope_idx ON audit_log (coalesce(client_id, ''));
CREATE TRIGGER audit_log_scoped_insert BEFORE INSERT ON audit_log
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of audit_log are written by sessions of their scope only');
END;
CREATE TRIGGER audit_log_scoped_update BEFORE UPDATE ON audit_log
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of audit_log are written by sessions of their scope only');
END;
CREATE TRIGGER audit_log_scoped_delete BEFORE DELETE ON audit_log
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of audit_log are written by sessions of their scope only');
END;
CREATE TRIGGER audit_log_append_only_update BEFORE UPDATE ON audit_log
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of audit_log are never changed');
END;
CREATE TRIGGER audit_log_append_only_delete BEFORE DELETE ON audit_log
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of audit_log are never deleted');
END;
CREATE TRIGGER audit_log_append_only_insert BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM audit_log WHERE rowid = NEW.rowid)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of audit_log with this key exists and is never replaced');
END;
CREATE TRIGGER audit_log_append_only_rowid AFTER INSERT ON audit_log
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of audit_log have no negative rowid');
END;
CREATE TABLE audit_log_ledger_entries (
  id      INTEGER CONSTRAINT audit_log_ledger_entries_pkey PRIMARY KEY AUTOINCREMENT,
  row_key TEXT    NOT NULL,
  entry   TEXT    NOT NULL,
  CONSTRAINT audit_log_ledger_entries_row_key_key UNIQUE (row_key)
) STRICT;
CREATE TABLE audit_log_ledger_tree (
  level    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash     BLOB    NOT NULL CONSTRAINT audit_log_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key  TEXT,
  CONSTRAINT audit_log_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT audit_log_ledger_tree_row_key_key UNIQUE (row_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_log_ledger_blocks (
  size      INTEGER NOT NULL,
  root      BLOB    NOT NULL CONSTRAINT audit_log_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT audit_log_ledger_blocks_pkey PRIMARY KEY (size)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_log_ledger_head (
  id             INTEGER NOT NULL CONSTRAINT audit_log_ledger_head_id_check CHECK (id = 1),
  size           INTEGER NOT NULL,
  frontier       BLOB    NOT NULL,
  sealed         INTEGER NOT NULL,
  first_provable INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT audit_log_ledger_head_pkey PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_log_ledger_entries_append_only_update BEFORE UPDATE ON audit_log_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of audit_log_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER audit_log_ledger_entries_append_only_delete BEFORE DELETE ON audit_log_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of audit_log_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER audit_log_ledger_entries_append_only_insert BEFORE INSERT ON audit_log_ledger_entries
WHEN (NOT EXISTS (SELECT 1 FROM audit_log_ledger_entries WHERE row_key = NEW.row_key)
  AND NOT EXISTS (SELECT 1 FROM audit_log_ledger_entries WHERE id = NEW.id)
  AND EXISTS (SELECT 1 FROM audit_log AS owner WHERE owner.id = NEW.row_key AND CAST(owner.id AS TEXT) = NEW.row_key)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_log_ledger_entries is written by the ledger only');
END;
CREATE TRIGGER audit_log_ledger_tree_append_only_update BEFORE UPDATE ON audit_log_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of audit_log_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER audit_log_ledger_tree_append_only_delete BEFORE DELETE ON audit_log_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of audit_log_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER audit_log_ledger_tree_append_only_insert BEFORE INSERT ON audit_log_ledger_tree
WHEN (CASE NEW.level
    WHEN 0 THEN NEW.position = coalesce((SELECT max(position) + 1 FROM audit_log_ledger_tree WHERE level = 0), 0)
      AND EXISTS (SELECT 1 FROM audit_log_ledger_entries WHERE row_key = NEW.row_key)
      AND NOT EXISTS (SELECT 1 FROM audit_log_ledger_tree WHERE row_key = NEW.row_key)
    ELSE NEW.row_key IS NULL
      AND NOT EXISTS (SELECT 1 FROM audit_log_ledger_tree WHERE level = NEW.level AND position = NEW.position)
      AND EXISTS (SELECT 1 FROM audit_log_ledger_tree WHERE level = NEW.level - 1 AND position = 256 * NEW.position + 255)
  END) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_log_ledger_tree is written by the ledger only');
END;
CREATE TRIGGER audit_log_ledger_blocks_append_only_update BEFORE UPDATE ON audit_log_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of audit_log_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER audit_log_ledger_blocks_append_only_delete BEFORE DELETE ON audit_log_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of audit_log_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER audit_log_ledger_blocks_append_only_insert BEFORE INSERT ON audit_log_ledger_blocks
WHEN (NOT EXISTS (SELECT 1 FROM audit_log_ledger_blocks WHERE size = NEW.size)
  AND NEW.size = (SELECT max(position) + 1 FROM audit_log_ledger_tree WHERE level = 0)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_log_ledger_blocks is written by the ledger only');
END;
CREATE TRIGGER audit_log_ledger_head_update BEFORE UPDATE ON audit_log_ledger_head
WHEN ((NEW.size = (SELECT max(size) FROM audit_log_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable)
  OR (NEW.id IS OLD.id  AND NEW.size IS OLD.size  AND NEW.frontier IS OLD.frontier  AND NEW.sealed IS OLD.sealed AND NEW.first_provable BETWEEN OLD.first_provable + 1 AND OLD.size)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_log_ledger_head is written by the ledger only');
END;
CREATE TRIGGER audit_log_ledger_head_delete BEFORE DELETE ON audit_log_ledger_head
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_log_ledger_head is written by the ledger only');
END;
CREATE TRIGGER audit_log_ledger_head_insert BEFORE INSERT ON audit_log_ledger_head
WHEN NEW.size <> 0
  OR EXISTS (SELECT 1 FROM audit_log_ledger_head)
  OR EXISTS (SELECT 1 FROM audit_log_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_log_ledger_head is written by the ledger only');
END;
CREATE TRIGGER audit_log_ledger_append AFTER INSERT ON audit_log
BEGIN
  INSERT INTO audit_log_ledger_entries (row_key, entry)
  VALUES (
    CAST(NEW.id AS TEXT),
    '["ashlar/entry/v1","audit_log","'
    || lower(hex(randomblob(16))) || '","' || strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') || '",{'
    || substr(
      ',"id":' || json_quote(NEW.id)
      || iif(NEW.client_id IS NULL, '', ',"client_id":' || json_quote(NEW.client_id))
      || ',"action":' || json_quote(NEW.action)
      || ',"actor":' || json_quote(NEW.actor)
      || iif(NEW.details IS NULL, '', ',"details":' || NEW.details)
      || iif(NEW.before_snapshot IS NULL, '', ',"before_snapshot":' || NEW.before_snapshot)
      || iif(NEW.after_snapshot IS NULL, '', ',"after_snapshot":' || NEW.after_snapshot)
      || ',"created_at":' || json_quote(NEW.created_at)
    , 2) || '}]'
  );
END;

CREATE TABLE clients (
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
CREATE INDEX clients_is_archived_idx ON clients (is_archived);
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
CREATE TRIGGER clients_scoped_delete BEFORE DELETE ON clients
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of clients are written by sessions of their scope only');
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

CREATE TABLE enrichment_log (
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
CREATE INDEX enrichment_log_client_id_field_name_idx ON enrichment_log (client_id, field_name);
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
CREATE TRIGGER enrichment_log_scoped_delete BEFORE DELETE ON enrichment_log
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of enrichment_log are written by sessions of their scope only');
END;
CREATE TRIGGER enrichment_log_append_only_update BEFORE UPDATE ON enrichment_log
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of enrichment_log are never changed');
END;
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

CREATE TABLE institutional_knowledge (
  id         TEXT NOT NULL
    CONSTRAINT institutional_knowledge_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  category   TEXT NOT NULL
    CONSTRAINT institutional_knowledge_category_check CHECK (
      length(category) BETWEEN 1 AND 100
      AND instr(category, char(0)) = 0
    ),
  content    TEXT NOT NULL CONSTRAINT institutional_knowledge_content_check CHECK (length(content) >= 1),
  source     TEXT CONSTRAINT institutional_knowledge_source_check CHECK (length(source) >= 1),
  tags       TEXT CONSTRAINT institutional_knowledge_tags_check CHECK (json_valid(tags)),
  confidence REAL
    CONSTRAINT institutional_knowledge_confidence_check CHECK (confidence >= 0 AND confidence <= 1),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT institutional_knowledge_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT institutional_knowledge_updated_at_check CHECK (
      updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
      AND updated_at >= '0001'
    ),
  CONSTRAINT institutional_knowledge_pkey PRIMARY KEY (id)
) STRICT;
CREATE INDEX institutional_knowledge_category_idx ON institutional_knowledge (category);
CREATE TRIGGER institutional_knowledge_names_no_client_insert BEFORE INSERT ON institutional_knowledge
BEGIN
  SELECT RAISE(ABORT, 'ashlar/names-no-client: institutional knowledge is written by sessions of every scope only')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session WHERE scope = '*');
  SELECT RAISE(ABORT, 'ashlar/names-no-client: institutional knowledge names a client')
  WHERE EXISTS (
    SELECT 1 FROM clients AS client
    WHERE replace(replace(replace(' ' || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(client.name), char(9), ' '), char(10), ' '), char(13), ' '), '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), '…', ' '), '–', ' '), '—', ' '), '‘', ' '), '’', ' '), '“', ' '), '”', ' '), ' ', ' '), '''', ' ') || ' ', ' ', '<>'), '><', ''), '<>', ' ') <> ' '
      AND instr(
        replace(replace(replace(' ' || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower((NEW.category || ' § ' || NEW.content || ' § ' || coalesce(NEW.source, '') || ' § ' || coalesce((SELECT group_concat(iif(typeof(tag.key) = 'text', tag.key || ' ', '') || tag.value, ' § ') FROM json_each(NEW.tags) AS tag), ''))), char(9), ' '), char(10), ' '), char(13), ' '), '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), '…', ' '), '–', ' '), '—', ' '), '‘', ' '), '’', ' '), '“', ' '), '”', ' '), ' ', ' '), '''', ' ') || ' ', ' ', '<>'), '><', ''), '<>', ' '),
        replace(replace(replace(' ' || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(client.name), char(9), ' '), char(10), ' '), char(13), ' '), '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), '…', ' '), '–', ' '), '—', ' '), '‘', ' '), '’', ' '), '“', ' '), '”', ' '), ' ', ' '), '''', ' ') || ' ', ' ', '<>'), '><', ''), '<>', ' ')
      ) > 0
  );
END;
CREATE TRIGGER institutional_knowledge_names_no_client_update BEFORE UPDATE ON institutional_knowledge
BEGIN
  SELECT RAISE(ABORT, 'ashlar/names-no-client: institutional knowledge is written by sessions of every scope only')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session WHERE scope = '*');
  SELECT RAISE(ABORT, 'ashlar/names-no-client: institutional knowledge names a client')
  WHERE EXISTS (
    SELECT 1 FROM clients AS client
    WHERE replace(replace(replace(' ' || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(client.name), char(9), ' '), char(10), ' '), char(13), ' '), '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), '…', ' '), '–', ' '), '—', ' '), '‘', ' '), '’', ' '), '“', ' '), '”', ' '), ' ', ' '), '''', ' ') || ' ', ' ', '<>'), '><', ''), '<>', ' ') <> ' '
      AND instr(
        replace(replace(replace(' ' || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower((NEW.category || ' § ' || NEW.content || ' § ' || coalesce(NEW.source, '') || ' § ' || coalesce((SELECT group_concat(iif(typeof(tag.key) = 'text', tag.key || ' ', '') || tag.value, ' § ') FROM json_each(NEW.tags) AS tag), ''))), char(9), ' '), char(10), ' '), char(13), ' '), '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), '…', ' '), '–', ' '), '—', ' '), '‘', ' '), '’', ' '), '“', ' '), '”', ' '), ' ', ' '), '''', ' ') || ' ', ' ', '<>'), '><', ''), '<>', ' '),
        replace(replace(replace(' ' || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(client.name), char(9), ' '), char(10), ' '), char(13), ' '), '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), '…', ' '), '–', ' '), '—', ' '), '‘', ' '), '’', ' '), '“', ' '), '”', ' '), ' ', ' '), '''', ' ') || ' ', ' ', '<>'), '><', ''), '<>', ' ')
      ) > 0
  );
END;

CREATE TABLE record_changes (
  id         INTEGER CONSTRAINT record_changes_pkey PRIMARY KEY AUTOINCREMENT
    CONSTRAINT record_changes_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
  at         TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
    CONSTRAINT record_changes_at_check CHECK (
      substr(at, 1, 23) || 'Z' IS strftime('%Y-%m-%dT%H:%M:%fZ', substr(at, 1, 23) || 'Z')
      AND substr(at, 24) GLOB '[0-9][0-9][0-9]Z'
      AND instr(at, char(0)) = 0
      AND at >= '0001'
    ),
  actor      TEXT,
  scope      TEXT,
  role       TEXT    NOT NULL,
  table_name TEXT    NOT NULL,
  operation  TEXT    NOT NULL
    CONSTRAINT record_changes_operation_check CHECK (operation IN ('insert', 'update', 'delete')),
  row_key    TEXT    NOT NULL CONSTRAINT record_changes_row_key_check CHECK (json_valid(row_key)),
  before     TEXT CONSTRAINT record_changes_before_check CHECK (json_valid(before)),
  "after"    TEXT CONSTRAINT record_changes_after_check CHECK (json_valid("after")),
  unseen     TEXT CONSTRAINT record_changes_unseen_check CHECK (json_valid(unseen))
) STRICT;
CREATE INDEX record_changes_table_name_row_key_idx ON record_changes (table_name, row_key);
CREATE INDEX record_changes_at_idx ON record_changes (at);
CREATE TRIGGER record_changes_append_only_update BEFORE UPDATE ON record_changes
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of record_changes are never changed');
END;
CREATE TRIGGER record_changes_append_only_delete BEFORE DELETE ON record_changes
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of record_changes are never deleted');
END;
CREATE TRIGGER record_changes_append_only_insert BEFORE INSERT ON record_changes
WHEN EXISTS (SELECT 1 FROM record_changes WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of record_changes with this key exists and is never replaced');
END;
CREATE TRIGGER record_changes_trail_insert BEFORE INSERT ON record_changes
WHEN NOT EXISTS (SELECT 1 FROM ashlar_session WHERE actor IS NEW.actor AND scope IS NEW.scope)
  OR NEW.role IS NOT 'session'
  OR NEW.at IS NOT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')
  OR NEW.id <> -1
BEGIN
  SELECT RAISE(ABORT, 'ashlar/trail: rows of record_changes are written by the database only');
END;
CREATE TABLE record_changes_ledger_entries (
  id      INTEGER CONSTRAINT record_changes_ledger_entries_pkey PRIMARY KEY AUTOINCREMENT,
  row_key TEXT    NOT NULL,
  entry   TEXT    NOT NULL,
  CONSTRAINT record_changes_ledger_entries_row_key_key UNIQUE (row_key)
) STRICT;
CREATE TABLE record_changes_ledger_tree (
  level    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash     BLOB    NOT NULL CONSTRAINT record_changes_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key  TEXT,
  CONSTRAINT record_changes_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT record_changes_ledger_tree_row_key_key UNIQUE (row_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE record_changes_ledger_blocks (
  size      INTEGER NOT NULL,
  root      BLOB    NOT NULL CONSTRAINT record_changes_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT record_changes_ledger_blocks_pkey PRIMARY KEY (size)
) STRICT, WITHOUT ROWID;
CREATE TABLE record_changes_ledger_head (
  id             INTEGER NOT NULL CONSTRAINT record_changes_ledger_head_id_check CHECK (id = 1),
  size           INTEGER NOT NULL,
  frontier       BLOB    NOT NULL,
  sealed         INTEGER NOT NULL,
  first_provable INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT record_changes_ledger_head_pkey PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER record_changes_ledger_entries_append_only_update BEFORE UPDATE ON record_changes_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_changes_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER record_changes_ledger_entries_append_only_delete BEFORE DELETE ON record_changes_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_changes_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER record_changes_ledger_entries_append_only_insert BEFORE INSERT ON record_changes_ledger_entries
WHEN (NOT EXISTS (SELECT 1 FROM record_changes_ledger_entries WHERE row_key = NEW.row_key)
  AND NOT EXISTS (SELECT 1 FROM record_changes_ledger_entries WHERE id = NEW.id)
  AND EXISTS (SELECT 1 FROM record_changes AS owner WHERE owner.id = NEW.row_key AND CAST(owner.id AS TEXT) = NEW.row_key)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_entries is written by the ledger only');
END;
CREATE TRIGGER record_changes_ledger_tree_append_only_update BEFORE UPDATE ON record_changes_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_changes_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER record_changes_ledger_tree_append_only_delete BEFORE DELETE ON record_changes_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_changes_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER record_changes_ledger_tree_append_only_insert BEFORE INSERT ON record_changes_ledger_tree
WHEN (CASE NEW.level
    WHEN 0 THEN NEW.position = coalesce((SELECT max(position) + 1 FROM record_changes_ledger_tree WHERE level = 0), 0)
      AND EXISTS (SELECT 1 FROM record_changes_ledger_entries WHERE row_key = NEW.row_key)
      AND NOT EXISTS (SELECT 1 FROM record_changes_ledger_tree WHERE row_key = NEW.row_key)
    ELSE NEW.row_key IS NULL
      AND NOT EXISTS (SELECT 1 FROM record_changes_ledger_tree WHERE level = NEW.level AND position = NEW.position)
      AND EXISTS (SELECT 1 FROM record_changes_ledger_tree WHERE level = NEW.level - 1 AND position = 256 * NEW.position + 255)
  END) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_tree is written by the ledger only');
END;
CREATE TRIGGER record_changes_ledger_blocks_append_only_update BEFORE UPDATE ON record_changes_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_changes_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER record_changes_ledger_blocks_append_only_delete BEFORE DELETE ON record_changes_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_changes_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER record_changes_ledger_blocks_append_only_insert BEFORE INSERT ON record_changes_ledger_blocks
WHEN (NOT EXISTS (SELECT 1 FROM record_changes_ledger_blocks WHERE size = NEW.size)
  AND NEW.size = (SELECT max(position) + 1 FROM record_changes_ledger_tree WHERE level = 0)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_blocks is written by the ledger only');
END;
CREATE TRIGGER record_changes_ledger_head_update BEFORE UPDATE ON record_changes_ledger_head
WHEN ((NEW.size = (SELECT max(size) FROM record_changes_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable)
  OR (NEW.id IS OLD.id  AND NEW.size IS OLD.size  AND NEW.frontier IS OLD.frontier  AND NEW.sealed IS OLD.sealed AND NEW.first_provable BETWEEN OLD.first_provable + 1 AND OLD.size)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_head is written by the ledger only');
END;
CREATE TRIGGER record_changes_ledger_head_delete BEFORE DELETE ON record_changes_ledger_head
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_head is written by the ledger only');
END;
CREATE TRIGGER record_changes_ledger_head_insert BEFORE INSERT ON record_changes_ledger_head
WHEN NEW.size <> 0
  OR EXISTS (SELECT 1 FROM record_changes_ledger_head)
  OR EXISTS (SELECT 1 FROM record_changes_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_head is written by the ledger only');
END;
CREATE TRIGGER record_changes_ledger_append AFTER INSERT ON record_changes
BEGIN
  INSERT INTO record_changes_ledger_entries (row_key, entry)
  VALUES (
    CAST(NEW.id AS TEXT),
    '["ashlar/entry/v1","record_changes","'
    || lower(hex(randomblob(16))) || '","' || strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') || '",{'
    || substr(
      ',"id":' || NEW.id
      || ',"at":' || json_quote(NEW.at)
      || iif(NEW.actor IS NULL, '', ',"actor":' || json_quote(NEW.actor))
      || iif(NEW.scope IS NULL, '', ',"scope":' || json_quote(NEW.scope))
      || ',"role":' || json_quote(NEW.role)
      || ',"table_name":' || json_quote(NEW.table_name)
      || ',"operation":' || json_quote(NEW.operation)
      || ',"row_key":' || NEW.row_key
      || iif(NEW.before IS NULL, '', ',"before":' || NEW.before)
      || iif(NEW."after" IS NULL, '', ',"after":' || NEW."after")
      || iif(NEW.unseen IS NULL, '', ',"unseen":' || NEW.unseen)
    , 2) || '}]'
  );
END;
CREATE INDEX record_changes_scope_scope_idx ON record_changes (coalesce(scope, ''));
CREATE TRIGGER record_changes_scoped_insert BEFORE INSERT ON record_changes
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.scope)
    OR (coalesce(scope, '') = '' AND NEW.scope IS NULL)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of record_changes are written by sessions of their scope only');
END;
CREATE TRIGGER record_changes_scoped_update BEFORE UPDATE ON record_changes
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.scope AND scope = NEW.scope)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of record_changes are written by sessions of their scope only');
END;
CREATE TRIGGER record_changes_scoped_delete BEFORE DELETE ON record_changes
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.scope)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of record_changes are written by sessions of their scope only');
END;

CREATE TABLE voice_materials (
  id          TEXT NOT NULL
    CONSTRAINT voice_materials_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  client_id   TEXT NOT NULL
    CONSTRAINT voice_materials_client_id_check CHECK (
      client_id GLOB '????????-????-????-????-????????????'
      AND client_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(client_id, '-', '')) = 32
      AND instr(client_id, char(0)) = 0
    ),
  source_type TEXT NOT NULL
    CONSTRAINT voice_materials_source_type_check CHECK (
      length(source_type) BETWEEN 1 AND 50
      AND instr(source_type, char(0)) = 0
    ),
  content     TEXT NOT NULL CONSTRAINT voice_materials_content_check CHECK (length(content) >= 1),
  source_url  TEXT,
  metadata    TEXT CONSTRAINT voice_materials_metadata_check CHECK (json_valid(metadata)),
  created_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT voice_materials_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  updated_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT voice_materials_updated_at_check CHECK (
      updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
      AND updated_at >= '0001'
    ),
  CONSTRAINT voice_materials_pkey PRIMARY KEY (id),
  CONSTRAINT voice_materials_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT
) STRICT;
CREATE INDEX voice_materials_client_id_idx ON voice_materials (client_id);
CREATE TRIGGER voice_materials_client_id_fkey_insert BEFORE INSERT ON voice_materials
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: voice_materials_client_id_fkey');
END;
CREATE TRIGGER voice_materials_client_id_fkey_update BEFORE UPDATE OF client_id ON voice_materials
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: voice_materials_client_id_fkey');
END;
CREATE TRIGGER voice_materials_scoped_insert BEFORE INSERT ON voice_materials
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of voice_materials are written by sessions of their scope only');
END;
CREATE TRIGGER voice_materials_scoped_update BEFORE UPDATE ON voice_materials
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of voice_materials are written by sessions of their scope only');
END;
CREATE TRIGGER voice_materials_scoped_delete BEFORE DELETE ON voice_materials
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of voice_materials are written by sessions of their scope only');
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

CREATE TABLE voice_profiles (
  id                     TEXT    NOT NULL
    CONSTRAINT voice_profiles_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  client_id              TEXT    NOT NULL
    CONSTRAINT voice_profiles_client_id_check CHECK (
      client_id GLOB '????????-????-????-????-????????????'
      AND client_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(client_id, '-', '')) = 32
      AND instr(client_id, char(0)) = 0
    ),
  profile_data           TEXT    NOT NULL
    CONSTRAINT voice_profiles_profile_data_check CHECK (json_valid(profile_data)),
  overall_confidence_pct INTEGER NOT NULL DEFAULT 0
    CONSTRAINT voice_profiles_overall_confidence_pct_check CHECK (overall_confidence_pct BETWEEN 0 AND 100),
  sample_count           INTEGER NOT NULL DEFAULT 0
    CONSTRAINT voice_profiles_sample_count_check CHECK (sample_count BETWEEN 0 AND 2147483647),
  last_calibrated_at     TEXT
    CONSTRAINT voice_profiles_last_calibrated_at_check CHECK (
      last_calibrated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', last_calibrated_at)
      AND last_calibrated_at >= '0001'
    ),
  created_at             TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT voice_profiles_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  updated_at             TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT voice_profiles_updated_at_check CHECK (
      updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
      AND updated_at >= '0001'
    ),
  CONSTRAINT voice_profiles_pkey PRIMARY KEY (id),
  CONSTRAINT voice_profiles_client_id_key UNIQUE (client_id),
  CONSTRAINT voice_profiles_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT
) STRICT;
CREATE TRIGGER voice_profiles_client_id_fkey_insert BEFORE INSERT ON voice_profiles
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: voice_profiles_client_id_fkey');
END;
CREATE TRIGGER voice_profiles_client_id_fkey_update BEFORE UPDATE OF client_id ON voice_profiles
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: voice_profiles_client_id_fkey');
END;
CREATE TRIGGER voice_profiles_scoped_insert BEFORE INSERT ON voice_profiles
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of voice_profiles are written by sessions of their scope only');
END;
CREATE TRIGGER voice_profiles_scoped_update BEFORE UPDATE ON voice_profiles
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of voice_profiles are written by sessions of their scope only');
END;
CREATE TRIGGER voice_profiles_scoped_delete BEFORE DELETE ON voice_profiles
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of voice_profiles are written by sessions of their scope only');
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
