-- 0001_initial
-- audit_log: create table
-- users: create table
-- cloud_connections: create table
-- data_keys: create table
-- folders: create table
-- documents: create table
-- topics: create table
-- document_topics: create table
-- groups: create table
-- quotas: create table
-- refresh_tokens: create table
-- shares: create table

CREATE TABLE audit_log (
  id            INTEGER CONSTRAINT audit_log_pkey PRIMARY KEY AUTOINCREMENT
    CONSTRAINT audit_log_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
  user_id       TEXT
    CONSTRAINT audit_log_user_id_check CHECK (
      user_id GLOB '????????-????-????-????-????????????'
      AND user_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(user_id, '-', '')) = 32
      AND instr(user_id, char(0)) = 0
    ),
  action        TEXT    NOT NULL
    CONSTRAINT audit_log_action_check CHECK (length(action) BETWEEN 1 AND 100 AND instr(action, char(0)) = 0),
  resource_type TEXT
    CONSTRAINT audit_log_resource_type_check CHECK (
      length(resource_type) BETWEEN 1 AND 50
      AND instr(resource_type, char(0)) = 0
    ),
  resource_id   TEXT
    CONSTRAINT audit_log_resource_id_check CHECK (
      length(resource_id) BETWEEN 1 AND 255
      AND instr(resource_id, char(0)) = 0
    ),
  ip_address    TEXT,
  metadata      TEXT CONSTRAINT audit_log_metadata_check CHECK (json_valid(metadata)),
  created_at    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT audit_log_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    )
) STRICT;
CREATE INDEX audit_log_user_id_id_idx ON audit_log (user_id, id);
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
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of audit_log with this key exists and is never replaced');
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
      ',"id":' || NEW.id
      || iif(NEW.user_id IS NULL, '', ',"user_id":' || json_quote(NEW.user_id))
      || ',"action":' || json_quote(NEW.action)
      || iif(NEW.resource_type IS NULL, '', ',"resource_type":' || json_quote(NEW.resource_type))
      || iif(NEW.resource_id IS NULL, '', ',"resource_id":' || json_quote(NEW.resource_id))
      || iif(NEW.ip_address IS NULL, '', ',"ip_address":' || json_quote(NEW.ip_address))
      || iif(NEW.metadata IS NULL, '', ',"metadata":' || NEW.metadata)
      || ',"created_at":' || json_quote(NEW.created_at)
    , 2) || '}]'
  );
END;

CREATE TABLE users (
  id            TEXT    NOT NULL
    CONSTRAINT users_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  handle        TEXT    NOT NULL
    CONSTRAINT users_handle_check CHECK (length(handle) BETWEEN 3 AND 50 AND instr(handle, char(0)) = 0),
  email         TEXT    NOT NULL
    CONSTRAINT users_email_check CHECK (length(email) <= 254 AND instr(email, char(0)) = 0),
  password_hash TEXT    NOT NULL
    CONSTRAINT users_password_hash_check CHECK (
      length(password_hash) <= 255
      AND instr(password_hash, char(0)) = 0
    ),
  totp_secret   BLOB
    CONSTRAINT users_totp_secret_check CHECK (
      length(totp_secret) >= 45
      AND substr(totp_secret, 1, 1) = X'01'
    ),
  totp_enabled  INTEGER NOT NULL DEFAULT 0 CONSTRAINT users_totp_enabled_check CHECK (totp_enabled IN (0, 1)),
  role          TEXT    NOT NULL DEFAULT 'user' CONSTRAINT users_role_check CHECK (role IN ('user', 'admin')),
  is_active     INTEGER NOT NULL DEFAULT 1 CONSTRAINT users_is_active_check CHECK (is_active IN (0, 1)),
  created_at    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT users_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  updated_at    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT users_updated_at_check CHECK (
      updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
      AND updated_at >= '0001'
    ),
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_handle_key UNIQUE (handle),
  CONSTRAINT users_email_key UNIQUE (email),
  CONSTRAINT users_lower_case CHECK (handle = lower(handle) AND email = lower(email))
) STRICT;
CREATE TRIGGER users_encrypted_update BEFORE UPDATE ON users
WHEN NEW.id IS NOT OLD.id
BEGIN
  SELECT RAISE(ABORT, 'ashlar/encrypted: a row of users never changes its id, to which its ciphertexts are bound');
END;

