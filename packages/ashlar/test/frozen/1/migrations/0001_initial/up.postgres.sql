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
  id uuid NOT NULL,
  email bytea NOT NULL
    CONSTRAINT clients_email_check CHECK (octet_length(email) >= 45 AND substr(email, 1, 1) = '\x01'),
  email_index bytea,
  status text COLLATE "C" NOT NULL
    CONSTRAINT clients_status_check CHECK (status IN ('invited', 'active', 'closed')),
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT clients_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  updated_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT clients_updated_at_check CHECK (updated_at >= '0001-01-01T00:00:00Z' AND updated_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT clients_pkey PRIMARY KEY (id)
);
CREATE FUNCTION clients_updated_at_touched() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog AS $$
BEGIN
  -- a session of a connection with a clock of its own has that clock's time in a setting
  NEW.updated_at := coalesce(nullif(current_setting('ashlar.now', true), '')::timestamptz, now());
  RETURN NEW;
END
$$;
CREATE FUNCTION clients_encrypted_update() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/encrypted: a row of clients never changes its id, to which its ciphertexts are bound'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION clients_status_lifecycle() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    RAISE EXCEPTION 'ashlar/lifecycle: clients.status cannot begin as %', NEW.status
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/lifecycle: clients.status cannot go from % to %', OLD.status, NEW.status
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION clients_audited() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
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
          'email_index', encode(OLD.email_index, 'hex'),
          'status', OLD.status,
          'created_at', to_char(OLD.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(OLD.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END,
    CASE WHEN TG_OP <> 'DELETE' THEN
        jsonb_build_object(
          'id', NEW.id,
          'email_index', encode(NEW.email_index, 'hex'),
          'status', NEW.status,
          'created_at', to_char(NEW.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(NEW.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END,
    nullif(to_jsonb(array_remove(ARRAY[CASE WHEN NEW.email IS DISTINCT FROM OLD.email THEN 'email' END], NULL)), '[]')
  );
  RETURN NULL;
END
$$;
CREATE FUNCTION clients_audited_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: clients cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
ALTER TABLE clients ENABLE ROW LEVEL SECURITY;
ALTER TABLE clients FORCE ROW LEVEL SECURITY;
CREATE POLICY clients_scoped ON clients
  USING (id BETWEEN ashlar_scope_uuid_low() AND ashlar_scope_uuid_high());
CREATE TRIGGER clients_updated_at_touched BEFORE UPDATE ON clients
  FOR EACH ROW
  WHEN (pg_trigger_depth() = 0 AND NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at)
  EXECUTE FUNCTION clients_updated_at_touched();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_updated_at_touched;
CREATE TRIGGER clients_encrypted_update BEFORE UPDATE ON clients
  FOR EACH ROW
  WHEN (NEW.id IS DISTINCT FROM OLD.id)
  EXECUTE FUNCTION clients_encrypted_update();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_encrypted_update;
CREATE TRIGGER clients_status_lifecycle_insert BEFORE INSERT ON clients
  FOR EACH ROW
  WHEN ((NEW.status IN ('invited')) IS NOT TRUE)
  EXECUTE FUNCTION clients_status_lifecycle();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_status_lifecycle_insert;
CREATE TRIGGER clients_status_lifecycle_update BEFORE UPDATE ON clients
  FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status
    AND (CASE OLD.status
      WHEN 'invited' THEN NEW.status IN ('active', 'closed')
      WHEN 'active' THEN NEW.status IN ('closed')
      ELSE false
    END) IS NOT TRUE)
  EXECUTE FUNCTION clients_status_lifecycle();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_status_lifecycle_update;
CREATE TRIGGER clients_audited AFTER INSERT OR UPDATE OR DELETE ON clients
  FOR EACH ROW
  EXECUTE FUNCTION clients_audited();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_audited;
CREATE TRIGGER clients_audited_truncate BEFORE TRUNCATE ON clients
  FOR EACH STATEMENT
  EXECUTE FUNCTION clients_audited_truncate();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_audited_truncate;

CREATE TABLE data_keys (
  scope text COLLATE "C" NOT NULL CONSTRAINT data_keys_scope_check CHECK (char_length(scope) >= 1),
  version integer NOT NULL CONSTRAINT data_keys_version_check CHECK (version BETWEEN 1 AND 2147483647),
  wrapped bytea,
  master_version integer NOT NULL
    CONSTRAINT data_keys_master_version_check CHECK (master_version BETWEEN 0 AND 2147483647),
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT data_keys_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  shredded_at timestamptz(3)
    CONSTRAINT data_keys_shredded_at_check CHECK (shredded_at >= '0001-01-01T00:00:00Z' AND shredded_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT data_keys_pkey PRIMARY KEY (scope, version),
  CONSTRAINT data_keys_shredded CHECK ((wrapped IS NULL) = (shredded_at IS NOT NULL))
);
CREATE FUNCTION data_keys_keyring_insert() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security TO off AS $$
BEGIN
  -- waits for a concurrent shredding of the scope, so that the check below sees it
  PERFORM FROM data_keys WHERE scope = NEW.scope FOR SHARE;
  IF EXISTS (SELECT FROM data_keys WHERE scope = NEW.scope AND shredded_at IS NOT NULL) THEN
    RAISE EXCEPTION 'ashlar/keyring: a shredded scope of data_keys never gets another key'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;
CREATE FUNCTION data_keys_keyring_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog AS $$
BEGIN
  IF ROW(NEW.scope, NEW.version, NEW.created_at)::record *= ROW(OLD.scope, OLD.version, OLD.created_at)::record
    AND OLD.shredded_at IS NULL
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/keyring: a key of data_keys can only be rewrapped or shredded'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION data_keys_keyring_delete() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/keyring: keys of data_keys are shredded, never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION data_keys_audited() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after", unseen
  )
  VALUES (
    nullif(current_setting('ashlar.actor', true), ''),
    nullif(current_setting('ashlar.scope', true), ''),
    -- current_user is the owner here: record the role that the session has set, or else the login role
    coalesce(nullif(current_setting('role'), 'none'), session_user),
    'data_keys',
    lower(TG_OP),
    CASE WHEN TG_OP = 'INSERT' THEN
        jsonb_build_object(
          'scope', NEW.scope,
          'version', NEW.version
        )
    ELSE
        jsonb_build_object(
          'scope', OLD.scope,
          'version', OLD.version
        )
    END,
    CASE WHEN TG_OP <> 'INSERT' THEN
        jsonb_build_object(
          'scope', OLD.scope,
          'version', OLD.version,
          'master_version', OLD.master_version,
          'created_at', to_char(OLD.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'shredded_at', to_char(OLD.shredded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END,
    CASE WHEN TG_OP <> 'DELETE' THEN
        jsonb_build_object(
          'scope', NEW.scope,
          'version', NEW.version,
          'master_version', NEW.master_version,
          'created_at', to_char(NEW.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'shredded_at', to_char(NEW.shredded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END,
    nullif(to_jsonb(array_remove(ARRAY[CASE WHEN NEW.wrapped IS DISTINCT FROM OLD.wrapped THEN 'wrapped' END], NULL)), '[]')
  );
  RETURN NULL;
END
$$;
CREATE FUNCTION data_keys_audited_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: data_keys cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER data_keys_keyring_insert BEFORE INSERT ON data_keys
  FOR EACH ROW
  EXECUTE FUNCTION data_keys_keyring_insert();

ALTER TABLE data_keys ENABLE ALWAYS TRIGGER data_keys_keyring_insert;
CREATE TRIGGER data_keys_keyring_update BEFORE UPDATE ON data_keys
  FOR EACH ROW
  EXECUTE FUNCTION data_keys_keyring_update();

ALTER TABLE data_keys ENABLE ALWAYS TRIGGER data_keys_keyring_update;
CREATE TRIGGER data_keys_keyring_delete BEFORE DELETE ON data_keys
  FOR EACH ROW
  EXECUTE FUNCTION data_keys_keyring_delete();

ALTER TABLE data_keys ENABLE ALWAYS TRIGGER data_keys_keyring_delete;
CREATE TRIGGER data_keys_keyring_truncate BEFORE TRUNCATE ON data_keys
  FOR EACH STATEMENT
  EXECUTE FUNCTION data_keys_keyring_delete();

ALTER TABLE data_keys ENABLE ALWAYS TRIGGER data_keys_keyring_truncate;
CREATE TRIGGER data_keys_audited AFTER INSERT OR UPDATE OR DELETE ON data_keys
  FOR EACH ROW
  EXECUTE FUNCTION data_keys_audited();

ALTER TABLE data_keys ENABLE ALWAYS TRIGGER data_keys_audited;
CREATE TRIGGER data_keys_audited_truncate BEFORE TRUNCATE ON data_keys
  FOR EACH STATEMENT
  EXECUTE FUNCTION data_keys_audited_truncate();

ALTER TABLE data_keys ENABLE ALWAYS TRIGGER data_keys_audited_truncate;

CREATE TABLE dossiers (
  id uuid NOT NULL,
  client_id uuid NOT NULL,
  code text COLLATE "C" NOT NULL CONSTRAINT dossiers_code_check CHECK (char_length(code) >= 1),
  version integer DEFAULT 1 NOT NULL
    CONSTRAINT dossiers_version_check CHECK (version BETWEEN 1 AND 2147483647),
  is_current boolean DEFAULT true NOT NULL,
  previous_id uuid,
  CONSTRAINT dossiers_pkey PRIMARY KEY (id),
  CONSTRAINT dossiers_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT,
  CONSTRAINT dossiers_previous_id_fkey FOREIGN KEY (previous_id) REFERENCES dossiers (id) ON DELETE RESTRICT
);
CREATE INDEX dossiers_client_id_scope_idx ON dossiers (client_id);
CREATE UNIQUE INDEX dossiers_code_version_idx ON dossiers (code, version);
CREATE UNIQUE INDEX dossiers_previous_id_idx ON dossiers (previous_id);
CREATE INDEX dossiers_code_current_idx ON dossiers (code) WHERE is_current;
CREATE FUNCTION dossiers_versioned_insert() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.is_current IS NOT TRUE THEN
    RAISE EXCEPTION 'ashlar/versioned: a new version of dossiers must be the current one'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  IF NEW.previous_id IS NULL THEN
    IF NEW.version IS DISTINCT FROM 1 THEN
      RAISE EXCEPTION 'ashlar/versioned: the first version of dossiers must have the number 1'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
  END IF;

  -- a concurrent successor of the same version waits here, and then finds that the version is not current
  PERFORM FROM dossiers
  WHERE id = NEW.previous_id AND code = NEW.code AND version = NEW.version - 1 AND is_current
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'ashlar/versioned: a new version of dossiers must follow the current one of its key'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;
CREATE FUNCTION dossiers_versioned_retire() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE dossiers
  SET is_current = false
  WHERE id = NEW.previous_id;
  RETURN NULL;
END
$$;
CREATE FUNCTION dossiers_versioned_update() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  -- the only permitted change: a version that has a successor stops being current
  IF OLD.is_current AND NOT NEW.is_current
    AND ROW(NEW.id, NEW.client_id, NEW.code, NEW.version, NEW.previous_id)::record *= ROW(OLD.id, OLD.client_id, OLD.code, OLD.version, OLD.previous_id)::record
    AND EXISTS (
      SELECT FROM dossiers
      WHERE previous_id = OLD.id AND code = OLD.code AND version = OLD.version + 1
    )
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/versioned: versions of dossiers are never changed'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION dossiers_versioned_delete() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/versioned: versions of dossiers are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
ALTER TABLE dossiers ENABLE ROW LEVEL SECURITY;
ALTER TABLE dossiers FORCE ROW LEVEL SECURITY;
CREATE POLICY dossiers_scoped ON dossiers
  USING (client_id BETWEEN ashlar_scope_uuid_low() AND ashlar_scope_uuid_high());
CREATE TRIGGER dossiers_versioned_insert BEFORE INSERT ON dossiers
  FOR EACH ROW
  EXECUTE FUNCTION dossiers_versioned_insert();

ALTER TABLE dossiers ENABLE ALWAYS TRIGGER dossiers_versioned_insert;
CREATE TRIGGER dossiers_versioned_retire AFTER INSERT ON dossiers
  FOR EACH ROW
  WHEN (NEW.previous_id IS NOT NULL)
  EXECUTE FUNCTION dossiers_versioned_retire();

ALTER TABLE dossiers ENABLE ALWAYS TRIGGER dossiers_versioned_retire;
CREATE TRIGGER dossiers_versioned_update BEFORE UPDATE ON dossiers
  FOR EACH ROW
  EXECUTE FUNCTION dossiers_versioned_update();

ALTER TABLE dossiers ENABLE ALWAYS TRIGGER dossiers_versioned_update;
CREATE TRIGGER dossiers_versioned_delete BEFORE DELETE ON dossiers
  FOR EACH ROW
  EXECUTE FUNCTION dossiers_versioned_delete();

ALTER TABLE dossiers ENABLE ALWAYS TRIGGER dossiers_versioned_delete;
CREATE TRIGGER dossiers_versioned_truncate BEFORE TRUNCATE ON dossiers
  FOR EACH STATEMENT
  EXECUTE FUNCTION dossiers_versioned_delete();

ALTER TABLE dossiers ENABLE ALWAYS TRIGGER dossiers_versioned_truncate;

CREATE TABLE folders (
  id uuid NOT NULL,
  client_id uuid NOT NULL,
  parent_id uuid,
  name text COLLATE "C" NOT NULL CONSTRAINT folders_name_check CHECK (char_length(name) >= 1),
  CONSTRAINT folders_pkey PRIMARY KEY (id),
  CONSTRAINT folders_client_id_id_key UNIQUE (client_id, id),
  CONSTRAINT folders_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT,
  CONSTRAINT folders_client_id_parent_id_fkey FOREIGN KEY (client_id, parent_id) REFERENCES folders (client_id, id) ON DELETE RESTRICT
);
CREATE FUNCTION folders_parent_id_acyclic_lock() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ashlar.acyclic.' || TG_TABLE_SCHEMA || '.folders', 0));
  RETURN NULL;
END
$$;
CREATE FUNCTION folders_parent_id_acyclic() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
DECLARE
  callers_scope text := coalesce(current_setting('ashlar.scope', true), '');
BEGIN
  PERFORM set_config('ashlar.scope', '*', true);
  IF TG_OP = 'UPDATE' THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('ashlar.acyclic.' || TG_TABLE_SCHEMA || '.folders', 0));
    IF current_setting('transaction_isolation') <> 'read committed' THEN
      -- a snapshot older than the wait hides rows that were moved during it: locking such a row raises an error
      PERFORM FROM folders WHERE id IN (
        WITH RECURSIVE above (id) AS (
          SELECT NEW.parent_id
          UNION
          SELECT folders.parent_id FROM folders JOIN above ON folders.id = above.id
          WHERE folders.parent_id IS NOT NULL
        )
        SELECT id FROM above
      ) FOR SHARE;
    END IF;
  END IF;
  IF NEW.id IN (
    WITH RECURSIVE above (id) AS (
      SELECT NEW.parent_id
      UNION
      SELECT folders.parent_id FROM folders JOIN above ON folders.id = above.id
      WHERE folders.parent_id IS NOT NULL
    )
    SELECT id FROM above
  ) THEN
    RAISE EXCEPTION 'ashlar/acyclic: a row of folders cannot be its own ancestor'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  PERFORM set_config('ashlar.scope', callers_scope, true);
  RETURN NULL;
END
$$;
CREATE FUNCTION folders_audited() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  VALUES (
    nullif(current_setting('ashlar.actor', true), ''),
    nullif(current_setting('ashlar.scope', true), ''),
    -- current_user is the owner here: record the role that the session has set, or else the login role
    coalesce(nullif(current_setting('role'), 'none'), session_user),
    'folders',
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
          'parent_id', OLD.parent_id,
          'name', OLD.name
        )
    END,
    CASE WHEN TG_OP <> 'DELETE' THEN
        jsonb_build_object(
          'id', NEW.id,
          'client_id', NEW.client_id,
          'parent_id', NEW.parent_id,
          'name', NEW.name
        )
    END
  );
  RETURN NULL;
END
$$;
CREATE FUNCTION folders_audited_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: folders cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
ALTER TABLE folders ENABLE ROW LEVEL SECURITY;
ALTER TABLE folders FORCE ROW LEVEL SECURITY;
CREATE POLICY folders_scoped ON folders
  USING (client_id BETWEEN ashlar_scope_uuid_low() AND ashlar_scope_uuid_high());
CREATE TRIGGER folders_parent_id_acyclic_lock BEFORE UPDATE OF parent_id, id ON folders
  FOR EACH STATEMENT
  EXECUTE FUNCTION folders_parent_id_acyclic_lock();

ALTER TABLE folders ENABLE ALWAYS TRIGGER folders_parent_id_acyclic_lock;
CREATE TRIGGER folders_parent_id_acyclic_insert AFTER INSERT ON folders
  FOR EACH ROW
  WHEN (NEW.parent_id IS NOT NULL)
  EXECUTE FUNCTION folders_parent_id_acyclic();

ALTER TABLE folders ENABLE ALWAYS TRIGGER folders_parent_id_acyclic_insert;
CREATE TRIGGER folders_parent_id_acyclic_update AFTER UPDATE ON folders
  FOR EACH ROW
  WHEN (NEW.parent_id IS NOT NULL AND (NEW.parent_id IS DISTINCT FROM OLD.parent_id OR NEW.id IS DISTINCT FROM OLD.id))
  EXECUTE FUNCTION folders_parent_id_acyclic();

ALTER TABLE folders ENABLE ALWAYS TRIGGER folders_parent_id_acyclic_update;
CREATE TRIGGER folders_audited AFTER INSERT OR UPDATE OR DELETE ON folders
  FOR EACH ROW
  EXECUTE FUNCTION folders_audited();

ALTER TABLE folders ENABLE ALWAYS TRIGGER folders_audited;
CREATE TRIGGER folders_audited_truncate BEFORE TRUNCATE ON folders
  FOR EACH STATEMENT
  EXECUTE FUNCTION folders_audited_truncate();

ALTER TABLE folders ENABLE ALWAYS TRIGGER folders_audited_truncate;

CREATE TABLE holds (
  id uuid NOT NULL,
  table_name text COLLATE "C",
  row_key jsonb,
  scope text COLLATE "C",
  reason text COLLATE "C" NOT NULL CONSTRAINT holds_reason_check CHECK (char_length(reason) >= 1),
  placed_by text COLLATE "C" NOT NULL
    CONSTRAINT holds_placed_by_check CHECK (char_length(placed_by) >= 1),
  placed_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT holds_placed_at_check CHECK (placed_at >= '0001-01-01T00:00:00Z' AND placed_at < '10000-01-01T00:00:00Z'),
  released_by text COLLATE "C",
  released_at timestamptz(3)
    CONSTRAINT holds_released_at_check CHECK (released_at >= '0001-01-01T00:00:00Z' AND released_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT holds_pkey PRIMARY KEY (id)
);
CREATE INDEX holds_table_name_idx ON holds (table_name) WHERE released_at IS NULL;
CREATE FUNCTION holds_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of holds are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of holds are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION holds_append_only_stamp() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog AS $$
BEGIN
  IF ROW(NEW.id, NEW.table_name, NEW.row_key, NEW.scope, NEW.reason, NEW.placed_by, NEW.placed_at)::record *= ROW(OLD.id, OLD.table_name, OLD.row_key, OLD.scope, OLD.reason, OLD.placed_by, OLD.placed_at)::record
    AND (OLD.released_at IS NULL OR NEW.released_at IS NOT DISTINCT FROM OLD.released_at)
    AND (OLD.released_by IS NULL OR NEW.released_by IS NOT DISTINCT FROM OLD.released_by)
    AND (OLD.released_at IS NULL AND NEW.released_at IS NOT NULL OR OLD.released_by IS NULL AND NEW.released_by IS NOT NULL)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of holds are never changed, except that released_at or released_by is set once'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER holds_append_only_update BEFORE UPDATE ON holds
  FOR EACH ROW
  EXECUTE FUNCTION holds_append_only_stamp();

ALTER TABLE holds ENABLE ALWAYS TRIGGER holds_append_only_update;
CREATE TRIGGER holds_append_only_delete BEFORE DELETE ON holds
  FOR EACH ROW
  EXECUTE FUNCTION holds_append_only();

ALTER TABLE holds ENABLE ALWAYS TRIGGER holds_append_only_delete;
CREATE TRIGGER holds_append_only_truncate BEFORE TRUNCATE ON holds
  FOR EACH STATEMENT
  EXECUTE FUNCTION holds_append_only();

ALTER TABLE holds ENABLE ALWAYS TRIGGER holds_append_only_truncate;

CREATE TABLE letters (
  id uuid NOT NULL,
  client_id uuid NOT NULL,
  at timestamptz(6) DEFAULT now() NOT NULL
    CONSTRAINT letters_at_check CHECK (at >= '0001-01-01T00:00:00Z' AND at < '10000-01-01T00:00:00Z'),
  body text COLLATE "C" NOT NULL CONSTRAINT letters_body_check CHECK (char_length(body) >= 1),
  note bytea
    CONSTRAINT letters_note_check CHECK (octet_length(note) >= 45 AND substr(note, 1, 1) = '\x01'),
  ashlar_xid xid8 DEFAULT '0' NOT NULL,
  ashlar_at timestamptz(6),
  CONSTRAINT letters_pkey PRIMARY KEY (id),
  CONSTRAINT letters_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT
);
CREATE TABLE letters_ledger_entries (
  row_key text COLLATE "C" NOT NULL,
  entry bytea NOT NULL,
  CONSTRAINT letters_ledger_entries_pkey PRIMARY KEY (row_key)
);
CREATE TABLE letters_ledger_tree (
  level integer NOT NULL,
  position bigint NOT NULL,
  hash bytea NOT NULL CONSTRAINT letters_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key text COLLATE "C",
  CONSTRAINT letters_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT letters_ledger_tree_row_key_key UNIQUE (row_key),
  CONSTRAINT letters_ledger_tree_check CHECK (position >= 0 AND level >= 0 AND (level = 0) = (row_key IS NOT NULL))
);
CREATE TABLE letters_ledger_blocks (
  size bigint NOT NULL,
  root bytea NOT NULL CONSTRAINT letters_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at timestamptz(3) DEFAULT now() NOT NULL,
  CONSTRAINT letters_ledger_blocks_pkey PRIMARY KEY (size)
);
CREATE TABLE letters_ledger_head (
  id integer DEFAULT 1 NOT NULL CONSTRAINT letters_ledger_head_id_check CHECK (id = 1),
  size bigint DEFAULT 0 NOT NULL,
  frontier bytea DEFAULT '\x' NOT NULL,
  watermark pg_snapshot DEFAULT pg_current_snapshot() NOT NULL,
  sealer xid8,
  cluster text DEFAULT (pg_control_system()).system_identifier::text,
  first_provable bigint DEFAULT 0 NOT NULL,
  CONSTRAINT letters_ledger_head_pkey PRIMARY KEY (id)
);

INSERT INTO letters_ledger_head DEFAULT VALUES;
CREATE TABLE letters_purges (
  id bigint GENERATED ALWAYS AS IDENTITY,
  reason text COLLATE "C" NOT NULL,
  rows bigint NOT NULL,
  earliest timestamptz(6) NOT NULL,
  latest timestamptz(6) NOT NULL,
  partition text COLLATE "C",
  purged_at timestamptz(3) DEFAULT now() NOT NULL,
  CONSTRAINT letters_purges_pkey PRIMARY KEY (id)
);
CREATE INDEX letters_client_id_scope_idx ON letters (client_id);
CREATE INDEX letters_ashlar_xid_idx ON letters (ashlar_xid);
CREATE INDEX letters_retained_idx ON letters (at);
CREATE FUNCTION letters_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of letters are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of letters are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION letters_encrypted_update() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/encrypted: a row of letters never changes its id, client_id, to which its ciphertexts are bound'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION letters_ledger_entries_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of letters_ledger_entries are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION letters_ledger_tree_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of letters_ledger_tree are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION letters_ledger_blocks_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of letters_ledger_blocks are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION letters_ledger_leave() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
  callers_scope text := coalesce(current_setting('ashlar.scope', true), '');
BEGIN
  PERFORM set_config('ashlar.scope', '*', true);
  IF current_setting('ashlar.purging', true) IS NOT DISTINCT FROM 'letters'
    AND (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = TG_RELID)
    AND NOT EXISTS (SELECT FROM letters AS owner WHERE owner.id = OLD.row_key::uuid)
  THEN
    PERFORM set_config('ashlar.scope', callers_scope, true);
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'ashlar/ledgered: rows of letters_ledger_entries are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION letters_ledger_stamp() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  -- the leaf of a purged row keeps its key
  IF EXISTS (SELECT FROM letters_ledger_tree WHERE row_key = NEW.id::text) THEN
    RAISE EXCEPTION 'ashlar/ledgered: a purged row of letters had this key, and a key is never used again'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  NEW.ashlar_xid := pg_current_xact_id();
  NEW.ashlar_at := now();
  RETURN NEW;
END
$$;
CREATE FUNCTION letters_ledger_seal() RETURNS text
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
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
  IF NOT pg_try_advisory_xact_lock(hashtextextended('ashlar ledger letters ' || current_schema(), 0)) THEN
    RETURN 'busy';
  END IF;
  SELECT * INTO head FROM letters_ledger_head;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM letters_ledger_tree) THEN
      RAISE EXCEPTION 'ashlar/ledgered: the ledger of letters has leaves but no head row';
    END IF;
    INSERT INTO letters_ledger_head (cluster) VALUES (NULL) RETURNING * INTO head;
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
          '["ashlar/entry/v1","letters","', gen_random_uuid(),
          '","', to_char(t.ashlar_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '",{',
          substr(concat(
            ',"id":"', t.id, '"',
            ',"client_id":"', t.client_id, '"',
            ',"at":"', to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '"',
            ',"body":', to_json(t.body),
            ',"note":' || '"' || encode(t.note, 'hex') || '"'
          ), 2), '}]'
        ), 'UTF8') AS entry
      FROM (
        SELECT *
        FROM (
          SELECT t.*, t.id::text AS leaf_key FROM letters t WHERE t.ashlar_xid = ANY (waiting)
          UNION ALL
          SELECT t.*, t.id::text AS leaf_key FROM letters t WHERE t.ashlar_xid >= low AND t.ashlar_xid <= high
        ) candidate
        WHERE (SELECT leaf.position FROM letters_ledger_tree leaf WHERE leaf.row_key = candidate.leaf_key) IS NULL
        ORDER BY candidate.ashlar_xid, candidate.leaf_key
        LIMIT 10000
      ) t
    ) e
  ), written AS (
    INSERT INTO letters_ledger_entries (row_key, entry)
    SELECT fresh.row_key, fresh.entry FROM fresh
  ), leaves AS (
    INSERT INTO letters_ledger_tree (level, position, hash, row_key)
    SELECT 0, fresh.position, fresh.hash, fresh.row_key FROM fresh
  )
  SELECT array_agg(fresh.hash ORDER BY fresh.position), max(fresh.xid) INTO nodes, last FROM fresh;
  PERFORM set_config('ashlar.scope', callers_scope, true);
  count := coalesce(cardinality(nodes), 0);
  IF count = 0 THEN
    IF head.cluster IS DISTINCT FROM this_cluster THEN
      UPDATE letters_ledger_head SET cluster = this_cluster, watermark = mark, sealer = pg_current_xact_id();
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
      INSERT INTO letters_ledger_tree (level, position, hash)
      SELECT height / 8, at + run.number - 1, run.hash FROM unnest(nodes) WITH ORDINALITY AS run (hash, number);
    END IF;
  END LOOP;
  new_frontier := substr(head.frontier, 1, 32 * kept) || new_frontier;

  kept := length(new_frontier) / 32;
  root := substr(new_frontier, 32 * kept - 31);
  FOR i IN REVERSE kept - 1 .. 1 LOOP
    root := sha256('\x01' || substr(new_frontier, 32 * i - 31, 32) || root);
  END LOOP;
  INSERT INTO letters_ledger_blocks (size, root) VALUES (head.size + count, root);
  UPDATE letters_ledger_head
  SET size = head.size + count, frontier = new_frontier, watermark = mark, sealer = pg_current_xact_id(), cluster = this_cluster;
  RETURN CASE WHEN count = 10000 THEN 'more' ELSE 'done' END;
END
$$;
CREATE FUNCTION letters_audited() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO trail (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  VALUES (
    nullif(current_setting('ashlar.actor', true), ''),
    nullif(current_setting('ashlar.scope', true), ''),
    -- current_user is the owner here: record the role that the session has set, or else the login role
    coalesce(nullif(current_setting('role'), 'none'), session_user),
    'letters',
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
          'at', to_char(OLD.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
          'body', OLD.body,
          'note', encode(OLD.note, 'hex')
        )
    END,
    CASE WHEN TG_OP <> 'DELETE' THEN
        jsonb_build_object(
          'id', NEW.id,
          'client_id', NEW.client_id,
          'at', to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
          'body', NEW.body,
          'note', encode(NEW.note, 'hex')
        )
    END
  );
  RETURN NULL;
END
$$;
CREATE FUNCTION letters_audited_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: letters cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION letters_purges_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/retained: rows of letters_purges are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION letters_retained_delete() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
  callers_scope text := coalesce(current_setting('ashlar.scope', true), '');
BEGIN
  PERFORM set_config('ashlar.scope', '*', true);
  IF (OLD.at <= ((now() AT TIME ZONE 'UTC') - interval '120 months 0 days') AT TIME ZONE 'UTC') IS NOT TRUE THEN
    RAISE EXCEPTION 'ashlar/retained: rows of letters stay for 10 years from at (law)'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  -- prevents a new hold between this check and the end of the transaction
  LOCK TABLE holds IN SHARE MODE;
  IF EXISTS (
    SELECT FROM holds AS hold
    WHERE hold.released_at IS NULL
      AND (hold.table_name IS NULL OR hold.table_name = 'letters')
      AND (
        hold.row_key IS NULL
        OR NOT hold.row_key ?& ARRAY['id']
        OR hold.row_key @> jsonb_build_object(
          'id', OLD.id
        )
      )
      AND (hold.scope IS NULL OR hold.scope = OLD.client_id::text)
  ) THEN
    RAISE EXCEPTION 'ashlar/retained: a row of letters is under a legal hold'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  IF NOT (current_setting('ashlar.purging', true) IS NOT DISTINCT FROM 'letters'
    AND (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = TG_RELID)) THEN
    RAISE EXCEPTION 'ashlar/retained: only a purge deletes rows of letters'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  PERFORM set_config('ashlar.scope', callers_scope, true);
  RETURN OLD;
END
$$;
CREATE FUNCTION letters_retained_update() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/retained: at, id, client_id of letters are never changed: expiry and holds depend on them'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION letters_retained_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/retained: letters is never truncated'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE letters FORCE ROW LEVEL SECURITY;
CREATE POLICY letters_scoped ON letters
  USING (client_id BETWEEN ashlar_scope_uuid_low() AND ashlar_scope_uuid_high());
CREATE TRIGGER letters_append_only_update BEFORE UPDATE ON letters
  FOR EACH ROW
  EXECUTE FUNCTION letters_append_only();

ALTER TABLE letters ENABLE ALWAYS TRIGGER letters_append_only_update;
CREATE TRIGGER letters_append_only_truncate BEFORE TRUNCATE ON letters
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_append_only();

ALTER TABLE letters ENABLE ALWAYS TRIGGER letters_append_only_truncate;
CREATE TRIGGER letters_encrypted_update BEFORE UPDATE ON letters
  FOR EACH ROW
  WHEN (NEW.id IS DISTINCT FROM OLD.id OR NEW.client_id IS DISTINCT FROM OLD.client_id)
  EXECUTE FUNCTION letters_encrypted_update();

ALTER TABLE letters ENABLE ALWAYS TRIGGER letters_encrypted_update;
CREATE TRIGGER letters_ledger_entries_append_only_update BEFORE UPDATE ON letters_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_ledger_entries_append_only();

ALTER TABLE letters_ledger_entries ENABLE ALWAYS TRIGGER letters_ledger_entries_append_only_update;
CREATE TRIGGER letters_ledger_entries_append_only_delete BEFORE DELETE ON letters_ledger_entries
  FOR EACH ROW
  EXECUTE FUNCTION letters_ledger_leave();

ALTER TABLE letters_ledger_entries ENABLE ALWAYS TRIGGER letters_ledger_entries_append_only_delete;
CREATE TRIGGER letters_ledger_entries_append_only_truncate BEFORE TRUNCATE ON letters_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_ledger_entries_append_only();

ALTER TABLE letters_ledger_entries ENABLE ALWAYS TRIGGER letters_ledger_entries_append_only_truncate;
CREATE TRIGGER letters_ledger_tree_append_only_update BEFORE UPDATE ON letters_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_ledger_tree_append_only();

ALTER TABLE letters_ledger_tree ENABLE ALWAYS TRIGGER letters_ledger_tree_append_only_update;
CREATE TRIGGER letters_ledger_tree_append_only_delete BEFORE DELETE ON letters_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_ledger_tree_append_only();

ALTER TABLE letters_ledger_tree ENABLE ALWAYS TRIGGER letters_ledger_tree_append_only_delete;
CREATE TRIGGER letters_ledger_tree_append_only_truncate BEFORE TRUNCATE ON letters_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_ledger_tree_append_only();

ALTER TABLE letters_ledger_tree ENABLE ALWAYS TRIGGER letters_ledger_tree_append_only_truncate;
CREATE TRIGGER letters_ledger_blocks_append_only_update BEFORE UPDATE ON letters_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_ledger_blocks_append_only();

ALTER TABLE letters_ledger_blocks ENABLE ALWAYS TRIGGER letters_ledger_blocks_append_only_update;
CREATE TRIGGER letters_ledger_blocks_append_only_delete BEFORE DELETE ON letters_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_ledger_blocks_append_only();

ALTER TABLE letters_ledger_blocks ENABLE ALWAYS TRIGGER letters_ledger_blocks_append_only_delete;
CREATE TRIGGER letters_ledger_blocks_append_only_truncate BEFORE TRUNCATE ON letters_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_ledger_blocks_append_only();

ALTER TABLE letters_ledger_blocks ENABLE ALWAYS TRIGGER letters_ledger_blocks_append_only_truncate;
CREATE TRIGGER letters_ledger_append BEFORE INSERT ON letters
  FOR EACH ROW
  EXECUTE FUNCTION letters_ledger_stamp();

ALTER TABLE letters ENABLE ALWAYS TRIGGER letters_ledger_append;
CREATE TRIGGER letters_audited AFTER INSERT OR UPDATE OR DELETE ON letters
  FOR EACH ROW
  EXECUTE FUNCTION letters_audited();

ALTER TABLE letters ENABLE ALWAYS TRIGGER letters_audited;
CREATE TRIGGER letters_audited_truncate BEFORE TRUNCATE ON letters
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_audited_truncate();

ALTER TABLE letters ENABLE ALWAYS TRIGGER letters_audited_truncate;
CREATE TRIGGER letters_purges_append_only_update BEFORE UPDATE ON letters_purges
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_purges_append_only();

ALTER TABLE letters_purges ENABLE ALWAYS TRIGGER letters_purges_append_only_update;
CREATE TRIGGER letters_purges_append_only_delete BEFORE DELETE ON letters_purges
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_purges_append_only();

ALTER TABLE letters_purges ENABLE ALWAYS TRIGGER letters_purges_append_only_delete;
CREATE TRIGGER letters_purges_append_only_truncate BEFORE TRUNCATE ON letters_purges
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_purges_append_only();

ALTER TABLE letters_purges ENABLE ALWAYS TRIGGER letters_purges_append_only_truncate;
CREATE TRIGGER letters_retained_delete BEFORE DELETE ON letters
  FOR EACH ROW
  EXECUTE FUNCTION letters_retained_delete();

ALTER TABLE letters ENABLE ALWAYS TRIGGER letters_retained_delete;
CREATE TRIGGER letters_retained_update BEFORE UPDATE ON letters
  FOR EACH ROW
  WHEN (OLD.at IS DISTINCT FROM NEW.at
  OR OLD.id IS DISTINCT FROM NEW.id
  OR OLD.client_id IS DISTINCT FROM NEW.client_id)
  EXECUTE FUNCTION letters_retained_update();

ALTER TABLE letters ENABLE ALWAYS TRIGGER letters_retained_update;
CREATE TRIGGER letters_retained_truncate BEFORE TRUNCATE ON letters
  FOR EACH STATEMENT
  EXECUTE FUNCTION letters_retained_truncate();

ALTER TABLE letters ENABLE ALWAYS TRIGGER letters_retained_truncate;

CREATE TABLE trail (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL
    CONSTRAINT trail_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
  at timestamptz(6) DEFAULT now() NOT NULL
    CONSTRAINT trail_at_check CHECK (at >= '0001-01-01T00:00:00Z' AND at < '10000-01-01T00:00:00Z'),
  actor text COLLATE "C",
  scope text COLLATE "C",
  role text COLLATE "C" NOT NULL,
  table_name text COLLATE "C" NOT NULL,
  operation text COLLATE "C" NOT NULL
    CONSTRAINT trail_operation_check CHECK (operation IN ('insert', 'update', 'delete')),
  row_key jsonb NOT NULL,
  before jsonb,
  "after" jsonb,
  unseen jsonb,
  ashlar_xid xid8 DEFAULT '0' NOT NULL,
  ashlar_at timestamptz(6),
  CONSTRAINT trail_pkey PRIMARY KEY (id)
);
CREATE INDEX trail_table_name_row_key_idx ON trail (table_name, row_key);
CREATE INDEX trail_at_idx ON trail (at);
CREATE TABLE trail_ledger_entries (
  row_key text COLLATE "C" NOT NULL,
  entry bytea NOT NULL,
  CONSTRAINT trail_ledger_entries_pkey PRIMARY KEY (row_key)
);
CREATE TABLE trail_ledger_tree (
  level integer NOT NULL,
  position bigint NOT NULL,
  hash bytea NOT NULL CONSTRAINT trail_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key text COLLATE "C",
  CONSTRAINT trail_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT trail_ledger_tree_row_key_key UNIQUE (row_key),
  CONSTRAINT trail_ledger_tree_check CHECK (position >= 0 AND level >= 0 AND (level = 0) = (row_key IS NOT NULL))
);
CREATE TABLE trail_ledger_blocks (
  size bigint NOT NULL,
  root bytea NOT NULL CONSTRAINT trail_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at timestamptz(3) DEFAULT now() NOT NULL,
  CONSTRAINT trail_ledger_blocks_pkey PRIMARY KEY (size)
);
CREATE TABLE trail_ledger_head (
  id integer DEFAULT 1 NOT NULL CONSTRAINT trail_ledger_head_id_check CHECK (id = 1),
  size bigint DEFAULT 0 NOT NULL,
  frontier bytea DEFAULT '\x' NOT NULL,
  watermark pg_snapshot DEFAULT pg_current_snapshot() NOT NULL,
  sealer xid8,
  cluster text DEFAULT (pg_control_system()).system_identifier::text,
  first_provable bigint DEFAULT 0 NOT NULL,
  CONSTRAINT trail_ledger_head_pkey PRIMARY KEY (id)
);

INSERT INTO trail_ledger_head DEFAULT VALUES;
CREATE TABLE trail_purges (
  id bigint GENERATED ALWAYS AS IDENTITY,
  reason text COLLATE "C" NOT NULL,
  rows bigint NOT NULL,
  earliest timestamptz(6) NOT NULL,
  latest timestamptz(6) NOT NULL,
  partition text COLLATE "C",
  purged_at timestamptz(3) DEFAULT now() NOT NULL,
  CONSTRAINT trail_purges_pkey PRIMARY KEY (id)
);
CREATE INDEX trail_scope_scope_idx ON trail (coalesce(scope, ''));
CREATE INDEX trail_ashlar_xid_idx ON trail (ashlar_xid);
CREATE FUNCTION trail_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of trail are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of trail are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION trail_trail_insert() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/trail: rows of trail are written by the database only'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION trail_ledger_entries_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of trail_ledger_entries are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION trail_ledger_tree_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of trail_ledger_tree are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION trail_ledger_blocks_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of trail_ledger_blocks are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION trail_ledger_leave() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
  callers_scope text := coalesce(current_setting('ashlar.scope', true), '');
BEGIN
  PERFORM set_config('ashlar.scope', '*', true);
  IF current_setting('ashlar.purging', true) IS NOT DISTINCT FROM 'trail'
    AND (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = TG_RELID)
    AND NOT EXISTS (SELECT FROM trail AS owner WHERE owner.id = OLD.row_key::bigint)
  THEN
    PERFORM set_config('ashlar.scope', callers_scope, true);
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'ashlar/ledgered: rows of trail_ledger_entries are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION trail_ledger_stamp() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  -- the leaf of a purged row keeps its key
  IF EXISTS (SELECT FROM trail_ledger_tree WHERE row_key = NEW.id::text) THEN
    RAISE EXCEPTION 'ashlar/ledgered: a purged row of trail had this key, and a key is never used again'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  NEW.ashlar_xid := pg_current_xact_id();
  NEW.ashlar_at := now();
  RETURN NEW;
END
$$;
CREATE FUNCTION trail_ledger_seal() RETURNS text
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
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
  IF NOT pg_try_advisory_xact_lock(hashtextextended('ashlar ledger trail ' || current_schema(), 0)) THEN
    RETURN 'busy';
  END IF;
  SELECT * INTO head FROM trail_ledger_head;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM trail_ledger_tree) THEN
      RAISE EXCEPTION 'ashlar/ledgered: the ledger of trail has leaves but no head row';
    END IF;
    INSERT INTO trail_ledger_head (cluster) VALUES (NULL) RETURNING * INTO head;
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
          '["ashlar/entry/v1","trail","', gen_random_uuid(),
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
          SELECT t.*, t.id::text AS leaf_key FROM trail t WHERE t.ashlar_xid = ANY (waiting)
          UNION ALL
          SELECT t.*, t.id::text AS leaf_key FROM trail t WHERE t.ashlar_xid >= low AND t.ashlar_xid <= high
        ) candidate
        WHERE (SELECT leaf.position FROM trail_ledger_tree leaf WHERE leaf.row_key = candidate.leaf_key) IS NULL
        ORDER BY candidate.ashlar_xid, candidate.leaf_key
        LIMIT 10000
      ) t
    ) e
  ), written AS (
    INSERT INTO trail_ledger_entries (row_key, entry)
    SELECT fresh.row_key, fresh.entry FROM fresh
  ), leaves AS (
    INSERT INTO trail_ledger_tree (level, position, hash, row_key)
    SELECT 0, fresh.position, fresh.hash, fresh.row_key FROM fresh
  )
  SELECT array_agg(fresh.hash ORDER BY fresh.position), max(fresh.xid) INTO nodes, last FROM fresh;
  PERFORM set_config('ashlar.scope', callers_scope, true);
  count := coalesce(cardinality(nodes), 0);
  IF count = 0 THEN
    IF head.cluster IS DISTINCT FROM this_cluster THEN
      UPDATE trail_ledger_head SET cluster = this_cluster, watermark = mark, sealer = pg_current_xact_id();
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
      INSERT INTO trail_ledger_tree (level, position, hash)
      SELECT height / 8, at + run.number - 1, run.hash FROM unnest(nodes) WITH ORDINALITY AS run (hash, number);
    END IF;
  END LOOP;
  new_frontier := substr(head.frontier, 1, 32 * kept) || new_frontier;

  kept := length(new_frontier) / 32;
  root := substr(new_frontier, 32 * kept - 31);
  FOR i IN REVERSE kept - 1 .. 1 LOOP
    root := sha256('\x01' || substr(new_frontier, 32 * i - 31, 32) || root);
  END LOOP;
  INSERT INTO trail_ledger_blocks (size, root) VALUES (head.size + count, root);
  UPDATE trail_ledger_head
  SET size = head.size + count, frontier = new_frontier, watermark = mark, sealer = pg_current_xact_id(), cluster = this_cluster;
  RETURN CASE WHEN count = 10000 THEN 'more' ELSE 'done' END;
