-- ashlar: rebuild
-- 0005_contents_under_client_keys
-- client_keys: create table
-- record_contents: create table
-- clients: add column name_key, add column erased_at (rebuilds the table)
--   careful: clients is rewritten; writers wait until it is done.
-- enrichment_log: change column new_value, change column source (rebuilds the table)
--   careful: enrichment_log is rewritten; writers wait until it is done.
-- voice_materials: drop trigger voice_materials_audited_delete
-- voice_materials: drop trigger voice_materials_audited_insert
-- voice_materials: drop trigger voice_materials_audited_update
-- voice_materials: create trigger voice_materials_audited_delete
-- voice_materials: create trigger voice_materials_audited_insert
-- voice_materials: create trigger voice_materials_audited_update
-- voice_profiles: drop trigger voice_profiles_audited_delete
-- voice_profiles: drop trigger voice_profiles_audited_insert
-- voice_profiles: drop trigger voice_profiles_audited_update
-- voice_profiles: create trigger voice_profiles_audited_delete
-- voice_profiles: create trigger voice_profiles_audited_insert
-- voice_profiles: create trigger voice_profiles_audited_update
-- tried without rows: clients, enrichment_log, voice_materials, voice_profiles
-- ashlar: makes table client_keys, column client_keys.scope, column client_keys.version
-- ashlar: makes column client_keys.wrapped, column client_keys.master_version, column client_keys.created_at
-- ashlar: makes column client_keys.shredded_at, constraint client_keys.client_keys_pkey
-- ashlar: makes constraint client_keys.client_keys_shredded, trigger client_keys.client_keys_keyring_delete
-- ashlar: makes trigger client_keys.client_keys_keyring_insert
-- ashlar: makes trigger client_keys.client_keys_keyring_replace
-- ashlar: makes trigger client_keys.client_keys_keyring_rowid, trigger client_keys.client_keys_keyring_update
-- ashlar: makes trigger client_keys.client_keys_scoped_delete, trigger client_keys.client_keys_scoped_insert
-- ashlar: makes trigger client_keys.client_keys_scoped_update, column clients.name_key
-- ashlar: makes column clients.erased_at, constraint clients.clients_erased_is_archived
-- ashlar: makes table record_contents, column record_contents.id, column record_contents.client_id
-- ashlar: makes column record_contents.log, column record_contents.content, column record_contents.created_at
-- ashlar: makes constraint record_contents.record_contents_pkey
-- ashlar: makes constraint record_contents.record_contents_client_id_fkey
-- ashlar: makes index record_contents_client_id_idx
-- ashlar: makes trigger record_contents.record_contents_append_only_delete
-- ashlar: makes trigger record_contents.record_contents_append_only_insert
-- ashlar: makes trigger record_contents.record_contents_append_only_rowid
-- ashlar: makes trigger record_contents.record_contents_append_only_update
-- ashlar: makes trigger record_contents.record_contents_client_id_fkey_insert
-- ashlar: makes trigger record_contents.record_contents_client_id_fkey_update
-- ashlar: makes trigger record_contents.record_contents_encrypted_update
-- ashlar: makes trigger record_contents.record_contents_ledger_append
-- ashlar: makes trigger record_contents.record_contents_ledger_time
-- ashlar: makes trigger record_contents.record_contents_scoped_delete
-- ashlar: makes trigger record_contents.record_contents_scoped_insert
-- ashlar: makes trigger record_contents.record_contents_scoped_update, table record_contents_ledger_blocks
-- ashlar: makes column record_contents_ledger_blocks.size, column record_contents_ledger_blocks.root
-- ashlar: makes column record_contents_ledger_blocks.sealed_at
-- ashlar: makes constraint record_contents_ledger_blocks.record_contents_ledger_blocks_pkey
-- ashlar: makes trigger record_contents_ledger_blocks.record_contents_ledger_blocks_append_only_delete
-- ashlar: makes trigger record_contents_ledger_blocks.record_contents_ledger_blocks_append_only_insert
-- ashlar: makes trigger record_contents_ledger_blocks.record_contents_ledger_blocks_append_only_update
-- ashlar: makes table record_contents_ledger_entries, column record_contents_ledger_entries.id
-- ashlar: makes column record_contents_ledger_entries.row_key, column record_contents_ledger_entries.entry
-- ashlar: makes constraint record_contents_ledger_entries.record_contents_ledger_entries_row_key_key
-- ashlar: makes trigger record_contents_ledger_entries.record_contents_ledger_entries_append_only_delete
-- ashlar: makes trigger record_contents_ledger_entries.record_contents_ledger_entries_append_only_insert
-- ashlar: makes trigger record_contents_ledger_entries.record_contents_ledger_entries_append_only_update
-- ashlar: makes table record_contents_ledger_head, column record_contents_ledger_head.id
-- ashlar: makes column record_contents_ledger_head.size, column record_contents_ledger_head.frontier
-- ashlar: makes column record_contents_ledger_head.sealed, column record_contents_ledger_head.first_provable
-- ashlar: makes constraint record_contents_ledger_head.record_contents_ledger_head_pkey
-- ashlar: makes trigger record_contents_ledger_head.record_contents_ledger_head_delete
-- ashlar: makes trigger record_contents_ledger_head.record_contents_ledger_head_insert
-- ashlar: makes trigger record_contents_ledger_head.record_contents_ledger_head_update
-- ashlar: makes table record_contents_ledger_tree, column record_contents_ledger_tree.level
-- ashlar: makes column record_contents_ledger_tree.position, column record_contents_ledger_tree.hash
-- ashlar: makes column record_contents_ledger_tree.row_key
-- ashlar: makes constraint record_contents_ledger_tree.record_contents_ledger_tree_pkey
-- ashlar: makes constraint record_contents_ledger_tree.record_contents_ledger_tree_row_key_key
-- ashlar: makes trigger record_contents_ledger_tree.record_contents_ledger_tree_append_only_delete
-- ashlar: makes trigger record_contents_ledger_tree.record_contents_ledger_tree_append_only_insert
-- ashlar: makes trigger record_contents_ledger_tree.record_contents_ledger_tree_append_only_update