CREATE TABLE cloud_connections (
  id              TEXT NOT NULL
    CONSTRAINT cloud_connections_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  user_id         TEXT NOT NULL
    CONSTRAINT cloud_connections_user_id_check CHECK (
      user_id GLOB '????????-????-????-????-????????????'
      AND user_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(user_id, '-', '')) = 32
      AND instr(user_id, char(0)) = 0
    ),
  provider        TEXT NOT NULL
    CONSTRAINT cloud_connections_provider_check CHECK (
      length(provider) BETWEEN 1 AND 50
      AND instr(provider, char(0)) = 0
    ),
  display_name    TEXT NOT NULL
    CONSTRAINT cloud_connections_display_name_check CHECK (
      length(display_name) BETWEEN 1 AND 200
      AND instr(display_name, char(0)) = 0
    ),
  credentials_enc BLOB NOT NULL
    CONSTRAINT cloud_connections_credentials_enc_check CHECK (
      length(credentials_enc) >= 45
      AND substr(credentials_enc, 1, 1) = X'01'
    ),
  created_at      TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT cloud_connections_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  updated_at      TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT cloud_connections_updated_at_check CHECK (
      updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
      AND updated_at >= '0001'
    ),
  CONSTRAINT cloud_connections_pkey PRIMARY KEY (id),
  CONSTRAINT cloud_connections_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT
) STRICT;
CREATE INDEX cloud_connections_user_id_idx ON cloud_connections (user_id);
CREATE TRIGGER cloud_connections_user_id_fkey_insert BEFORE INSERT ON cloud_connections
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: cloud_connections_user_id_fkey');
END;
CREATE TRIGGER cloud_connections_user_id_fkey_update BEFORE UPDATE OF user_id ON cloud_connections
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: cloud_connections_user_id_fkey');
END;
CREATE TRIGGER cloud_connections_encrypted_update BEFORE UPDATE ON cloud_connections
WHEN NEW.id IS NOT OLD.id OR NEW.user_id IS NOT OLD.user_id
BEGIN
  SELECT RAISE(ABORT, 'ashlar/encrypted: a row of cloud_connections never changes its id, user_id, to which its ciphertexts are bound');
END;

CREATE TABLE data_keys (
  scope          TEXT    NOT NULL CONSTRAINT data_keys_scope_check CHECK (length(scope) >= 1),
  version        INTEGER NOT NULL CONSTRAINT data_keys_version_check CHECK (version BETWEEN 1 AND 2147483647),
  wrapped        BLOB,
  master_version INTEGER NOT NULL
    CONSTRAINT data_keys_master_version_check CHECK (master_version BETWEEN 0 AND 2147483647),
  created_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT data_keys_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  shredded_at    TEXT
    CONSTRAINT data_keys_shredded_at_check CHECK (
      shredded_at IS strftime('%Y-%m-%dT%H:%M:%fZ', shredded_at)
      AND shredded_at >= '0001'
    ),
  CONSTRAINT data_keys_pkey PRIMARY KEY (scope, version),
  CONSTRAINT data_keys_shredded CHECK ((wrapped IS NULL) = (shredded_at IS NOT NULL))
) STRICT;
CREATE TRIGGER data_keys_keyring_replace BEFORE INSERT ON data_keys
WHEN EXISTS (SELECT 1 FROM data_keys WHERE scope = NEW.scope AND version = NEW.version)
  OR EXISTS (SELECT 1 FROM data_keys WHERE rowid = NEW.rowid)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/keyring: a row of data_keys with this key exists and is never replaced');
END;
CREATE TRIGGER data_keys_keyring_insert BEFORE INSERT ON data_keys
WHEN EXISTS (SELECT 1 FROM data_keys WHERE scope = NEW.scope AND shredded_at IS NOT NULL)
  OR (NEW.wrapped IS NULL) <> (NEW.shredded_at IS NOT NULL)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/keyring: a shredded scope of data_keys never gets another key');
END;
CREATE TRIGGER data_keys_keyring_update BEFORE UPDATE ON data_keys
WHEN NOT (NEW.rowid IS OLD.rowid
    AND NEW.scope IS OLD.scope
    AND NEW.version IS OLD.version
    AND NEW.created_at IS OLD.created_at
    AND OLD.shredded_at IS NULL
    AND (NEW.wrapped IS NULL) = (NEW.shredded_at IS NOT NULL))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/keyring: a key of data_keys can only be rewrapped or shredded');