END
$$;
CREATE FUNCTION trail_purges_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/retained: rows of trail_purges are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION trail_retained_delete() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
  callers_scope text := coalesce(current_setting('ashlar.scope', true), '');
BEGIN
  PERFORM set_config('ashlar.scope', '*', true);
  IF (OLD.at <= ((now() AT TIME ZONE 'UTC') - interval '120 months 0 days') AT TIME ZONE 'UTC') IS NOT TRUE THEN
    RAISE EXCEPTION 'ashlar/retained: rows of trail stay for 10 years from at (law)'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  IF NOT (current_setting('ashlar.purging', true) IS NOT DISTINCT FROM 'trail'
    AND (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = TG_RELID)) THEN
    RAISE EXCEPTION 'ashlar/retained: only a purge deletes rows of trail'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  PERFORM set_config('ashlar.scope', callers_scope, true);
  RETURN OLD;
END
$$;
CREATE FUNCTION trail_retained_update() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/retained: at, id of trail are never changed: expiry and holds depend on them'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION trail_retained_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/retained: trail is never truncated'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
ALTER TABLE trail ENABLE ROW LEVEL SECURITY;
ALTER TABLE trail FORCE ROW LEVEL SECURITY;
CREATE POLICY trail_scoped ON trail
  USING (coalesce(scope, '') BETWEEN ashlar_scope_text_low() AND ashlar_scope_text_high())
  WITH CHECK (coalesce(scope, '') BETWEEN ashlar_scope_text_low() AND ashlar_scope_text_high() OR (scope IS NULL AND coalesce(current_setting('ashlar.scope', true), '') = ''));