CREATE TABLE client_keys (
  scope          TEXT    NOT NULL CONSTRAINT client_keys_scope_check CHECK (length(scope) >= 1),
  version        INTEGER NOT NULL
    CONSTRAINT client_keys_version_check CHECK (version BETWEEN 1 AND 2147483647),
  wrapped        BLOB,
  master_version INTEGER NOT NULL
    CONSTRAINT client_keys_master_version_check CHECK (master_version BETWEEN 0 AND 2147483647),
  created_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT client_keys_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  shredded_at    TEXT
    CONSTRAINT client_keys_shredded_at_check CHECK (
      shredded_at IS strftime('%Y-%m-%dT%H:%M:%fZ', shredded_at)
      AND shredded_at >= '0001'
    ),
  CONSTRAINT client_keys_pkey PRIMARY KEY (scope, version),
  CONSTRAINT client_keys_shredded CHECK ((wrapped IS NULL) = (shredded_at IS NOT NULL))
) STRICT;
CREATE TRIGGER client_keys_keyring_replace BEFORE INSERT ON client_keys
WHEN EXISTS (SELECT 1 FROM client_keys WHERE scope = NEW.scope AND version = NEW.version)
  OR EXISTS (SELECT 1 FROM client_keys WHERE rowid = NEW.rowid)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/keyring: a row of client_keys with this key exists and is never replaced');
END;
CREATE TRIGGER client_keys_keyring_insert BEFORE INSERT ON client_keys
WHEN EXISTS (SELECT 1 FROM client_keys WHERE scope = NEW.scope AND shredded_at IS NOT NULL)
  OR (NEW.wrapped IS NULL) <> (NEW.shredded_at IS NOT NULL)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/keyring: a shredded scope of client_keys never gets another key');