END;
CREATE TRIGGER data_keys_keyring_delete BEFORE DELETE ON data_keys
BEGIN
  SELECT RAISE(ABORT, 'ashlar/keyring: keys of data_keys are shredded, never deleted');
END;
CREATE TRIGGER data_keys_keyring_rowid AFTER INSERT ON data_keys
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/keyring: rows of data_keys have no negative rowid');
END;

CREATE TABLE folders (
  id         TEXT NOT NULL
    CONSTRAINT folders_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  user_id    TEXT NOT NULL
    CONSTRAINT folders_user_id_check CHECK (
      user_id GLOB '????????-????-????-????-????????????'
      AND user_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(user_id, '-', '')) = 32
      AND instr(user_id, char(0)) = 0
    ),
  parent_id  TEXT
    CONSTRAINT folders_parent_id_check CHECK (
      parent_id GLOB '????????-????-????-????-????????????'
      AND parent_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(parent_id, '-', '')) = 32
      AND instr(parent_id, char(0)) = 0
    ),
  name       TEXT NOT NULL
    CONSTRAINT folders_name_check CHECK (length(name) BETWEEN 1 AND 255 AND instr(name, char(0)) = 0),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT folders_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  CONSTRAINT folders_pkey PRIMARY KEY (id),
  CONSTRAINT uq_folders_user_id UNIQUE (user_id, id),
  CONSTRAINT folders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT folders_user_id_parent_id_fkey FOREIGN KEY (user_id, parent_id) REFERENCES folders (user_id, id) ON DELETE RESTRICT
) STRICT;
CREATE UNIQUE INDEX uq_folders_user_parent_name ON folders (user_id, coalesce(parent_id, ''), parent_id IS NULL, name);
CREATE TRIGGER folders_user_id_fkey_insert BEFORE INSERT ON folders
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: folders_user_id_fkey');
END;
CREATE TRIGGER folders_user_id_fkey_update BEFORE UPDATE OF user_id ON folders
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: folders_user_id_fkey');
END;
CREATE TRIGGER folders_user_id_parent_id_fkey_insert BEFORE INSERT ON folders
WHEN NEW.user_id IS NOT NULL
  AND NEW.parent_id IS NOT NULL
  AND NOT (NEW.user_id IS NEW.user_id AND NEW.id IS NEW.parent_id)
  AND NOT EXISTS (SELECT 1 FROM folders WHERE user_id = NEW.user_id AND id = NEW.parent_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: folders_user_id_parent_id_fkey');
END;
CREATE TRIGGER folders_user_id_parent_id_fkey_update BEFORE UPDATE OF user_id, parent_id ON folders
WHEN NEW.user_id IS NOT NULL
  AND NEW.parent_id IS NOT NULL
  AND NOT (NEW.user_id IS NEW.user_id AND NEW.id IS NEW.parent_id)
  AND NOT EXISTS (SELECT 1 FROM folders WHERE user_id = NEW.user_id AND id = NEW.parent_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: folders_user_id_parent_id_fkey');
END;
CREATE TRIGGER folders_parent_id_acyclic_insert AFTER INSERT ON folders
WHEN NEW.parent_id IS NOT NULL
  AND NEW.id IN (
    WITH RECURSIVE above (id) AS (
      SELECT NEW.parent_id
      UNION
      SELECT folders.parent_id FROM folders JOIN above ON folders.id = above.id
      WHERE folders.parent_id IS NOT NULL
    )
    SELECT id FROM above
  )
BEGIN
  SELECT RAISE(ABORT, 'ashlar/acyclic: a row of folders cannot be its own ancestor');
END;
CREATE TRIGGER folders_parent_id_acyclic_update AFTER UPDATE ON folders
WHEN NEW.parent_id IS NOT NULL AND (NEW.parent_id IS NOT OLD.parent_id OR NEW.id IS NOT OLD.id)
  AND NEW.id IN (
    WITH RECURSIVE above (id) AS (
      SELECT NEW.parent_id
      UNION
      SELECT folders.parent_id FROM folders JOIN above ON folders.id = above.id
      WHERE folders.parent_id IS NOT NULL
    )
    SELECT id FROM above
  )
BEGIN
  SELECT RAISE(ABORT, 'ashlar/acyclic: a row of folders cannot be its own ancestor');
END;

CREATE TABLE documents (
  id             TEXT    NOT NULL
    CONSTRAINT documents_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  user_id        TEXT
    CONSTRAINT documents_user_id_check CHECK (
      user_id GLOB '????????-????-????-????-????????????'
      AND user_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(user_id, '-', '')) = 32
      AND instr(user_id, char(0)) = 0
    ),
  folder_id      TEXT
    CONSTRAINT documents_folder_id_check CHECK (
      folder_id GLOB '????????-????-????-????-????????????'
      AND folder_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(folder_id, '-', '')) = 32
      AND instr(folder_id, char(0)) = 0
    ),
  filename       TEXT    NOT NULL
    CONSTRAINT documents_filename_check CHECK (
      length(filename) BETWEEN 1 AND 255
      AND instr(filename, char(0)) = 0
    ),
  content_type   TEXT    NOT NULL
    CONSTRAINT documents_content_type_check CHECK (
      length(content_type) BETWEEN 1 AND 255
      AND instr(content_type, char(0)) = 0
    ),
  size_bytes     INTEGER NOT NULL
    CONSTRAINT documents_size_bytes_check CHECK (size_bytes BETWEEN 0 AND 9007199254740991),
  sha256         TEXT
    CONSTRAINT documents_sha256_check CHECK (length(sha256) = 64 AND instr(sha256, char(0)) = 0),
  object_key     TEXT    NOT NULL
    CONSTRAINT documents_object_key_check CHECK (
      object_key GLOB '????????-????-????-????-????????????'
      AND object_key NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(object_key, '-', '')) = 32
      AND instr(object_key, char(0)) = 0
    ),
  extracted_text TEXT,
  created_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT documents_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  updated_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT documents_updated_at_check CHECK (
      updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
      AND updated_at >= '0001'
    ),
  CONSTRAINT documents_pkey PRIMARY KEY (id),
  CONSTRAINT documents_object_key_key UNIQUE (object_key),
  CONSTRAINT uq_documents_id_user UNIQUE (id, user_id),
  CONSTRAINT documents_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT documents_user_id_folder_id_fkey FOREIGN KEY (user_id, folder_id) REFERENCES folders (user_id, id) ON DELETE RESTRICT
) STRICT;
CREATE INDEX documents_user_id_folder_id_idx ON documents (user_id, folder_id);
CREATE INDEX documents_user_id_created_at_idx ON documents (user_id, created_at);
CREATE INDEX documents_sha256_idx ON documents (sha256);
CREATE TRIGGER documents_user_id_fkey_insert BEFORE INSERT ON documents
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: documents_user_id_fkey');
END;
CREATE TRIGGER documents_user_id_fkey_update BEFORE UPDATE OF user_id ON documents
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: documents_user_id_fkey');
END;
CREATE TRIGGER documents_user_id_folder_id_fkey_insert BEFORE INSERT ON documents
WHEN NEW.user_id IS NOT NULL
  AND NEW.folder_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM folders WHERE user_id = NEW.user_id AND id = NEW.folder_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: documents_user_id_folder_id_fkey');