CREATE TRIGGER trail_append_only_update BEFORE UPDATE ON trail
  FOR EACH ROW
  EXECUTE FUNCTION trail_append_only();

ALTER TABLE trail ENABLE ALWAYS TRIGGER trail_append_only_update;
CREATE TRIGGER trail_append_only_truncate BEFORE TRUNCATE ON trail
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_append_only();

ALTER TABLE trail ENABLE ALWAYS TRIGGER trail_append_only_truncate;
CREATE TRIGGER trail_trail_insert BEFORE INSERT ON trail
  FOR EACH ROW
  WHEN (pg_trigger_depth() = 0)
  EXECUTE FUNCTION trail_trail_insert();

ALTER TABLE trail ENABLE ALWAYS TRIGGER trail_trail_insert;
CREATE TRIGGER trail_ledger_entries_append_only_update BEFORE UPDATE ON trail_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_ledger_entries_append_only();

ALTER TABLE trail_ledger_entries ENABLE ALWAYS TRIGGER trail_ledger_entries_append_only_update;
CREATE TRIGGER trail_ledger_entries_append_only_delete BEFORE DELETE ON trail_ledger_entries
  FOR EACH ROW
  EXECUTE FUNCTION trail_ledger_leave();

ALTER TABLE trail_ledger_entries ENABLE ALWAYS TRIGGER trail_ledger_entries_append_only_delete;
CREATE TRIGGER trail_ledger_entries_append_only_truncate BEFORE TRUNCATE ON trail_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_ledger_entries_append_only();

