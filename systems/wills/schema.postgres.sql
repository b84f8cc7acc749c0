CREATE TABLE audit_logs (
  id uuid NOT NULL,
  created_at timestamptz(3) DEFAULT now() NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  event_category text COLLATE "C" NOT NULL,
  user_id text COLLATE "C",
  session_id text COLLATE "C",
  ip_address inet,
  user_agent text COLLATE "C",
  resource_type text COLLATE "C",
  resource_id text COLLATE "C",
  details jsonb DEFAULT '{}'::jsonb NOT NULL,
  CONSTRAINT audit_logs_pkey PRIMARY KEY (id, created_at),
  CONSTRAINT audit_logs_created_at_check CHECK (created_at >= '0001-01-01 00:00:00+00'::timestamptz AND created_at < '10000-01-01 00:00:00+00'::timestamptz),
  CONSTRAINT audit_logs_event_category_check CHECK (char_length(event_category) >= 1 AND char_length(event_category) <= 50),
  CONSTRAINT audit_logs_event_type_check CHECK (char_length(event_type) >= 1 AND char_length(event_type) <= 100),
  CONSTRAINT audit_logs_ip_address_check CHECK (ip_address = host(ip_address)::inet),
  CONSTRAINT audit_logs_resource_id_check CHECK (char_length(resource_id) >= 1),
  CONSTRAINT audit_logs_resource_type_check CHECK (char_length(resource_type) >= 1),
  CONSTRAINT audit_logs_session_id_check CHECK (char_length(session_id) >= 1),
  CONSTRAINT audit_logs_user_id_check CHECK (char_length(user_id) >= 1 AND char_length(user_id) <= 255)
) PARTITION BY RANGE (created_at);
CREATE INDEX audit_logs_created_at_idx ON audit_logs (created_at);
CREATE INDEX audit_logs_event_category_idx ON audit_logs (event_category);
CREATE INDEX audit_logs_event_type_created_at_idx ON audit_logs (event_type, created_at);
CREATE INDEX audit_logs_user_id_created_at_idx ON audit_logs (user_id, created_at);

CREATE TABLE clauses (
  id uuid NOT NULL,
  code text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  category text COLLATE "C" NOT NULL,
  version integer DEFAULT 1 NOT NULL,
  is_current boolean DEFAULT true NOT NULL,
  previous_version_id uuid,
  template_text text COLLATE "C" NOT NULL,
  variables_schema jsonb NOT NULL,
  will_types jsonb NOT NULL,
  is_required boolean DEFAULT false NOT NULL,
  display_order integer DEFAULT 0 NOT NULL,
  approved_by text COLLATE "C" NOT NULL,
  approved_at timestamptz(3) NOT NULL,
  approval_notes text COLLATE "C",
  created_at timestamptz(3) DEFAULT now() NOT NULL,
  updated_at timestamptz(3) DEFAULT now() NOT NULL,
  CONSTRAINT clauses_pkey PRIMARY KEY (id),
  CONSTRAINT clauses_previous_version_id_fkey FOREIGN KEY (previous_version_id) REFERENCES clauses(id) ON DELETE RESTRICT,
  CONSTRAINT clauses_approved_at_check CHECK (approved_at >= '0001-01-01 00:00:00+00'::timestamptz AND approved_at < '10000-01-01 00:00:00+00'::timestamptz),
  CONSTRAINT clauses_approved_by_check CHECK (char_length(approved_by) >= 1 AND char_length(approved_by) <= 200),
  CONSTRAINT clauses_category_check CHECK (category = ANY (ARRAY['revocation'::text, 'executor'::text, 'beneficiary'::text, 'guardian'::text, 'trust'::text, 'usufruct'::text, 'residue'::text, 'witness'::text, 'signature'::text])),
  CONSTRAINT clauses_code_check CHECK (char_length(code) >= 1 AND char_length(code) <= 50),
  CONSTRAINT clauses_created_at_check CHECK (created_at >= '0001-01-01 00:00:00+00'::timestamptz AND created_at < '10000-01-01 00:00:00+00'::timestamptz),
  CONSTRAINT clauses_name_check CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  CONSTRAINT clauses_template_text_check CHECK (char_length(template_text) >= 1),
  CONSTRAINT clauses_updated_at_check CHECK (updated_at >= '0001-01-01 00:00:00+00'::timestamptz AND updated_at < '10000-01-01 00:00:00+00'::timestamptz),
  CONSTRAINT clauses_version_check CHECK (version >= 1 AND version <= 2147483647)
);
CREATE INDEX clauses_category_is_current_idx ON clauses (category, is_current);
CREATE INDEX clauses_code_current_idx ON clauses (code) WHERE is_current;
CREATE UNIQUE INDEX clauses_code_version_idx ON clauses (code, version);
CREATE UNIQUE INDEX clauses_previous_version_id_idx ON clauses (previous_version_id);