END;
CREATE TRIGGER client_keys_keyring_update BEFORE UPDATE ON client_keys
WHEN NOT (NEW.rowid IS OLD.rowid
    AND NEW.scope IS OLD.scope
    AND NEW.version IS OLD.version
    AND NEW.created_at IS OLD.created_at
    AND OLD.shredded_at IS NULL
    AND (NEW.wrapped IS NULL) = (NEW.shredded_at IS NOT NULL))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/keyring: a key of client_keys can only be rewrapped or shredded');
END;
CREATE TRIGGER client_keys_keyring_delete BEFORE DELETE ON client_keys
BEGIN
  SELECT RAISE(ABORT, 'ashlar/keyring: keys of client_keys are shredded, never deleted');
END;
CREATE TRIGGER client_keys_keyring_rowid AFTER INSERT ON client_keys
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/keyring: rows of client_keys have no negative rowid');
END;
CREATE TRIGGER client_keys_scoped_insert BEFORE INSERT ON client_keys
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.scope)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of client_keys are written by sessions of their scope only');
END;
CREATE TRIGGER client_keys_scoped_update BEFORE UPDATE ON client_keys
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.scope AND scope = NEW.scope)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of client_keys are written by sessions of their scope only');
END;
CREATE TRIGGER client_keys_scoped_delete BEFORE DELETE ON client_keys
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.scope)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of client_keys are written by sessions of their scope only');
END;

CREATE TABLE record_contents (
  id         TEXT NOT NULL
    CONSTRAINT record_contents_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  client_id  TEXT NOT NULL
    CONSTRAINT record_contents_client_id_check CHECK (
      client_id GLOB '????????-????-????-????-????????????'
      AND client_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(client_id, '-', '')) = 32
      AND instr(client_id, char(0)) = 0
    ),
  log        TEXT NOT NULL CONSTRAINT record_contents_log_check CHECK (log IN ('audit_log', 'enrichment_log')),
  content    BLOB NOT NULL
    CONSTRAINT record_contents_content_check CHECK (length(content) >= 45 AND substr(content, 1, 1) = X'01'),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT record_contents_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  CONSTRAINT record_contents_pkey PRIMARY KEY (id),
  CONSTRAINT record_contents_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT
) STRICT;
CREATE INDEX record_contents_client_id_idx ON record_contents (client_id);
CREATE TRIGGER record_contents_client_id_fkey_insert BEFORE INSERT ON record_contents
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: record_contents_client_id_fkey');
END;
CREATE TRIGGER record_contents_client_id_fkey_update BEFORE UPDATE OF client_id ON record_contents
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: record_contents_client_id_fkey');
END;
CREATE TRIGGER record_contents_scoped_insert BEFORE INSERT ON record_contents
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of record_contents are written by sessions of their scope only');
END;
CREATE TRIGGER record_contents_scoped_update BEFORE UPDATE ON record_contents
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of record_contents are written by sessions of their scope only');
END;
CREATE TRIGGER record_contents_scoped_delete BEFORE DELETE ON record_contents
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of record_contents are written by sessions of their scope only');
END;
CREATE TRIGGER record_contents_encrypted_update BEFORE UPDATE ON record_contents
WHEN NEW.id IS NOT OLD.id OR NEW.client_id IS NOT OLD.client_id
BEGIN
  SELECT RAISE(ABORT, 'ashlar/encrypted: a row of record_contents never changes its id, client_id, to which its ciphertexts are bound');
