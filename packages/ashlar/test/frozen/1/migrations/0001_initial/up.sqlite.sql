-- 0001_initial
-- clients: create table
-- data_keys: create table
-- dossiers: create table
-- folders: create table
-- holds: create table
-- letters: create table
-- trail: create table
-- visits: create table

CREATE TABLE clients (
  id          TEXT NOT NULL
    CONSTRAINT clients_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  email       BLOB NOT NULL
    CONSTRAINT clients_email_check CHECK (length(email) >= 45 AND substr(email, 1, 1) = X'01'),
  email_index BLOB,
  status      TEXT NOT NULL CONSTRAINT clients_status_check CHECK (status IN ('invited', 'active', 'closed')),
  created_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT clients_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  updated_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT clients_updated_at_check CHECK (
      updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
      AND updated_at >= '0001'
    ),
  CONSTRAINT clients_pkey PRIMARY KEY (id)
) STRICT;
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
CREATE TRIGGER clients_encrypted_update BEFORE UPDATE ON clients
WHEN NEW.id IS NOT OLD.id
BEGIN
  SELECT RAISE(ABORT, 'ashlar/encrypted: a row of clients never changes its id, to which its ciphertexts are bound');
END;
CREATE TRIGGER clients_status_lifecycle_insert BEFORE INSERT ON clients
WHEN (NEW.status IN ('invited')) IS NOT TRUE
BEGIN
  SELECT CASE NEW.status
    WHEN 'active' THEN RAISE(ABORT, 'ashlar/lifecycle: clients.status cannot begin as active')
    WHEN 'closed' THEN RAISE(ABORT, 'ashlar/lifecycle: clients.status cannot begin as closed')
    ELSE RAISE(ABORT, 'ashlar/lifecycle: clients.status has no such status')
  END;
END;
CREATE TRIGGER clients_status_lifecycle_update BEFORE UPDATE ON clients
WHEN OLD.status IS DISTINCT FROM NEW.status
  AND (CASE OLD.status
    WHEN 'invited' THEN NEW.status IN ('active', 'closed')
    WHEN 'active' THEN NEW.status IN ('closed')
    ELSE false
  END) IS NOT TRUE
BEGIN
  SELECT CASE OLD.status || ' to ' || NEW.status
    WHEN 'active to invited' THEN RAISE(ABORT, 'ashlar/lifecycle: clients.status cannot go from active to invited')
    WHEN 'closed to invited' THEN RAISE(ABORT, 'ashlar/lifecycle: clients.status cannot go from closed to invited')
    WHEN 'closed to active' THEN RAISE(ABORT, 'ashlar/lifecycle: clients.status cannot go from closed to active')
    ELSE RAISE(ABORT, 'ashlar/lifecycle: clients.status has no such status')
  END;
END;
CREATE TRIGGER clients_status_lifecycle_replace BEFORE INSERT ON clients
WHEN EXISTS (SELECT 1 FROM clients WHERE id = NEW.id AND status IS NOT NEW.status)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/lifecycle: a row of clients with this key exists and is never replaced');
END;
CREATE TRIGGER clients_status_lifecycle_move BEFORE UPDATE ON clients
WHEN (NEW.id IS NOT OLD.id)
  AND (EXISTS (SELECT 1 FROM clients WHERE id = NEW.id AND status IS NOT NEW.status AND rowid <> OLD.rowid))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/lifecycle: a row of clients with this key exists and is never replaced');