END;
CREATE TRIGGER documents_user_id_folder_id_fkey_update BEFORE UPDATE OF user_id, folder_id ON documents
WHEN NEW.user_id IS NOT NULL
  AND NEW.folder_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM folders WHERE user_id = NEW.user_id AND id = NEW.folder_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: documents_user_id_folder_id_fkey');
END;

CREATE TABLE topics (
  id      TEXT NOT NULL
    CONSTRAINT topics_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  user_id TEXT
    CONSTRAINT topics_user_id_check CHECK (
      user_id GLOB '????????-????-????-????-????????????'
      AND user_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(user_id, '-', '')) = 32
      AND instr(user_id, char(0)) = 0
    ),
  name    TEXT NOT NULL
    CONSTRAINT topics_name_check CHECK (length(name) BETWEEN 1 AND 100 AND instr(name, char(0)) = 0),
  CONSTRAINT topics_pkey PRIMARY KEY (id),
  CONSTRAINT topics_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT
) STRICT;
CREATE UNIQUE INDEX uq_topics_user_name ON topics (coalesce(user_id, ''), user_id IS NULL, name);
CREATE TRIGGER topics_user_id_fkey_insert BEFORE INSERT ON topics
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: topics_user_id_fkey');
END;
CREATE TRIGGER topics_user_id_fkey_update BEFORE UPDATE OF user_id ON topics
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: topics_user_id_fkey');
END;