ALTER TABLE trail_ledger_entries ENABLE ALWAYS TRIGGER trail_ledger_entries_append_only_truncate;
CREATE TRIGGER trail_ledger_tree_append_only_update BEFORE UPDATE ON trail_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_ledger_tree_append_only();

ALTER TABLE trail_ledger_tree ENABLE ALWAYS TRIGGER trail_ledger_tree_append_only_update;
CREATE TRIGGER trail_ledger_tree_append_only_delete BEFORE DELETE ON trail_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_ledger_tree_append_only();

ALTER TABLE trail_ledger_tree ENABLE ALWAYS TRIGGER trail_ledger_tree_append_only_delete;
CREATE TRIGGER trail_ledger_tree_append_only_truncate BEFORE TRUNCATE ON trail_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_ledger_tree_append_only();

ALTER TABLE trail_ledger_tree ENABLE ALWAYS TRIGGER trail_ledger_tree_append_only_truncate;
CREATE TRIGGER trail_ledger_blocks_append_only_update BEFORE UPDATE ON trail_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_ledger_blocks_append_only();

ALTER TABLE trail_ledger_blocks ENABLE ALWAYS TRIGGER trail_ledger_blocks_append_only_update;
CREATE TRIGGER trail_ledger_blocks_append_only_delete BEFORE DELETE ON trail_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_ledger_blocks_append_only();