END;
CREATE TRIGGER record_contents_append_only_update BEFORE UPDATE ON record_contents
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of record_contents are never changed');
END;
CREATE TRIGGER record_contents_append_only_delete BEFORE DELETE ON record_contents
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of record_contents are never deleted');
END;
CREATE TRIGGER record_contents_append_only_insert BEFORE INSERT ON record_contents
WHEN EXISTS (SELECT 1 FROM record_contents WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM record_contents WHERE rowid = NEW.rowid)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of record_contents with this key exists and is never replaced');
END;
CREATE TRIGGER record_contents_append_only_rowid AFTER INSERT ON record_contents
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of record_contents have no negative rowid');
END;
CREATE TABLE record_contents_ledger_entries (
  id      INTEGER CONSTRAINT record_contents_ledger_entries_pkey PRIMARY KEY AUTOINCREMENT,
  row_key TEXT    NOT NULL,
  entry   TEXT    NOT NULL,
  CONSTRAINT record_contents_ledger_entries_row_key_key UNIQUE (row_key)
) STRICT;
CREATE TABLE record_contents_ledger_tree (
  level    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash     BLOB    NOT NULL CONSTRAINT record_contents_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key  TEXT,
  CONSTRAINT record_contents_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT record_contents_ledger_tree_row_key_key UNIQUE (row_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE record_contents_ledger_blocks (
  size      INTEGER NOT NULL,
  root      BLOB    NOT NULL CONSTRAINT record_contents_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT record_contents_ledger_blocks_pkey PRIMARY KEY (size)
) STRICT, WITHOUT ROWID;
CREATE TABLE record_contents_ledger_head (
  id             INTEGER NOT NULL CONSTRAINT record_contents_ledger_head_id_check CHECK (id = 1),
  size           INTEGER NOT NULL,
  frontier       BLOB    NOT NULL,
  sealed         INTEGER NOT NULL,
  first_provable INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT record_contents_ledger_head_pkey PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER record_contents_ledger_entries_append_only_update BEFORE UPDATE ON record_contents_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_contents_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER record_contents_ledger_entries_append_only_delete BEFORE DELETE ON record_contents_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_contents_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER record_contents_ledger_entries_append_only_insert BEFORE INSERT ON record_contents_ledger_entries
WHEN (NOT EXISTS (SELECT 1 FROM record_contents_ledger_entries WHERE row_key = NEW.row_key)
  AND NOT EXISTS (SELECT 1 FROM record_contents_ledger_entries WHERE id = NEW.id)
  AND EXISTS (SELECT 1 FROM record_contents AS owner WHERE owner.id = NEW.row_key AND CAST(owner.id AS TEXT) = NEW.row_key)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_contents_ledger_entries is written by the ledger only');
END;
CREATE TRIGGER record_contents_ledger_tree_append_only_update BEFORE UPDATE ON record_contents_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_contents_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER record_contents_ledger_tree_append_only_delete BEFORE DELETE ON record_contents_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_contents_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER record_contents_ledger_tree_append_only_insert BEFORE INSERT ON record_contents_ledger_tree
WHEN (CASE NEW.level
    WHEN 0 THEN NEW.position = coalesce((SELECT max(position) + 1 FROM record_contents_ledger_tree WHERE level = 0), 0)
      AND EXISTS (SELECT 1 FROM record_contents_ledger_entries WHERE row_key = NEW.row_key)
      AND NOT EXISTS (SELECT 1 FROM record_contents_ledger_tree WHERE row_key = NEW.row_key)
    ELSE NEW.row_key IS NULL
      AND NOT EXISTS (SELECT 1 FROM record_contents_ledger_tree WHERE level = NEW.level AND position = NEW.position)
      AND EXISTS (SELECT 1 FROM record_contents_ledger_tree WHERE level = NEW.level - 1 AND position = 256 * NEW.position + 255)
  END) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_contents_ledger_tree is written by the ledger only');
END;
CREATE TRIGGER record_contents_ledger_blocks_append_only_update BEFORE UPDATE ON record_contents_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_contents_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER record_contents_ledger_blocks_append_only_delete BEFORE DELETE ON record_contents_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of record_contents_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER record_contents_ledger_blocks_append_only_insert BEFORE INSERT ON record_contents_ledger_blocks
WHEN (NOT EXISTS (SELECT 1 FROM record_contents_ledger_blocks WHERE size = NEW.size)
  AND NEW.size = (SELECT max(position) + 1 FROM record_contents_ledger_tree WHERE level = 0)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_contents_ledger_blocks is written by the ledger only');
END;
CREATE TRIGGER record_contents_ledger_head_update BEFORE UPDATE ON record_contents_ledger_head
WHEN (NEW.size = (SELECT max(size) FROM record_contents_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_contents_ledger_head is written by the ledger only');
END;
CREATE TRIGGER record_contents_ledger_head_delete BEFORE DELETE ON record_contents_ledger_head
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_contents_ledger_head is written by the ledger only');
END;
CREATE TRIGGER record_contents_ledger_head_insert BEFORE INSERT ON record_contents_ledger_head
WHEN NEW.size <> 0
  OR NEW.first_provable <> 0
  OR EXISTS (SELECT 1 FROM record_contents_ledger_head)
  OR EXISTS (SELECT 1 FROM record_contents_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_contents_ledger_head is written by the ledger only');
END;
CREATE TRIGGER record_contents_ledger_time BEFORE INSERT ON record_contents
WHEN (NEW.created_at IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  AND NOT EXISTS (SELECT 1 FROM ashlar_test_database)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: only the clock of the database says when a row of record_contents was written');
END;
CREATE TRIGGER record_contents_ledger_append AFTER INSERT ON record_contents
BEGIN
  INSERT INTO record_contents_ledger_entries (row_key, entry)
  VALUES (
    CAST(NEW.id AS TEXT),
    '["ashlar/entry/v1","record_contents","'
    || lower(hex(randomblob(16))) || '","' || strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') || '",{'
    || substr(
      ',"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"log":' || json_quote(NEW.log)
      || ',"content":' || '"' || lower(hex(NEW.content)) || '"'
      || ',"created_at":' || json_quote(NEW.created_at)
    , 2) || '}]'
  );
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
  name_key                 TEXT,
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
  CONSTRAINT clients_archived_when CHECK (is_archived = (archived_at IS NOT NULL)),
  CONSTRAINT clients_complete_as_filled CHECK (profile_completeness_pct = CASE WHEN business_description IS NULL THEN 0 ELSE 15 END + CASE WHEN target_audience IS NULL THEN 0 ELSE 15 END + CASE WHEN content_pillars IS NULL THEN 0 ELSE 15 END + CASE WHEN geography_area IS NULL THEN 0 ELSE 10 END + CASE WHEN posting_cadence IS NULL THEN 0 ELSE 10 END + CASE WHEN platform_accounts IS NULL THEN 0 ELSE 10 END + CASE WHEN guardrails IS NULL THEN 0 ELSE 10 END + CASE WHEN industry_vertical IS NULL THEN 0 ELSE 5 END + CASE WHEN brand_assets IS NULL THEN 0 ELSE 5 END + CASE WHEN competitors IS NULL THEN 0 ELSE 5 END),
  CONSTRAINT clients_ready_as_filled CHECK (is_mvp_ready = (business_description IS NOT NULL AND geography_area IS NOT NULL AND target_audience IS NOT NULL AND content_pillars IS NOT NULL AND guardrails IS NOT NULL)),
  CONSTRAINT clients_erased_is_archived CHECK (erased_at IS NULL OR is_archived)
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
  new_value  TEXT CONSTRAINT enrichment_log_new_value_check CHECK (json_valid(new_value)),
  source     TEXT CONSTRAINT enrichment_log_source_check CHECK (length(source) >= 1),
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

DROP TRIGGER voice_materials_audited_delete;

DROP TRIGGER voice_materials_audited_insert;

DROP TRIGGER voice_materials_audited_update;

CREATE TRIGGER voice_materials_audited_delete AFTER DELETE ON voice_materials
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'voice_materials', 'delete',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"client_id":' || json_quote(OLD.client_id)
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    NULL,
    nullif('[' || substr(iif(OLD.source_type IS NOT NULL, ',"source_type"', '') || iif(OLD.content IS NOT NULL, ',"content"', '') || iif(OLD.source_url IS NOT NULL, ',"source_url"', '') || iif(OLD.metadata IS NOT NULL, ',"metadata"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;

CREATE TRIGGER voice_materials_audited_insert AFTER INSERT ON voice_materials
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'voice_materials', 'insert',
    '{"id":' || json_quote(NEW.id)
      || '}',
    NULL,
    '{"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}',
    nullif('[' || substr(iif(NEW.source_type IS NOT NULL, ',"source_type"', '') || iif(NEW.content IS NOT NULL, ',"content"', '') || iif(NEW.source_url IS NOT NULL, ',"source_url"', '') || iif(NEW.metadata IS NOT NULL, ',"metadata"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;

CREATE TRIGGER voice_materials_audited_update AFTER UPDATE ON voice_materials
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'voice_materials', 'update',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"client_id":' || json_quote(OLD.client_id)
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    '{"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}',
    nullif('[' || substr(iif(NEW.source_type IS NOT OLD.source_type, ',"source_type"', '') || iif(NEW.content IS NOT OLD.content, ',"content"', '') || iif(NEW.source_url IS NOT OLD.source_url, ',"source_url"', '') || iif(NEW.metadata IS NOT OLD.metadata, ',"metadata"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;

DROP TRIGGER voice_profiles_audited_delete;

DROP TRIGGER voice_profiles_audited_insert;

DROP TRIGGER voice_profiles_audited_update;

CREATE TRIGGER voice_profiles_audited_delete AFTER DELETE ON voice_profiles
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'voice_profiles', 'delete',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"client_id":' || json_quote(OLD.client_id)
      || ',"overall_confidence_pct":' || OLD.overall_confidence_pct
      || ',"sample_count":' || OLD.sample_count
      || ',"last_calibrated_at":' || iif(OLD.last_calibrated_at IS NULL, 'null', json_quote(OLD.last_calibrated_at))
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    NULL,
    nullif('[' || substr(iif(OLD.profile_data IS NOT NULL, ',"profile_data"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;

CREATE TRIGGER voice_profiles_audited_insert AFTER INSERT ON voice_profiles
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'voice_profiles', 'insert',
    '{"id":' || json_quote(NEW.id)
      || '}',
    NULL,
    '{"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"overall_confidence_pct":' || NEW.overall_confidence_pct
      || ',"sample_count":' || NEW.sample_count
      || ',"last_calibrated_at":' || iif(NEW.last_calibrated_at IS NULL, 'null', json_quote(NEW.last_calibrated_at))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}',
    nullif('[' || substr(iif(NEW.profile_data IS NOT NULL, ',"profile_data"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;

CREATE TRIGGER voice_profiles_audited_update AFTER UPDATE ON voice_profiles
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'voice_profiles', 'update',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"client_id":' || json_quote(OLD.client_id)
      || ',"overall_confidence_pct":' || OLD.overall_confidence_pct
      || ',"sample_count":' || OLD.sample_count
      || ',"last_calibrated_at":' || iif(OLD.last_calibrated_at IS NULL, 'null', json_quote(OLD.last_calibrated_at))
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    '{"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"overall_confidence_pct":' || NEW.overall_confidence_pct
      || ',"sample_count":' || NEW.sample_count
      || ',"last_calibrated_at":' || iif(NEW.last_calibrated_at IS NULL, 'null', json_quote(NEW.last_calibrated_at))
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}',
    nullif('[' || substr(iif(NEW.profile_data IS NOT OLD.profile_data, ',"profile_data"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;