CREATE TABLE document_topics (
  document_id TEXT NOT NULL
    CONSTRAINT document_topics_document_id_check CHECK (
      document_id GLOB '????????-????-????-????-????????????'
      AND document_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(document_id, '-', '')) = 32
      AND instr(document_id, char(0)) = 0
    ),
  topic_id    TEXT NOT NULL
    CONSTRAINT document_topics_topic_id_check CHECK (
      topic_id GLOB '????????-????-????-????-????????????'
      AND topic_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(topic_id, '-', '')) = 32
      AND instr(topic_id, char(0)) = 0
    ),
  CONSTRAINT document_topics_pkey PRIMARY KEY (document_id, topic_id),
  CONSTRAINT document_topics_document_id_fkey FOREIGN KEY (document_id) REFERENCES documents (id) ON DELETE CASCADE,
  CONSTRAINT document_topics_topic_id_fkey FOREIGN KEY (topic_id) REFERENCES topics (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX document_topics_topic_id_idx ON document_topics (topic_id);
CREATE TRIGGER document_topics_document_id_fkey_insert BEFORE INSERT ON document_topics
WHEN NEW.document_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM documents WHERE id = NEW.document_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: document_topics_document_id_fkey');
END;
CREATE TRIGGER document_topics_document_id_fkey_update BEFORE UPDATE OF document_id ON document_topics
WHEN NEW.document_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM documents WHERE id = NEW.document_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: document_topics_document_id_fkey');
END;
CREATE TRIGGER document_topics_topic_id_fkey_insert BEFORE INSERT ON document_topics
WHEN NEW.topic_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM topics WHERE id = NEW.topic_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: document_topics_topic_id_fkey');
END;
CREATE TRIGGER document_topics_topic_id_fkey_update BEFORE UPDATE OF topic_id ON document_topics
WHEN NEW.topic_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM topics WHERE id = NEW.topic_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: document_topics_topic_id_fkey');
END;

CREATE TABLE groups (
  id         TEXT NOT NULL
    CONSTRAINT groups_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  name       TEXT NOT NULL
    CONSTRAINT groups_name_check CHECK (length(name) BETWEEN 1 AND 200 AND instr(name, char(0)) = 0),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT groups_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  CONSTRAINT groups_pkey PRIMARY KEY (id)
) STRICT;

CREATE TABLE quotas (
  user_id     TEXT    NOT NULL
    CONSTRAINT quotas_user_id_check CHECK (
      user_id GLOB '????????-????-????-????-????????????'
      AND user_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(user_id, '-', '')) = 32
      AND instr(user_id, char(0)) = 0
    ),
  limit_bytes INTEGER NOT NULL DEFAULT 104857600
    CONSTRAINT quotas_limit_bytes_check CHECK (limit_bytes BETWEEN 0 AND 9007199254740991),
  used_bytes  INTEGER NOT NULL DEFAULT 0
    CONSTRAINT quotas_used_bytes_check CHECK (used_bytes BETWEEN 0 AND 9007199254740991),
  CONSTRAINT quotas_pkey PRIMARY KEY (user_id),
  CONSTRAINT quotas_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT quotas_used_within_limit CHECK (used_bytes <= limit_bytes)
) STRICT;
CREATE TRIGGER quotas_user_id_fkey_insert BEFORE INSERT ON quotas
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: quotas_user_id_fkey');
END;
CREATE TRIGGER quotas_user_id_fkey_update BEFORE UPDATE OF user_id ON quotas
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: quotas_user_id_fkey');
END;