CREATE TABLE consent_records (
  id uuid NOT NULL,
  subject_id text COLLATE "C",
  consent_version text COLLATE "C" NOT NULL,
  privacy_policy_version text COLLATE "C" NOT NULL,
  consent_categories jsonb NOT NULL,
  accepted_at timestamptz(3) NOT NULL,
  withdrawn_at timestamptz(3),
  ip_address inet,
  user_agent text COLLATE "C",
  created_at timestamptz(3) DEFAULT now() NOT NULL,
  CONSTRAINT consent_records_pkey PRIMARY KEY (id),
  CONSTRAINT consent_records_accepted_at_check CHECK (accepted_at >= '0001-01-01 00:00:00+00'::timestamptz AND accepted_at < '10000-01-01 00:00:00+00'::timestamptz),
  CONSTRAINT consent_records_consent_version_check CHECK (char_length(consent_version) >= 1 AND char_length(consent_version) <= 50),
  CONSTRAINT consent_records_created_at_check CHECK (created_at >= '0001-01-01 00:00:00+00'::timestamptz AND created_at < '10000-01-01 00:00:00+00'::timestamptz),
  CONSTRAINT consent_records_ip_address_check CHECK (ip_address = host(ip_address)::inet),
  CONSTRAINT consent_records_privacy_policy_version_check CHECK (char_length(privacy_policy_version) >= 1 AND char_length(privacy_policy_version) <= 50),
  CONSTRAINT consent_records_subject_id_check CHECK (char_length(subject_id) >= 1 AND char_length(subject_id) <= 255),
  CONSTRAINT consent_records_withdrawn_after_accepted CHECK (withdrawn_at >= accepted_at),
  CONSTRAINT consent_records_withdrawn_at_check CHECK (withdrawn_at >= '0001-01-01 00:00:00+00'::timestamptz AND withdrawn_at < '10000-01-01 00:00:00+00'::timestamptz)
);
CREATE INDEX consent_records_accepted_at_idx ON consent_records (accepted_at);
CREATE INDEX consent_records_subject_id_accepted_at_idx ON consent_records (subject_id, accepted_at);

CREATE OR REPLACE FUNCTION audit_logs_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of audit_logs are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of audit_logs are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION clauses_versioned_delete()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'ashlar/versioned: versions of clauses are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION clauses_versioned_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF NEW.is_current IS NOT TRUE THEN
    RAISE EXCEPTION 'ashlar/versioned: a new version of clauses is the current one'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  IF NEW.previous_version_id IS NULL THEN
    IF NEW.version IS DISTINCT FROM 1 THEN
      RAISE EXCEPTION 'ashlar/versioned: a first version of clauses has the number 1'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
  END IF;

  -- whoever supersedes the same version at the same time waits here, and then finds it retired
  PERFORM FROM clauses
  WHERE id = NEW.previous_version_id AND code = NEW.code AND version = NEW.version - 1 AND is_current
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'ashlar/versioned: a new version of clauses follows the current one of its key'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION clauses_versioned_retire()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  UPDATE clauses
  SET is_current = false, updated_at = NEW.updated_at
  WHERE id = NEW.previous_version_id;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION clauses_versioned_update()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  -- the one change there is: a version that has a successor is no longer current
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
$function$;

CREATE OR REPLACE FUNCTION consent_records_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of consent_records are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of consent_records are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION consent_records_append_only_stamp()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  IF ROW(NEW.id, NEW.subject_id, NEW.consent_version, NEW.privacy_policy_version, NEW.consent_categories, NEW.accepted_at, NEW.ip_address, NEW.user_agent, NEW.created_at)::record *= ROW(OLD.id, OLD.subject_id, OLD.consent_version, OLD.privacy_policy_version, OLD.consent_categories, OLD.accepted_at, OLD.ip_address, OLD.user_agent, OLD.created_at)::record
    AND (OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of consent_records are never changed, except that withdrawn_at is set once'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE TRIGGER audit_logs_append_only_delete BEFORE DELETE ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_logs_append_only();
ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only_delete;

CREATE TRIGGER audit_logs_append_only_truncate BEFORE TRUNCATE ON audit_logs FOR EACH STATEMENT EXECUTE FUNCTION audit_logs_append_only();
ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only_truncate;

CREATE TRIGGER audit_logs_append_only_update BEFORE UPDATE ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_logs_append_only();
ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only_update;

CREATE TRIGGER clauses_versioned_delete BEFORE DELETE ON clauses FOR EACH ROW EXECUTE FUNCTION clauses_versioned_delete();
ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_versioned_delete;

CREATE TRIGGER clauses_versioned_insert BEFORE INSERT ON clauses FOR EACH ROW EXECUTE FUNCTION clauses_versioned_insert();
ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_versioned_insert;

CREATE TRIGGER clauses_versioned_retire AFTER INSERT ON clauses FOR EACH ROW WHEN (new.previous_version_id IS NOT NULL) EXECUTE FUNCTION clauses_versioned_retire();
ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_versioned_retire;

CREATE TRIGGER clauses_versioned_truncate BEFORE TRUNCATE ON clauses FOR EACH STATEMENT EXECUTE FUNCTION clauses_versioned_delete();
ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_versioned_truncate;

CREATE TRIGGER clauses_versioned_update BEFORE UPDATE ON clauses FOR EACH ROW EXECUTE FUNCTION clauses_versioned_update();
ALTER TABLE clauses ENABLE ALWAYS TRIGGER clauses_versioned_update;

CREATE TRIGGER consent_records_append_only_delete BEFORE DELETE ON consent_records FOR EACH ROW EXECUTE FUNCTION consent_records_append_only();
ALTER TABLE consent_records ENABLE ALWAYS TRIGGER consent_records_append_only_delete;

CREATE TRIGGER consent_records_append_only_truncate BEFORE TRUNCATE ON consent_records FOR EACH STATEMENT EXECUTE FUNCTION consent_records_append_only();
ALTER TABLE consent_records ENABLE ALWAYS TRIGGER consent_records_append_only_truncate;

CREATE TRIGGER consent_records_append_only_update BEFORE UPDATE ON consent_records FOR EACH ROW EXECUTE FUNCTION consent_records_append_only_stamp();
ALTER TABLE consent_records ENABLE ALWAYS TRIGGER consent_records_append_only_update;