ALTER TABLE trail_ledger_blocks ENABLE ALWAYS TRIGGER trail_ledger_blocks_append_only_delete;
CREATE TRIGGER trail_ledger_blocks_append_only_truncate BEFORE TRUNCATE ON trail_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_ledger_blocks_append_only();

ALTER TABLE trail_ledger_blocks ENABLE ALWAYS TRIGGER trail_ledger_blocks_append_only_truncate;
CREATE TRIGGER trail_ledger_append BEFORE INSERT ON trail
  FOR EACH ROW
  EXECUTE FUNCTION trail_ledger_stamp();

ALTER TABLE trail ENABLE ALWAYS TRIGGER trail_ledger_append;
CREATE TRIGGER trail_purges_append_only_update BEFORE UPDATE ON trail_purges
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_purges_append_only();

ALTER TABLE trail_purges ENABLE ALWAYS TRIGGER trail_purges_append_only_update;
CREATE TRIGGER trail_purges_append_only_delete BEFORE DELETE ON trail_purges
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_purges_append_only();

ALTER TABLE trail_purges ENABLE ALWAYS TRIGGER trail_purges_append_only_delete;
CREATE TRIGGER trail_purges_append_only_truncate BEFORE TRUNCATE ON trail_purges
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_purges_append_only();