END;
CREATE TRIGGER clients_audited_insert AFTER INSERT ON clients
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'clients', 'insert',
    '{"id":' || json_quote(NEW.id)
      || '}',
    NULL,
    '{"id":' || json_quote(NEW.id)
      || ',"email_index":' || iif(NEW.email_index IS NULL, 'null', '"' || lower(hex(NEW.email_index)) || '"')
      || ',"status":' || json_quote(NEW.status)
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}',
    nullif('[' || substr(iif(NEW.email IS NOT NULL, ',"email"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;
CREATE TRIGGER clients_audited_update AFTER UPDATE ON clients
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'clients', 'update',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"email_index":' || iif(OLD.email_index IS NULL, 'null', '"' || lower(hex(OLD.email_index)) || '"')
      || ',"status":' || json_quote(OLD.status)
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    '{"id":' || json_quote(NEW.id)
      || ',"email_index":' || iif(NEW.email_index IS NULL, 'null', '"' || lower(hex(NEW.email_index)) || '"')
      || ',"status":' || json_quote(NEW.status)
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"updated_at":' || json_quote(NEW.updated_at)
      || '}',
    nullif('[' || substr(iif(NEW.email IS NOT OLD.email, ',"email"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;
CREATE TRIGGER clients_audited_delete AFTER DELETE ON clients
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'clients', 'delete',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"email_index":' || iif(OLD.email_index IS NULL, 'null', '"' || lower(hex(OLD.email_index)) || '"')
      || ',"status":' || json_quote(OLD.status)
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"updated_at":' || json_quote(OLD.updated_at)
      || '}',
    NULL,
    nullif('[' || substr(iif(OLD.email IS NOT NULL, ',"email"', ''), 2) || ']', '[]')
  FROM ashlar_session;
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
CREATE TRIGGER data_keys_audited_insert AFTER INSERT ON data_keys
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'data_keys', 'insert',
    '{"scope":' || json_quote(NEW.scope)
      || ',"version":' || NEW.version
      || '}',
    NULL,
    '{"scope":' || json_quote(NEW.scope)
      || ',"version":' || NEW.version
      || ',"master_version":' || NEW.master_version
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"shredded_at":' || iif(NEW.shredded_at IS NULL, 'null', json_quote(NEW.shredded_at))
      || '}',
    nullif('[' || substr(iif(NEW.wrapped IS NOT NULL, ',"wrapped"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;
CREATE TRIGGER data_keys_audited_update AFTER UPDATE ON data_keys
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'data_keys', 'update',
    '{"scope":' || json_quote(OLD.scope)
      || ',"version":' || OLD.version
      || '}',
    '{"scope":' || json_quote(OLD.scope)
      || ',"version":' || OLD.version
      || ',"master_version":' || OLD.master_version
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"shredded_at":' || iif(OLD.shredded_at IS NULL, 'null', json_quote(OLD.shredded_at))
      || '}',
    '{"scope":' || json_quote(NEW.scope)
      || ',"version":' || NEW.version
      || ',"master_version":' || NEW.master_version
      || ',"created_at":' || json_quote(NEW.created_at)
      || ',"shredded_at":' || iif(NEW.shredded_at IS NULL, 'null', json_quote(NEW.shredded_at))
      || '}',
    nullif('[' || substr(iif(NEW.wrapped IS NOT OLD.wrapped, ',"wrapped"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;
CREATE TRIGGER data_keys_audited_delete AFTER DELETE ON data_keys
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  SELECT
    actor, scope, 'session', 'data_keys', 'delete',
    '{"scope":' || json_quote(OLD.scope)
      || ',"version":' || OLD.version
      || '}',
    '{"scope":' || json_quote(OLD.scope)
      || ',"version":' || OLD.version
      || ',"master_version":' || OLD.master_version
      || ',"created_at":' || json_quote(OLD.created_at)
      || ',"shredded_at":' || iif(OLD.shredded_at IS NULL, 'null', json_quote(OLD.shredded_at))
      || '}',
    NULL,
    nullif('[' || substr(iif(OLD.wrapped IS NOT NULL, ',"wrapped"', ''), 2) || ']', '[]')
  FROM ashlar_session;
END;

CREATE TABLE dossiers (
  id          TEXT    NOT NULL
    CONSTRAINT dossiers_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  client_id   TEXT    NOT NULL
    CONSTRAINT dossiers_client_id_check CHECK (
      client_id GLOB '????????-????-????-????-????????????'
      AND client_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(client_id, '-', '')) = 32
      AND instr(client_id, char(0)) = 0
    ),
  code        TEXT    NOT NULL CONSTRAINT dossiers_code_check CHECK (length(code) >= 1),
  version     INTEGER NOT NULL DEFAULT 1
    CONSTRAINT dossiers_version_check CHECK (version BETWEEN 1 AND 2147483647),
  is_current  INTEGER NOT NULL DEFAULT 1 CONSTRAINT dossiers_is_current_check CHECK (is_current IN (0, 1)),
  previous_id TEXT
    CONSTRAINT dossiers_previous_id_check CHECK (
      previous_id GLOB '????????-????-????-????-????????????'
      AND previous_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(previous_id, '-', '')) = 32
      AND instr(previous_id, char(0)) = 0
    ),
  CONSTRAINT dossiers_pkey PRIMARY KEY (id),
  CONSTRAINT dossiers_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT,
  CONSTRAINT dossiers_previous_id_fkey FOREIGN KEY (previous_id) REFERENCES dossiers (id) ON DELETE RESTRICT
) STRICT;
CREATE TRIGGER dossiers_client_id_fkey_insert BEFORE INSERT ON dossiers
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: dossiers_client_id_fkey');
END;
CREATE TRIGGER dossiers_client_id_fkey_update BEFORE UPDATE OF client_id ON dossiers
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: dossiers_client_id_fkey');
END;
CREATE TRIGGER dossiers_previous_id_fkey_insert BEFORE INSERT ON dossiers
WHEN NEW.previous_id IS NOT NULL
  AND NOT (NEW.id IS NEW.previous_id)
  AND NOT EXISTS (SELECT 1 FROM dossiers WHERE id = NEW.previous_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: dossiers_previous_id_fkey');
END;
CREATE TRIGGER dossiers_previous_id_fkey_update BEFORE UPDATE OF previous_id ON dossiers
WHEN NEW.previous_id IS NOT NULL
  AND NOT (NEW.id IS NEW.previous_id)
  AND NOT EXISTS (SELECT 1 FROM dossiers WHERE id = NEW.previous_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: dossiers_previous_id_fkey');
END;
CREATE INDEX dossiers_client_id_scope_idx ON dossiers (client_id);
CREATE TRIGGER dossiers_scoped_insert BEFORE INSERT ON dossiers
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of dossiers are written by sessions of their scope only');
END;
CREATE TRIGGER dossiers_scoped_update BEFORE UPDATE ON dossiers
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of dossiers are written by sessions of their scope only');
END;
CREATE TRIGGER dossiers_scoped_delete BEFORE DELETE ON dossiers
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of dossiers are written by sessions of their scope only');
END;
CREATE UNIQUE INDEX dossiers_code_version_idx ON dossiers (code, version);
CREATE UNIQUE INDEX dossiers_previous_id_idx ON dossiers (previous_id);
CREATE INDEX dossiers_code_current_idx ON dossiers (code) WHERE is_current;
CREATE TRIGGER dossiers_versioned_insert BEFORE INSERT ON dossiers
BEGIN
  SELECT RAISE(ABORT, 'ashlar/versioned: a new version of dossiers must be the current one')
  WHERE NEW.is_current IS NOT TRUE;
  SELECT RAISE(ABORT, 'ashlar/versioned: the first version of dossiers must have the number 1')
  WHERE NEW.previous_id IS NULL AND NEW.version IS NOT 1;
  SELECT RAISE(ABORT, 'ashlar/versioned: a new version of dossiers must follow the current one of its key')
  WHERE NEW.previous_id IS NOT NULL
    AND NOT EXISTS (
      SELECT 1 FROM dossiers
      WHERE id = NEW.previous_id AND code = NEW.code AND version = NEW.version - 1 AND is_current
    );
  SELECT RAISE(ABORT, 'ashlar/versioned: a row of dossiers with this key exists and is never replaced')
  WHERE EXISTS (SELECT 1 FROM dossiers WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM dossiers WHERE code = NEW.code AND version = NEW.version)
    OR EXISTS (SELECT 1 FROM dossiers WHERE rowid = NEW.rowid)
    OR NEW.version IS NULL;
END;
CREATE TRIGGER dossiers_versioned_rowid AFTER INSERT ON dossiers
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/versioned: rows of dossiers have no negative rowid');
END;
CREATE TRIGGER dossiers_versioned_retire AFTER INSERT ON dossiers
WHEN NEW.previous_id IS NOT NULL
BEGIN
  UPDATE dossiers SET is_current = false WHERE id = NEW.previous_id;
END;
CREATE TRIGGER dossiers_versioned_update BEFORE UPDATE ON dossiers
WHEN NOT (
  OLD.is_current IS TRUE AND NEW.is_current IS FALSE
  AND NEW.rowid IS OLD.rowid
  AND NEW.id IS OLD.id
  AND NEW.client_id IS OLD.client_id
  AND NEW.code IS OLD.code
  AND NEW.version IS OLD.version
  AND NEW.previous_id IS OLD.previous_id
  AND EXISTS (SELECT 1 FROM dossiers WHERE previous_id = OLD.id AND code = OLD.code AND version = OLD.version + 1)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/versioned: versions of dossiers are never changed');
END;
CREATE TRIGGER dossiers_versioned_delete BEFORE DELETE ON dossiers
BEGIN
  SELECT RAISE(ABORT, 'ashlar/versioned: versions of dossiers are never deleted');
END;

CREATE TABLE folders (
  id        TEXT NOT NULL
    CONSTRAINT folders_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  client_id TEXT NOT NULL
    CONSTRAINT folders_client_id_check CHECK (
      client_id GLOB '????????-????-????-????-????????????'
      AND client_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(client_id, '-', '')) = 32
      AND instr(client_id, char(0)) = 0
    ),
  parent_id TEXT
    CONSTRAINT folders_parent_id_check CHECK (
      parent_id GLOB '????????-????-????-????-????????????'
      AND parent_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(parent_id, '-', '')) = 32
      AND instr(parent_id, char(0)) = 0
    ),
  name      TEXT NOT NULL CONSTRAINT folders_name_check CHECK (length(name) >= 1),
  CONSTRAINT folders_pkey PRIMARY KEY (id),
  CONSTRAINT folders_client_id_id_key UNIQUE (client_id, id),
  CONSTRAINT folders_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT,
  CONSTRAINT folders_client_id_parent_id_fkey FOREIGN KEY (client_id, parent_id) REFERENCES folders (client_id, id) ON DELETE RESTRICT
) STRICT;
CREATE TRIGGER folders_client_id_fkey_insert BEFORE INSERT ON folders
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: folders_client_id_fkey');
END;
CREATE TRIGGER folders_client_id_fkey_update BEFORE UPDATE OF client_id ON folders
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: folders_client_id_fkey');
END;
CREATE TRIGGER folders_client_id_parent_id_fkey_insert BEFORE INSERT ON folders
WHEN NEW.client_id IS NOT NULL
  AND NEW.parent_id IS NOT NULL
  AND NOT (NEW.client_id IS NEW.client_id AND NEW.id IS NEW.parent_id)
  AND NOT EXISTS (SELECT 1 FROM folders WHERE client_id = NEW.client_id AND id = NEW.parent_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: folders_client_id_parent_id_fkey');
END;
CREATE TRIGGER folders_client_id_parent_id_fkey_update BEFORE UPDATE OF client_id, parent_id ON folders
WHEN NEW.client_id IS NOT NULL
  AND NEW.parent_id IS NOT NULL
  AND NOT (NEW.client_id IS NEW.client_id AND NEW.id IS NEW.parent_id)
  AND NOT EXISTS (SELECT 1 FROM folders WHERE client_id = NEW.client_id AND id = NEW.parent_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: folders_client_id_parent_id_fkey');
END;
CREATE TRIGGER folders_scoped_insert BEFORE INSERT ON folders
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of folders are written by sessions of their scope only');
END;
CREATE TRIGGER folders_scoped_update BEFORE UPDATE ON folders
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of folders are written by sessions of their scope only');
END;
CREATE TRIGGER folders_scoped_delete BEFORE DELETE ON folders
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of folders are written by sessions of their scope only');
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
CREATE TRIGGER folders_audited_insert AFTER INSERT ON folders
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'folders', 'insert',
    '{"id":' || json_quote(NEW.id)
      || '}',
    NULL,
    '{"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"parent_id":' || iif(NEW.parent_id IS NULL, 'null', json_quote(NEW.parent_id))
      || ',"name":' || json_quote(NEW.name)
      || '}'
  FROM ashlar_session;
END;
CREATE TRIGGER folders_audited_update AFTER UPDATE ON folders
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'folders', 'update',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"client_id":' || json_quote(OLD.client_id)
      || ',"parent_id":' || iif(OLD.parent_id IS NULL, 'null', json_quote(OLD.parent_id))
      || ',"name":' || json_quote(OLD.name)
      || '}',
    '{"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"parent_id":' || iif(NEW.parent_id IS NULL, 'null', json_quote(NEW.parent_id))
      || ',"name":' || json_quote(NEW.name)
      || '}'
  FROM ashlar_session;
END;
CREATE TRIGGER folders_audited_delete AFTER DELETE ON folders
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'folders', 'delete',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"client_id":' || json_quote(OLD.client_id)
      || ',"parent_id":' || iif(OLD.parent_id IS NULL, 'null', json_quote(OLD.parent_id))
      || ',"name":' || json_quote(OLD.name)
      || '}',
    NULL
  FROM ashlar_session;
END;

CREATE TABLE holds (
  id          TEXT NOT NULL
    CONSTRAINT holds_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  table_name  TEXT,
  row_key     TEXT CONSTRAINT holds_row_key_check CHECK (json_valid(row_key)),
  scope       TEXT,
  reason      TEXT NOT NULL CONSTRAINT holds_reason_check CHECK (length(reason) >= 1),
  placed_by   TEXT NOT NULL CONSTRAINT holds_placed_by_check CHECK (length(placed_by) >= 1),
  placed_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT holds_placed_at_check CHECK (
      placed_at IS strftime('%Y-%m-%dT%H:%M:%fZ', placed_at)
      AND placed_at >= '0001'
    ),
  released_by TEXT,
  released_at TEXT
    CONSTRAINT holds_released_at_check CHECK (
      released_at IS strftime('%Y-%m-%dT%H:%M:%fZ', released_at)
      AND released_at >= '0001'
    ),
  CONSTRAINT holds_pkey PRIMARY KEY (id)
) STRICT;
CREATE INDEX holds_table_name_idx ON holds (table_name) WHERE released_at IS NULL;
CREATE TRIGGER holds_append_only_update BEFORE UPDATE ON holds
WHEN NOT (NEW.rowid IS OLD.rowid
    AND NEW.id IS OLD.id
    AND NEW.table_name IS OLD.table_name
    AND NEW.row_key IS OLD.row_key
    AND NEW.scope IS OLD.scope
    AND NEW.reason IS OLD.reason
    AND NEW.placed_by IS OLD.placed_by
    AND NEW.placed_at IS OLD.placed_at
    AND (OLD.released_at IS NULL OR NEW.released_at IS OLD.released_at)
    AND (OLD.released_by IS NULL OR NEW.released_by IS OLD.released_by)
    AND ((OLD.released_at IS NULL AND NEW.released_at IS NOT NULL) OR (OLD.released_by IS NULL AND NEW.released_by IS NOT NULL)))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of holds are never changed, except that released_at or released_by is set once');
END;
CREATE TRIGGER holds_append_only_delete BEFORE DELETE ON holds
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of holds are never deleted');
END;
CREATE TRIGGER holds_append_only_insert BEFORE INSERT ON holds
WHEN EXISTS (SELECT 1 FROM holds WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM holds WHERE rowid = NEW.rowid)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of holds with this key exists and is never replaced');
END;
CREATE TRIGGER holds_append_only_rowid AFTER INSERT ON holds
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of holds have no negative rowid');
END;

CREATE TABLE letters (
  id        TEXT NOT NULL
    CONSTRAINT letters_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  client_id TEXT NOT NULL
    CONSTRAINT letters_client_id_check CHECK (
      client_id GLOB '????????-????-????-????-????????????'
      AND client_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(client_id, '-', '')) = 32
      AND instr(client_id, char(0)) = 0
    ),
  at        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
    CONSTRAINT letters_at_check CHECK (
      substr(at, 1, 23) || 'Z' IS strftime('%Y-%m-%dT%H:%M:%fZ', substr(at, 1, 23) || 'Z')
      AND substr(at, 24) GLOB '[0-9][0-9][0-9]Z'
      AND instr(at, char(0)) = 0
      AND at >= '0001'
    ),
  body      TEXT NOT NULL CONSTRAINT letters_body_check CHECK (length(body) >= 1),
  note      BLOB CONSTRAINT letters_note_check CHECK (length(note) >= 45 AND substr(note, 1, 1) = X'01'),
  CONSTRAINT letters_pkey PRIMARY KEY (id),
  CONSTRAINT letters_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT
) STRICT;
CREATE TRIGGER letters_client_id_fkey_insert BEFORE INSERT ON letters
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: letters_client_id_fkey');
END;
CREATE TRIGGER letters_client_id_fkey_update BEFORE UPDATE OF client_id ON letters
WHEN NEW.client_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: letters_client_id_fkey');
END;
CREATE TRIGGER letters_append_only_update BEFORE UPDATE ON letters
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of letters are never changed');
END;
CREATE TRIGGER letters_append_only_insert BEFORE INSERT ON letters
WHEN EXISTS (SELECT 1 FROM letters WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM letters WHERE rowid = NEW.rowid)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of letters with this key exists and is never replaced');
END;
CREATE TRIGGER letters_append_only_rowid AFTER INSERT ON letters
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of letters have no negative rowid');
END;
CREATE INDEX letters_client_id_scope_idx ON letters (client_id);
CREATE TRIGGER letters_scoped_insert BEFORE INSERT ON letters
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of letters are written by sessions of their scope only');
END;
CREATE TRIGGER letters_scoped_update BEFORE UPDATE ON letters
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of letters are written by sessions of their scope only');
END;
CREATE TRIGGER letters_scoped_delete BEFORE DELETE ON letters
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of letters are written by sessions of their scope only');
END;
CREATE TRIGGER letters_encrypted_update BEFORE UPDATE ON letters
WHEN NEW.id IS NOT OLD.id OR NEW.client_id IS NOT OLD.client_id
BEGIN
  SELECT RAISE(ABORT, 'ashlar/encrypted: a row of letters never changes its id, client_id, to which its ciphertexts are bound');
END;
CREATE TABLE letters_ledger_entries (
  id      INTEGER CONSTRAINT letters_ledger_entries_pkey PRIMARY KEY AUTOINCREMENT,
  row_key TEXT    NOT NULL,
  entry   TEXT    NOT NULL,
  CONSTRAINT letters_ledger_entries_row_key_key UNIQUE (row_key)
) STRICT;
CREATE TABLE letters_ledger_tree (
  level    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash     BLOB    NOT NULL CONSTRAINT letters_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key  TEXT,
  CONSTRAINT letters_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT letters_ledger_tree_row_key_key UNIQUE (row_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE letters_ledger_blocks (
  size      INTEGER NOT NULL,
  root      BLOB    NOT NULL CONSTRAINT letters_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT letters_ledger_blocks_pkey PRIMARY KEY (size)
) STRICT, WITHOUT ROWID;
CREATE TABLE letters_ledger_head (
  id             INTEGER NOT NULL CONSTRAINT letters_ledger_head_id_check CHECK (id = 1),
  size           INTEGER NOT NULL,
  frontier       BLOB    NOT NULL,
  sealed         INTEGER NOT NULL,
  first_provable INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT letters_ledger_head_pkey PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER letters_ledger_entries_append_only_update BEFORE UPDATE ON letters_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of letters_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER letters_ledger_entries_append_only_delete BEFORE DELETE ON letters_ledger_entries
WHEN NOT (EXISTS (SELECT 1 FROM ashlar_purge WHERE table_name = 'letters')
    AND NOT EXISTS (SELECT 1 FROM letters AS owner WHERE owner.id = OLD.row_key AND CAST(owner.id AS TEXT) = OLD.row_key))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of letters_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER letters_ledger_entries_append_only_insert BEFORE INSERT ON letters_ledger_entries
WHEN (NOT EXISTS (SELECT 1 FROM letters_ledger_entries WHERE row_key = NEW.row_key)
  AND NOT EXISTS (SELECT 1 FROM letters_ledger_entries WHERE id = NEW.id)
  AND EXISTS (SELECT 1 FROM letters AS owner WHERE owner.id = NEW.row_key AND CAST(owner.id AS TEXT) = NEW.row_key)
  AND NOT EXISTS (SELECT 1 FROM letters_ledger_tree WHERE row_key = NEW.row_key)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: letters_ledger_entries is written by the ledger only');
END;
CREATE TRIGGER letters_ledger_tree_append_only_update BEFORE UPDATE ON letters_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of letters_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER letters_ledger_tree_append_only_delete BEFORE DELETE ON letters_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of letters_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER letters_ledger_tree_append_only_insert BEFORE INSERT ON letters_ledger_tree
WHEN (CASE NEW.level
    WHEN 0 THEN NEW.position = coalesce((SELECT max(position) + 1 FROM letters_ledger_tree WHERE level = 0), 0)
      AND EXISTS (SELECT 1 FROM letters_ledger_entries WHERE row_key = NEW.row_key)
      AND NOT EXISTS (SELECT 1 FROM letters_ledger_tree WHERE row_key = NEW.row_key)
    ELSE NEW.row_key IS NULL
      AND NOT EXISTS (SELECT 1 FROM letters_ledger_tree WHERE level = NEW.level AND position = NEW.position)
      AND EXISTS (SELECT 1 FROM letters_ledger_tree WHERE level = NEW.level - 1 AND position = 256 * NEW.position + 255)
  END) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: letters_ledger_tree is written by the ledger only');
END;
CREATE TRIGGER letters_ledger_blocks_append_only_update BEFORE UPDATE ON letters_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of letters_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER letters_ledger_blocks_append_only_delete BEFORE DELETE ON letters_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of letters_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER letters_ledger_blocks_append_only_insert BEFORE INSERT ON letters_ledger_blocks
WHEN (NOT EXISTS (SELECT 1 FROM letters_ledger_blocks WHERE size = NEW.size)
  AND NEW.size = (SELECT max(position) + 1 FROM letters_ledger_tree WHERE level = 0)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: letters_ledger_blocks is written by the ledger only');
END;
CREATE TRIGGER letters_ledger_head_update BEFORE UPDATE ON letters_ledger_head
WHEN ((NEW.size = (SELECT max(size) FROM letters_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable)
  OR (NEW.id IS OLD.id  AND NEW.size IS OLD.size  AND NEW.frontier IS OLD.frontier  AND NEW.sealed IS OLD.sealed AND NEW.first_provable BETWEEN OLD.first_provable + 1 AND OLD.size)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: letters_ledger_head is written by the ledger only');
END;
CREATE TRIGGER letters_ledger_head_delete BEFORE DELETE ON letters_ledger_head
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: letters_ledger_head is written by the ledger only');
END;
CREATE TRIGGER letters_ledger_head_insert BEFORE INSERT ON letters_ledger_head
WHEN NEW.size <> 0
  OR EXISTS (SELECT 1 FROM letters_ledger_head)
  OR EXISTS (SELECT 1 FROM letters_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: letters_ledger_head is written by the ledger only');
END;
CREATE TRIGGER letters_ledger_append AFTER INSERT ON letters
BEGIN
  INSERT INTO letters_ledger_entries (row_key, entry)
  VALUES (
    CAST(NEW.id AS TEXT),
    '["ashlar/entry/v1","letters","'
    || lower(hex(randomblob(16))) || '","' || strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') || '",{'
    || substr(
      ',"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"at":' || json_quote(NEW.at)
      || ',"body":' || json_quote(NEW.body)
      || iif(NEW.note IS NULL, '', ',"note":' || '"' || lower(hex(NEW.note)) || '"')
    , 2) || '}]'
  );
END;
CREATE TRIGGER letters_audited_insert AFTER INSERT ON letters
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'letters', 'insert',
    '{"id":' || json_quote(NEW.id)
      || '}',
    NULL,
    '{"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"at":' || json_quote(NEW.at)
      || ',"body":' || json_quote(NEW.body)
      || ',"note":' || iif(NEW.note IS NULL, 'null', '"' || lower(hex(NEW.note)) || '"')
      || '}'
  FROM ashlar_session;
END;
CREATE TRIGGER letters_audited_update AFTER UPDATE ON letters
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'letters', 'update',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"client_id":' || json_quote(OLD.client_id)
      || ',"at":' || json_quote(OLD.at)
      || ',"body":' || json_quote(OLD.body)
      || ',"note":' || iif(OLD.note IS NULL, 'null', '"' || lower(hex(OLD.note)) || '"')
      || '}',
    '{"id":' || json_quote(NEW.id)
      || ',"client_id":' || json_quote(NEW.client_id)
      || ',"at":' || json_quote(NEW.at)
      || ',"body":' || json_quote(NEW.body)
      || ',"note":' || iif(NEW.note IS NULL, 'null', '"' || lower(hex(NEW.note)) || '"')
      || '}'
  FROM ashlar_session;
END;
CREATE TRIGGER letters_audited_delete AFTER DELETE ON letters
BEGIN
  SELECT RAISE(ABORT, 'ashlar/audited: a writer without a session is refused')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session);
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  SELECT
    actor, scope, 'session', 'letters', 'delete',
    '{"id":' || json_quote(OLD.id)
      || '}',
    '{"id":' || json_quote(OLD.id)
      || ',"client_id":' || json_quote(OLD.client_id)
      || ',"at":' || json_quote(OLD.at)
      || ',"body":' || json_quote(OLD.body)
      || ',"note":' || iif(OLD.note IS NULL, 'null', '"' || lower(hex(OLD.note)) || '"')
      || '}',
    NULL
  FROM ashlar_session;
END;
CREATE TABLE letters_purges (
  id         INTEGER CONSTRAINT letters_purges_pkey PRIMARY KEY AUTOINCREMENT,
  reason     TEXT    NOT NULL,
  rows       INTEGER NOT NULL,
  earliest   TEXT    NOT NULL,
  latest     TEXT    NOT NULL,
  partition  TEXT,
  purged_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
CREATE TRIGGER letters_purges_append_only_update BEFORE UPDATE ON letters_purges
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: rows of letters_purges are never changed and never deleted');
END;
CREATE TRIGGER letters_purges_append_only_delete BEFORE DELETE ON letters_purges
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: rows of letters_purges are never changed and never deleted');
END;
CREATE TRIGGER letters_purges_append_only_insert BEFORE INSERT ON letters_purges
WHEN NOT EXISTS (SELECT 1 FROM ashlar_purge WHERE table_name = 'letters')
  OR NEW.id <> -1
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: only a purge writes lines of letters_purges');
END;
CREATE INDEX letters_retained_idx ON letters (at);
CREATE TRIGGER letters_retained_delete BEFORE DELETE ON letters
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: rows of letters stay for 10 years from at (law)')
  WHERE (OLD.at <= strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-120 months', 'floor', '-0 days')) IS NOT TRUE;
  SELECT RAISE(ABORT, 'ashlar/retained: a row of letters is under a legal hold')
  WHERE EXISTS (
    SELECT 1 FROM holds AS hold
    WHERE hold.released_at IS NULL
      AND (hold.table_name IS NULL OR hold.table_name = 'letters')
      AND (hold.row_key IS NULL OR json_type(hold.row_key, '$."id"') IS NULL OR (json_extract(hold.row_key, '$."id"') IS OLD.id))
      AND (hold.scope IS NULL OR hold.scope = CAST(OLD.client_id AS TEXT))
  );
  SELECT RAISE(ABORT, 'ashlar/retained: only a purge deletes rows of letters')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_purge WHERE table_name = 'letters');
END;
CREATE TRIGGER letters_retained_update BEFORE UPDATE ON letters
WHEN OLD.at IS NOT NEW.at
  OR OLD.id IS NOT NEW.id
  OR OLD.client_id IS NOT NEW.client_id
  OR OLD.rowid IS NOT NEW.rowid
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: at, id, client_id of letters are never changed: expiry and holds depend on them');
END;
CREATE TRIGGER letters_retained_replace BEFORE INSERT ON letters
WHEN NOT EXISTS (SELECT 1 FROM ashlar_session)
  AND (EXISTS (SELECT 1 FROM letters WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM letters WHERE rowid = NEW.rowid))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: a row of letters with this key exists and is never replaced');
END;
CREATE TRIGGER letters_retained_move BEFORE UPDATE ON letters
WHEN NOT EXISTS (SELECT 1 FROM ashlar_session)
  AND (EXISTS (SELECT 1 FROM letters WHERE id = NEW.id AND rowid <> OLD.rowid))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: a row of letters with this key exists and is never replaced');
END;

CREATE TABLE trail (
  id         INTEGER CONSTRAINT trail_pkey PRIMARY KEY AUTOINCREMENT
    CONSTRAINT trail_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
  at         TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
    CONSTRAINT trail_at_check CHECK (
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
    CONSTRAINT trail_operation_check CHECK (operation IN ('insert', 'update', 'delete')),
  row_key    TEXT    NOT NULL CONSTRAINT trail_row_key_check CHECK (json_valid(row_key)),
  before     TEXT CONSTRAINT trail_before_check CHECK (json_valid(before)),
  "after"    TEXT CONSTRAINT trail_after_check CHECK (json_valid("after")),
  unseen     TEXT CONSTRAINT trail_unseen_check CHECK (json_valid(unseen))
) STRICT;
CREATE INDEX trail_table_name_row_key_idx ON trail (table_name, row_key);
CREATE INDEX trail_at_idx ON trail (at);
CREATE TRIGGER trail_id_generated_insert BEFORE INSERT ON trail
WHEN NEW.id <> -1
  AND EXISTS (SELECT 1 FROM ashlar_session WHERE NOT (actor IS 'owner' AND scope IS '*'))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/autoincrement: the column id is generated by the database only');
END;
CREATE TRIGGER trail_id_generated_update BEFORE UPDATE ON trail
WHEN NEW.id IS NOT OLD.id
  AND EXISTS (SELECT 1 FROM ashlar_session WHERE NOT (actor IS 'owner' AND scope IS '*'))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/autoincrement: the column id is generated by the database only');
END;
CREATE TRIGGER trail_append_only_update BEFORE UPDATE ON trail
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of trail are never changed');
END;
CREATE TRIGGER trail_append_only_insert BEFORE INSERT ON trail
WHEN EXISTS (SELECT 1 FROM trail WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of trail with this key exists and is never replaced');
END;
CREATE TRIGGER trail_trail_insert BEFORE INSERT ON trail
WHEN NOT EXISTS (SELECT 1 FROM ashlar_session WHERE actor IS NEW.actor AND scope IS NEW.scope)
  OR NEW.role IS NOT 'session'
  OR NEW.at IS NOT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')
  OR NEW.id <> -1
BEGIN
  SELECT RAISE(ABORT, 'ashlar/trail: rows of trail are written by the database only');
END;
CREATE INDEX trail_scope_scope_idx ON trail (coalesce(scope, ''));
CREATE TRIGGER trail_scoped_insert BEFORE INSERT ON trail
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.scope)
    OR (coalesce(scope, '') = '' AND NEW.scope IS NULL)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of trail are written by sessions of their scope only');
END;
CREATE TRIGGER trail_scoped_update BEFORE UPDATE ON trail
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.scope AND scope = NEW.scope)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of trail are written by sessions of their scope only');
END;
CREATE TRIGGER trail_scoped_delete BEFORE DELETE ON trail
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.scope)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of trail are written by sessions of their scope only');
END;
CREATE TABLE trail_ledger_entries (
  id      INTEGER CONSTRAINT trail_ledger_entries_pkey PRIMARY KEY AUTOINCREMENT,
  row_key TEXT    NOT NULL,
  entry   TEXT    NOT NULL,
  CONSTRAINT trail_ledger_entries_row_key_key UNIQUE (row_key)
) STRICT;
CREATE TABLE trail_ledger_tree (
  level    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash     BLOB    NOT NULL CONSTRAINT trail_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key  TEXT,
  CONSTRAINT trail_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT trail_ledger_tree_row_key_key UNIQUE (row_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE trail_ledger_blocks (
  size      INTEGER NOT NULL,
  root      BLOB    NOT NULL CONSTRAINT trail_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT trail_ledger_blocks_pkey PRIMARY KEY (size)
) STRICT, WITHOUT ROWID;
CREATE TABLE trail_ledger_head (
  id             INTEGER NOT NULL CONSTRAINT trail_ledger_head_id_check CHECK (id = 1),
  size           INTEGER NOT NULL,
  frontier       BLOB    NOT NULL,
  sealed         INTEGER NOT NULL,
  first_provable INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT trail_ledger_head_pkey PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER trail_ledger_entries_append_only_update BEFORE UPDATE ON trail_ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of trail_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER trail_ledger_entries_append_only_delete BEFORE DELETE ON trail_ledger_entries
WHEN NOT (EXISTS (SELECT 1 FROM ashlar_purge WHERE table_name = 'trail')
    AND NOT EXISTS (SELECT 1 FROM trail AS owner WHERE owner.id = OLD.row_key AND CAST(owner.id AS TEXT) = OLD.row_key))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of trail_ledger_entries are never changed and never deleted');
END;
CREATE TRIGGER trail_ledger_entries_append_only_insert BEFORE INSERT ON trail_ledger_entries
WHEN (NOT EXISTS (SELECT 1 FROM trail_ledger_entries WHERE row_key = NEW.row_key)
  AND NOT EXISTS (SELECT 1 FROM trail_ledger_entries WHERE id = NEW.id)
  AND EXISTS (SELECT 1 FROM trail AS owner WHERE owner.id = NEW.row_key AND CAST(owner.id AS TEXT) = NEW.row_key)
  AND NOT EXISTS (SELECT 1 FROM trail_ledger_tree WHERE row_key = NEW.row_key)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: trail_ledger_entries is written by the ledger only');
END;
CREATE TRIGGER trail_ledger_tree_append_only_update BEFORE UPDATE ON trail_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of trail_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER trail_ledger_tree_append_only_delete BEFORE DELETE ON trail_ledger_tree
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of trail_ledger_tree are never changed and never deleted');
END;
CREATE TRIGGER trail_ledger_tree_append_only_insert BEFORE INSERT ON trail_ledger_tree
WHEN (CASE NEW.level
    WHEN 0 THEN NEW.position = coalesce((SELECT max(position) + 1 FROM trail_ledger_tree WHERE level = 0), 0)
      AND EXISTS (SELECT 1 FROM trail_ledger_entries WHERE row_key = NEW.row_key)
      AND NOT EXISTS (SELECT 1 FROM trail_ledger_tree WHERE row_key = NEW.row_key)
    ELSE NEW.row_key IS NULL
      AND NOT EXISTS (SELECT 1 FROM trail_ledger_tree WHERE level = NEW.level AND position = NEW.position)
      AND EXISTS (SELECT 1 FROM trail_ledger_tree WHERE level = NEW.level - 1 AND position = 256 * NEW.position + 255)
  END) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: trail_ledger_tree is written by the ledger only');
END;
CREATE TRIGGER trail_ledger_blocks_append_only_update BEFORE UPDATE ON trail_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of trail_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER trail_ledger_blocks_append_only_delete BEFORE DELETE ON trail_ledger_blocks
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: rows of trail_ledger_blocks are never changed and never deleted');
END;
CREATE TRIGGER trail_ledger_blocks_append_only_insert BEFORE INSERT ON trail_ledger_blocks
WHEN (NOT EXISTS (SELECT 1 FROM trail_ledger_blocks WHERE size = NEW.size)
  AND NEW.size = (SELECT max(position) + 1 FROM trail_ledger_tree WHERE level = 0)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: trail_ledger_blocks is written by the ledger only');
END;
CREATE TRIGGER trail_ledger_head_update BEFORE UPDATE ON trail_ledger_head
WHEN ((NEW.size = (SELECT max(size) FROM trail_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable)
  OR (NEW.id IS OLD.id  AND NEW.size IS OLD.size  AND NEW.frontier IS OLD.frontier  AND NEW.sealed IS OLD.sealed AND NEW.first_provable BETWEEN OLD.first_provable + 1 AND OLD.size)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: trail_ledger_head is written by the ledger only');
END;
CREATE TRIGGER trail_ledger_head_delete BEFORE DELETE ON trail_ledger_head
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: trail_ledger_head is written by the ledger only');
END;
CREATE TRIGGER trail_ledger_head_insert BEFORE INSERT ON trail_ledger_head
WHEN NEW.size <> 0
  OR EXISTS (SELECT 1 FROM trail_ledger_head)
  OR EXISTS (SELECT 1 FROM trail_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: trail_ledger_head is written by the ledger only');
END;
CREATE TRIGGER trail_ledger_append AFTER INSERT ON trail
BEGIN
  INSERT INTO trail_ledger_entries (row_key, entry)
  VALUES (
    CAST(NEW.id AS TEXT),
    '["ashlar/entry/v1","trail","'
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
CREATE TABLE trail_purges (
  id         INTEGER CONSTRAINT trail_purges_pkey PRIMARY KEY AUTOINCREMENT,
  reason     TEXT    NOT NULL,
  rows       INTEGER NOT NULL,
  earliest   TEXT    NOT NULL,
  latest     TEXT    NOT NULL,
  partition  TEXT,
  purged_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
CREATE TRIGGER trail_purges_append_only_update BEFORE UPDATE ON trail_purges
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: rows of trail_purges are never changed and never deleted');
END;
CREATE TRIGGER trail_purges_append_only_delete BEFORE DELETE ON trail_purges
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: rows of trail_purges are never changed and never deleted');
END;
CREATE TRIGGER trail_purges_append_only_insert BEFORE INSERT ON trail_purges
WHEN NOT EXISTS (SELECT 1 FROM ashlar_purge WHERE table_name = 'trail')
  OR NEW.id <> -1
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: only a purge writes lines of trail_purges');
END;
CREATE TRIGGER trail_retained_delete BEFORE DELETE ON trail
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: rows of trail stay for 10 years from at (law)')
  WHERE (OLD.at <= strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-120 months', 'floor', '-0 days')) IS NOT TRUE;
  SELECT RAISE(ABORT, 'ashlar/retained: only a purge deletes rows of trail')
  WHERE NOT EXISTS (SELECT 1 FROM ashlar_purge WHERE table_name = 'trail');
END;
CREATE TRIGGER trail_retained_update BEFORE UPDATE ON trail
WHEN OLD.at IS NOT NEW.at
  OR OLD.id IS NOT NEW.id
  OR OLD.rowid IS NOT NEW.rowid
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: at, id of trail are never changed: expiry and holds depend on them');
END;
CREATE TRIGGER trail_retained_replace BEFORE INSERT ON trail
WHEN NOT EXISTS (SELECT 1 FROM ashlar_session)
  AND (EXISTS (SELECT 1 FROM trail WHERE id = NEW.id))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: a row of trail with this key exists and is never replaced');
END;
CREATE TRIGGER trail_retained_move BEFORE UPDATE ON trail
WHEN NOT EXISTS (SELECT 1 FROM ashlar_session)
  AND (EXISTS (SELECT 1 FROM trail WHERE id = NEW.id AND rowid <> OLD.rowid))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/retained: a row of trail with this key exists and is never replaced');
END;

CREATE TABLE visits (
  id        TEXT NOT NULL
    CONSTRAINT visits_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  client_id TEXT NOT NULL
    CONSTRAINT visits_client_id_check CHECK (
      client_id GLOB '????????-????-????-????-????????????'
      AND client_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(client_id, '-', '')) = 32
      AND instr(client_id, char(0)) = 0
    ),
  at        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT visits_at_check CHECK (at IS strftime('%Y-%m-%dT%H:%M:%fZ', at) AND at >= '0001'),
  path      TEXT NOT NULL CONSTRAINT visits_path_check CHECK (length(path) >= 1),
  CONSTRAINT visits_pkey PRIMARY KEY (id, at)
) STRICT;
CREATE INDEX visits_at_idx ON visits (at);
CREATE TRIGGER visits_append_only_update BEFORE UPDATE ON visits
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of visits are never changed');
END;
CREATE TRIGGER visits_append_only_delete BEFORE DELETE ON visits
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of visits are never deleted');
END;
CREATE TRIGGER visits_append_only_insert BEFORE INSERT ON visits
WHEN EXISTS (SELECT 1 FROM visits WHERE id = NEW.id AND at = NEW.at)
  OR EXISTS (SELECT 1 FROM visits WHERE rowid = NEW.rowid)
  OR NEW.at IS NULL
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of visits with this key exists and is never replaced');
END;
CREATE TRIGGER visits_append_only_rowid AFTER INSERT ON visits
WHEN NEW.rowid < 0
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of visits have no negative rowid');
END;
CREATE INDEX visits_client_id_scope_idx ON visits (client_id);
CREATE TRIGGER visits_scoped_insert BEFORE INSERT ON visits
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of visits are written by sessions of their scope only');
END;
CREATE TRIGGER visits_scoped_update BEFORE UPDATE ON visits
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id AND scope = NEW.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of visits are written by sessions of their scope only');
END;
CREATE TRIGGER visits_scoped_delete BEFORE DELETE ON visits
WHEN NOT EXISTS (
  SELECT 1 FROM ashlar_session
  WHERE scope = '*' OR (scope <> '' AND scope = OLD.client_id)
)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/scoped: rows of visits are written by sessions of their scope only');
END;