CREATE TABLE refresh_tokens (
  id         TEXT    NOT NULL
    CONSTRAINT refresh_tokens_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  user_id    TEXT    NOT NULL
    CONSTRAINT refresh_tokens_user_id_check CHECK (
      user_id GLOB '????????-????-????-????-????????????'
      AND user_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(user_id, '-', '')) = 32
      AND instr(user_id, char(0)) = 0
    ),
  family_id  TEXT    NOT NULL
    CONSTRAINT refresh_tokens_family_id_check CHECK (
      family_id GLOB '????????-????-????-????-????????????'
      AND family_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(family_id, '-', '')) = 32
      AND instr(family_id, char(0)) = 0
    ),
  token_hash TEXT    NOT NULL
    CONSTRAINT refresh_tokens_token_hash_check CHECK (
      length(token_hash) = 64
      AND instr(token_hash, char(0)) = 0
    ),
  expires_at TEXT    NOT NULL
    CONSTRAINT refresh_tokens_expires_at_check CHECK (
      expires_at IS strftime('%Y-%m-%dT%H:%M:%fZ', expires_at)
      AND expires_at >= '0001'
    ),
  used_at    TEXT
    CONSTRAINT refresh_tokens_used_at_check CHECK (
      used_at IS strftime('%Y-%m-%dT%H:%M:%fZ', used_at)
      AND used_at >= '0001'
    ),
  revoked    INTEGER NOT NULL DEFAULT 0 CONSTRAINT refresh_tokens_revoked_check CHECK (revoked IN (0, 1)),
  created_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT refresh_tokens_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  CONSTRAINT refresh_tokens_pkey PRIMARY KEY (id),
  CONSTRAINT refresh_tokens_token_hash_key UNIQUE (token_hash),
  CONSTRAINT refresh_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT refresh_tokens_used_once CHECK (used_at IS NULL OR revoked)
) STRICT;
CREATE INDEX refresh_tokens_user_id_revoked_idx ON refresh_tokens (user_id, revoked);
CREATE INDEX refresh_tokens_family_id_idx ON refresh_tokens (family_id);
CREATE TRIGGER refresh_tokens_user_id_fkey_insert BEFORE INSERT ON refresh_tokens
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: refresh_tokens_user_id_fkey');
END;
CREATE TRIGGER refresh_tokens_user_id_fkey_update BEFORE UPDATE OF user_id ON refresh_tokens
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: refresh_tokens_user_id_fkey');
END;

CREATE TABLE shares (
  id           TEXT NOT NULL
    CONSTRAINT shares_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  document_id  TEXT NOT NULL
    CONSTRAINT shares_document_id_check CHECK (
      document_id GLOB '????????-????-????-????-????????????'
      AND document_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(document_id, '-', '')) = 32
      AND instr(document_id, char(0)) = 0
    ),
  owner_id     TEXT NOT NULL
    CONSTRAINT shares_owner_id_check CHECK (
      owner_id GLOB '????????-????-????-????-????????????'
      AND owner_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(owner_id, '-', '')) = 32
      AND instr(owner_id, char(0)) = 0
    ),
  recipient_id TEXT NOT NULL
    CONSTRAINT shares_recipient_id_check CHECK (
      recipient_id GLOB '????????-????-????-????-????????????'
      AND recipient_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(recipient_id, '-', '')) = 32
      AND instr(recipient_id, char(0)) = 0
    ),
  permission   TEXT NOT NULL CONSTRAINT shares_permission_check CHECK (permission IN ('read', 'write')),
  created_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT shares_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  CONSTRAINT shares_pkey PRIMARY KEY (id),
  CONSTRAINT uq_shares_document_recipient UNIQUE (document_id, recipient_id),
  CONSTRAINT shares_document_id_owner_id_fkey FOREIGN KEY (document_id, owner_id) REFERENCES documents (id, user_id) ON DELETE CASCADE,
  CONSTRAINT shares_recipient_id_fkey FOREIGN KEY (recipient_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT shares_recipient_is_another CHECK (recipient_id <> owner_id)
) STRICT;
CREATE INDEX shares_recipient_id_idx ON shares (recipient_id);
CREATE TRIGGER shares_document_id_owner_id_fkey_insert BEFORE INSERT ON shares
WHEN NEW.document_id IS NOT NULL
  AND NEW.owner_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM documents WHERE id = NEW.document_id AND user_id = NEW.owner_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: shares_document_id_owner_id_fkey');
END;
CREATE TRIGGER shares_document_id_owner_id_fkey_update BEFORE UPDATE OF document_id, owner_id ON shares
WHEN NEW.document_id IS NOT NULL
  AND NEW.owner_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM documents WHERE id = NEW.document_id AND user_id = NEW.owner_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: shares_document_id_owner_id_fkey');
END;
CREATE TRIGGER shares_recipient_id_fkey_insert BEFORE INSERT ON shares
WHEN NEW.recipient_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.recipient_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: shares_recipient_id_fkey');
END;
CREATE TRIGGER shares_recipient_id_fkey_update BEFORE UPDATE OF recipient_id ON shares
WHEN NEW.recipient_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.recipient_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: shares_recipient_id_fkey');
END;
