-- 0001_initial
-- audit_logs: create table
-- clauses: create table
-- consent_records: create table

CREATE TABLE audit_logs (
  id uuid NOT NULL,
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT audit_logs_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  event_type text COLLATE "C" NOT NULL
    CONSTRAINT audit_logs_event_type_check CHECK (char_length(event_type) BETWEEN 1 AND 100),
  event_category text COLLATE "C" NOT NULL
    CONSTRAINT audit_logs_event_category_check CHECK (char_length(event_category) BETWEEN 1 AND 50),
  user_id text COLLATE "C"
    CONSTRAINT audit_logs_user_id_check CHECK (char_length(user_id) BETWEEN 1 AND 255),
  session_id text COLLATE "C"
    CONSTRAINT audit_logs_session_id_check CHECK (char_length(session_id) >= 1),
  ip_address inet CONSTRAINT audit_logs_ip_address_check CHECK (ip_address = host(ip_address)::inet),
  user_agent text COLLATE "C",
  resource_type text COLLATE "C"
    CONSTRAINT audit_logs_resource_type_check CHECK (char_length(resource_type) >= 1),
  resource_id text COLLATE "C"
    CONSTRAINT audit_logs_resource_id_check CHECK (char_length(resource_id) >= 1),
  details jsonb DEFAULT '{}' NOT NULL,
  CONSTRAINT audit_logs_pkey PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX audit_logs_event_type_created_at_idx ON audit_logs (event_type, created_at);
CREATE INDEX audit_logs_user_id_created_at_idx ON audit_logs (user_id, created_at);
CREATE INDEX audit_logs_event_category_idx ON audit_logs (event_category);
CREATE INDEX audit_logs_created_at_idx ON audit_logs (created_at);
CREATE TABLE audit_logs_default PARTITION OF audit_logs DEFAULT;
CREATE FUNCTION audit_logs_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of audit_logs are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of audit_logs are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER audit_logs_default_append_only_truncate BEFORE TRUNCATE ON audit_logs_default
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_logs_append_only();

ALTER TABLE audit_logs_default ENABLE ALWAYS TRIGGER audit_logs_default_append_only_truncate;
CREATE TRIGGER audit_logs_append_only_update BEFORE UPDATE ON audit_logs
  FOR EACH ROW
  EXECUTE FUNCTION audit_logs_append_only();

ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only_update;
CREATE TRIGGER audit_logs_append_only_delete BEFORE DELETE ON audit_logs
  FOR EACH ROW
  EXECUTE FUNCTION audit_logs_append_only();

ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only_delete;
CREATE TRIGGER audit_logs_append_only_truncate BEFORE TRUNCATE ON audit_logs
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_logs_append_only();

ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only_truncate;

CREATE TABLE clauses (
  id uuid NOT NULL,
  code text COLLATE "C" NOT NULL
    CONSTRAINT clauses_code_check CHECK (char_length(code) BETWEEN 1 AND 50),
  name text COLLATE "C" NOT NULL
    CONSTRAINT clauses_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
  category text COLLATE "C" NOT NULL
    CONSTRAINT clauses_category_check CHECK (category IN ('revocation', 'executor', 'beneficiary', 'guardian', 'trust', 'usufruct', 'residue', 'witness', 'signature')),
  version integer DEFAULT 1 NOT NULL
    CONSTRAINT clauses_version_check CHECK (version BETWEEN 1 AND 2147483647),
  is_current boolean DEFAULT true NOT NULL,
  previous_version_id uuid,
  template_text text COLLATE "C" NOT NULL
    CONSTRAINT clauses_template_text_check CHECK (char_length(template_text) >= 1),
  variables_schema jsonb NOT NULL,
  will_types jsonb NOT NULL,
  is_required boolean DEFAULT false NOT NULL,
  display_order integer DEFAULT 0 NOT NULL,
  approved_by text COLLATE "C" NOT NULL
    CONSTRAINT clauses_approved_by_check CHECK (char_length(approved_by) BETWEEN 1 AND 200),
  approved_at timestamptz(3) NOT NULL
    CONSTRAINT clauses_approved_at_check CHECK (approved_at >= '0001-01-01T00:00:00Z' AND approved_at < '10000-01-01T00:00:00Z'),
  approval_notes text COLLATE "C",
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT clauses_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  updated_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT clauses_updated_at_check CHECK (updated_at >= '0001-01-01T00:00:00Z' AND updated_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT clauses_pkey PRIMARY KEY (id),
  CONSTRAINT clauses_previous_version_id_fkey FOREIGN KEY (previous_version_id) REFERENCES clauses (id) ON DELETE RESTRICT
);
CREATE INDEX clauses_category_is_current_idx ON clauses (category, is_current);
CREATE UNIQUE INDEX clauses_code_version_idx ON clauses (code, version);
CREATE UNIQUE INDEX clauses_previous_version_id_idx ON clauses (previous_version_id);
CREATE INDEX clauses_code_current_idx ON clauses (code) WHERE is_current;
CREATE FUNCTION clauses_versioned_insert() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path TO pg_catalog AS $$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF NEW.is_current IS NOT TRUE THEN
    RAISE EXCEPTION 'ashlar/versioned: a new version of clauses must be the current one'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  IF NEW.previous_version_id IS NULL THEN
    IF NEW.version IS DISTINCT FROM 1 THEN
      RAISE EXCEPTION 'ashlar/versioned: the first version of clauses must have the number 1'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
  END IF;

  -- a concurrent successor of the same version waits here, and then finds that the version is not current
  PERFORM FROM clauses
  WHERE id = NEW.previous_version_id AND code = NEW.code AND version = NEW.version - 1 AND is_current
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'ashlar/versioned: a new version of clauses must follow the current one of its key'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;
CREATE FUNCTION clauses_versioned_retire() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path TO pg_catalog AS $$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  UPDATE clauses
  SET is_current = false, updated_at = NEW.updated_at
  WHERE id = NEW.previous_version_id;
  RETURN NULL;
END
$$;
CREATE FUNCTION clauses_versioned_update() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path TO pg_catalog AS $$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  -- the only permitted change: a version that has a successor stops being current
  IF OLD.is_current AND NOT NEW.is_current
    AND ROW(NEW.id, NEW.code, NEW.name, NEW.category, NEW.version, NEW.previous_version_id, NEW.template_text, NEW.variables_schema, NEW.will_types, NEW.is_required, NEW.display_order, NEW.approved_by, NEW.approved_at, NEW.approval_notes, NEW.created_at)::record *= ROW(OLD.id, OLD.code, OLD.name, OLD.category, OLD.version, OLD.previous_version_id, OLD.template_text, OLD.variables_schema, OLD.will_types, OLD.is_required, OLD.display_order, OLD.approved_by, OLD.approved_at, OLD.approval_notes, OLD.created_at)::record
    AND EXISTS (
      SELECT FROM clauses
      WHERE previous_version_id = OLD.id AND code = OLD.code AND version = OLD.version + 1
    )
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/versioned: versions of clauses are never changed'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION clauses_versioned_delete() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/versioned: versions of clauses are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER clauses_versioned_insert BEFORE INSERT ON clauses
  FOR EACH ROW
  EXECUTE FUNCTION clauses_versioned_insert();

ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_versioned_insert;
CREATE TRIGGER clauses_versioned_retire AFTER INSERT ON clauses
  FOR EACH ROW
  WHEN (NEW.previous_version_id IS NOT NULL)
  EXECUTE FUNCTION clauses_versioned_retire();

ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_versioned_retire;
CREATE TRIGGER clauses_versioned_update BEFORE UPDATE ON clauses
  FOR EACH ROW
  EXECUTE FUNCTION clauses_versioned_update();

ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_versioned_update;
CREATE TRIGGER clauses_versioned_delete BEFORE DELETE ON clauses
  FOR EACH ROW
  EXECUTE FUNCTION clauses_versioned_delete();

ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_versioned_delete;
CREATE TRIGGER clauses_versioned_truncate BEFORE TRUNCATE ON clauses
  FOR EACH STATEMENT
  EXECUTE FUNCTION clauses_versioned_delete();

ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_versioned_truncate;

CREATE TABLE consent_records (
  id uuid NOT NULL,
  subject_id text COLLATE "C"
    CONSTRAINT consent_records_subject_id_check CHECK (char_length(subject_id) BETWEEN 1 AND 255),
  consent_version text COLLATE "C" NOT NULL
    CONSTRAINT consent_records_consent_version_check CHECK (char_length(consent_version) BETWEEN 1 AND 50),
  privacy_policy_version text COLLATE "C" NOT NULL
    CONSTRAINT consent_records_privacy_policy_version_check CHECK (char_length(privacy_policy_version) BETWEEN 1 AND 50),
  consent_categories jsonb NOT NULL,
  accepted_at timestamptz(3) NOT NULL
    CONSTRAINT consent_records_accepted_at_check CHECK (accepted_at >= '0001-01-01T00:00:00Z' AND accepted_at < '10000-01-01T00:00:00Z'),
  withdrawn_at timestamptz(3)
    CONSTRAINT consent_records_withdrawn_at_check CHECK (withdrawn_at >= '0001-01-01T00:00:00Z' AND withdrawn_at < '10000-01-01T00:00:00Z'),
  ip_address inet
    CONSTRAINT consent_records_ip_address_check CHECK (ip_address = host(ip_address)::inet),
  user_agent text COLLATE "C",
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT consent_records_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT consent_records_pkey PRIMARY KEY (id),
  CONSTRAINT consent_records_withdrawn_after_accepted CHECK (withdrawn_at >= accepted_at)
);
CREATE INDEX consent_records_accepted_at_idx ON consent_records (accepted_at);
CREATE INDEX consent_records_subject_id_accepted_at_idx ON consent_records (subject_id, accepted_at);
CREATE FUNCTION consent_records_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of consent_records are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of consent_records are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION consent_records_append_only_stamp() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog AS $$
BEGIN
  IF ROW(NEW.id, NEW.subject_id, NEW.consent_version, NEW.privacy_policy_version, NEW.consent_categories, NEW.accepted_at, NEW.ip_address, NEW.user_agent, NEW.created_at)::record *= ROW(OLD.id, OLD.subject_id, OLD.consent_version, OLD.privacy_policy_version, OLD.consent_categories, OLD.accepted_at, OLD.ip_address, OLD.user_agent, OLD.created_at)::record
    AND (OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of consent_records are never changed, except that withdrawn_at is set once'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER consent_records_append_only_update BEFORE UPDATE ON consent_records
  FOR EACH ROW
  EXECUTE FUNCTION consent_records_append_only_stamp();

ALTER TABLE consent_records ENABLE ALWAYS TRIGGER consent_records_append_only_update;
CREATE TRIGGER consent_records_append_only_delete BEFORE DELETE ON consent_records
  FOR EACH ROW
  EXECUTE FUNCTION consent_records_append_only();

ALTER TABLE consent_records ENABLE ALWAYS TRIGGER consent_records_append_only_delete;
CREATE TRIGGER consent_records_append_only_truncate BEFORE TRUNCATE ON consent_records
  FOR EACH STATEMENT
  EXECUTE FUNCTION consent_records_append_only();

ALTER TABLE consent_records ENABLE ALWAYS TRIGGER consent_records_append_only_truncate;