ALTER TABLE trail_purges ENABLE ALWAYS TRIGGER trail_purges_append_only_truncate;
CREATE TRIGGER trail_retained_delete BEFORE DELETE ON trail
  FOR EACH ROW
  EXECUTE FUNCTION trail_retained_delete();

ALTER TABLE trail ENABLE ALWAYS TRIGGER trail_retained_delete;
CREATE TRIGGER trail_retained_update BEFORE UPDATE ON trail
  FOR EACH ROW
  WHEN (OLD.at IS DISTINCT FROM NEW.at
  OR OLD.id IS DISTINCT FROM NEW.id)
  EXECUTE FUNCTION trail_retained_update();

ALTER TABLE trail ENABLE ALWAYS TRIGGER trail_retained_update;
CREATE TRIGGER trail_retained_truncate BEFORE TRUNCATE ON trail
  FOR EACH STATEMENT
  EXECUTE FUNCTION trail_retained_truncate();

ALTER TABLE trail ENABLE ALWAYS TRIGGER trail_retained_truncate;

CREATE TABLE visits (
  id uuid NOT NULL,
  client_id uuid NOT NULL,
  at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT visits_at_check CHECK (at >= '0001-01-01T00:00:00Z' AND at < '10000-01-01T00:00:00Z'),
  path text COLLATE "C" NOT NULL CONSTRAINT visits_path_check CHECK (char_length(path) >= 1),
  CONSTRAINT visits_pkey PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE visits_default PARTITION OF visits DEFAULT;
CREATE INDEX visits_client_id_scope_idx ON visits (client_id);
CREATE FUNCTION visits_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of visits are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of visits are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
ALTER TABLE visits_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE visits_default FORCE ROW LEVEL SECURITY;
CREATE POLICY visits_scoped ON visits_default
  USING (client_id BETWEEN ashlar_scope_uuid_low() AND ashlar_scope_uuid_high());
ALTER TABLE visits ENABLE ROW LEVEL SECURITY;
ALTER TABLE visits FORCE ROW LEVEL SECURITY;
CREATE POLICY visits_scoped ON visits
  USING (client_id BETWEEN ashlar_scope_uuid_low() AND ashlar_scope_uuid_high());
CREATE TRIGGER visits_default_append_only_truncate BEFORE TRUNCATE ON visits_default
  FOR EACH STATEMENT
  EXECUTE FUNCTION visits_append_only();

ALTER TABLE visits_default ENABLE ALWAYS TRIGGER visits_default_append_only_truncate;
CREATE TRIGGER visits_append_only_update BEFORE UPDATE ON visits
  FOR EACH ROW
  EXECUTE FUNCTION visits_append_only();

ALTER TABLE visits ENABLE ALWAYS TRIGGER visits_append_only_update;
CREATE TRIGGER visits_append_only_delete BEFORE DELETE ON visits
  FOR EACH ROW
  EXECUTE FUNCTION visits_append_only();

ALTER TABLE visits ENABLE ALWAYS TRIGGER visits_append_only_delete;
CREATE TRIGGER visits_append_only_truncate BEFORE TRUNCATE ON visits
  FOR EACH STATEMENT
  EXECUTE FUNCTION visits_append_only();

ALTER TABLE visits ENABLE ALWAYS TRIGGER visits_append_only_truncate;
