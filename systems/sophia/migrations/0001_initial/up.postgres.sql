-- 0001_initial
-- audit_log: create table
-- clients: create table
-- enrichment_log: create table
-- institutional_knowledge: create table
-- record_changes: create table
-- voice_materials: create table
-- voice_profiles: create table

CREATE TABLE audit_log (
  id uuid NOT NULL,
  client_id uuid,
  action text COLLATE "C" NOT NULL
    CONSTRAINT audit_log_action_check CHECK (char_length(action) BETWEEN 1 AND 100),
  actor text COLLATE "C" DEFAULT 'sophia' NOT NULL
    CONSTRAINT audit_log_actor_check CHECK (char_length(actor) BETWEEN 1 AND 255),
  details jsonb,
  before_snapshot jsonb,
  after_snapshot jsonb,
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT audit_log_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  ashlar_xid xid8 DEFAULT '0' NOT NULL,
  ashlar_at timestamptz(6),
  CONSTRAINT audit_log_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_log_client_id_action_idx ON audit_log (client_id, action);
CREATE TABLE audit_log_ledger_entries (
  row_key text COLLATE "C" NOT NULL,
  entry bytea NOT NULL,
  CONSTRAINT audit_log_ledger_entries_pkey PRIMARY KEY (row_key)
);
CREATE TABLE audit_log_ledger_tree (
  level integer NOT NULL,
  position bigint NOT NULL,
  hash bytea NOT NULL CONSTRAINT audit_log_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key text COLLATE "C",
  CONSTRAINT audit_log_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT audit_log_ledger_tree_row_key_key UNIQUE (row_key),
  CONSTRAINT audit_log_ledger_tree_check CHECK (position >= 0 AND level >= 0 AND (level = 0) = (row_key IS NOT NULL))
);
CREATE TABLE audit_log_ledger_blocks (
  size bigint NOT NULL,
  root bytea NOT NULL CONSTRAINT audit_log_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at timestamptz(3) DEFAULT now() NOT NULL,
  CONSTRAINT audit_log_ledger_blocks_pkey PRIMARY KEY (size)
);
CREATE TABLE audit_log_ledger_head (
  id integer DEFAULT 1 NOT NULL CONSTRAINT audit_log_ledger_head_id_check CHECK (id = 1),
  size bigint DEFAULT 0 NOT NULL,
  frontier bytea DEFAULT '\x' NOT NULL,
  watermark pg_snapshot DEFAULT pg_current_snapshot() NOT NULL,
  sealer xid8,
  cluster text DEFAULT (pg_control_system()).system_identifier::text,
  first_provable bigint DEFAULT 0 NOT NULL,
  CONSTRAINT audit_log_ledger_head_pkey PRIMARY KEY (id)
);

INSERT INTO audit_log_ledger_head DEFAULT VALUES;
CREATE INDEX audit_log_client_id_scope_idx ON audit_log (coalesce(CAST(client_id AS text) COLLATE "C", ''));
CREATE INDEX audit_log_ashlar_xid_idx ON audit_log (ashlar_xid);
CREATE FUNCTION audit_log_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of audit_log are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of audit_log are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION audit_log_ledger_entries_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of audit_log_ledger_entries are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION audit_log_ledger_tree_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of audit_log_ledger_tree are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION audit_log_ledger_blocks_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of audit_log_ledger_blocks are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION audit_log_ledger_stamp() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.ashlar_xid := pg_current_xact_id();
  NEW.ashlar_at := now();
  RETURN NEW;
END
$$;
CREATE FUNCTION audit_log_ledger_seal() RETURNS text
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
  IF NOT pg_try_advisory_xact_lock(hashtextextended('ashlar ledger audit_log ' || current_schema(), 0)) THEN
    RETURN 'busy';
  END IF;
  SELECT * INTO head FROM audit_log_ledger_head;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM audit_log_ledger_tree) THEN
      RAISE EXCEPTION 'ashlar/ledgered: the ledger of audit_log has leaves but no head row';
    END IF;
    INSERT INTO audit_log_ledger_head (cluster) VALUES (NULL) RETURNING * INTO head;
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
          '["ashlar/entry/v1","audit_log","', gen_random_uuid(),
          '","', to_char(t.ashlar_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '",{',
          substr(concat(
            ',"id":"', t.id, '"',
            ',"client_id":' || '"' || t.client_id::text || '"',
            ',"action":', to_json(t.action),
            ',"actor":', to_json(t.actor),
            ',"details":' || t.details::text,
            ',"before_snapshot":' || t.before_snapshot::text,
            ',"after_snapshot":' || t.after_snapshot::text,
            ',"created_at":"', to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '"'
          ), 2), '}]'
        ), 'UTF8') AS entry
      FROM (
        SELECT *
        FROM (
          SELECT t.*, t.id::text AS leaf_key FROM audit_log t WHERE t.ashlar_xid = ANY (waiting)
          UNION ALL
          SELECT t.*, t.id::text AS leaf_key FROM audit_log t WHERE t.ashlar_xid >= low AND t.ashlar_xid <= high
        ) candidate
        WHERE (SELECT leaf.position FROM audit_log_ledger_tree leaf WHERE leaf.row_key = candidate.leaf_key) IS NULL
        ORDER BY candidate.ashlar_xid, candidate.leaf_key
        LIMIT 10000
      ) t
    ) e
  ), written AS (
    INSERT INTO audit_log_ledger_entries (row_key, entry)
    SELECT fresh.row_key, fresh.entry FROM fresh
  ), leaves AS (
    INSERT INTO audit_log_ledger_tree (level, position, hash, row_key)
    SELECT 0, fresh.position, fresh.hash, fresh.row_key FROM fresh
  )
  SELECT array_agg(fresh.hash ORDER BY fresh.position), max(fresh.xid) INTO nodes, last FROM fresh;
  PERFORM set_config('ashlar.scope', callers_scope, true);
  count := coalesce(cardinality(nodes), 0);
  IF count = 0 THEN
    IF head.cluster IS DISTINCT FROM this_cluster THEN
      UPDATE audit_log_ledger_head SET cluster = this_cluster, watermark = mark, sealer = pg_current_xact_id();
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
      INSERT INTO audit_log_ledger_tree (level, position, hash)
      SELECT height / 8, at + run.number - 1, run.hash FROM unnest(nodes) WITH ORDINALITY AS run (hash, number);
    END IF;
  END LOOP;
  new_frontier := substr(head.frontier, 1, 32 * kept) || new_frontier;

  kept := length(new_frontier) / 32;
  root := substr(new_frontier, 32 * kept - 31);
  FOR i IN REVERSE kept - 1 .. 1 LOOP
    root := sha256('\x01' || substr(new_frontier, 32 * i - 31, 32) || root);
  END LOOP;
  INSERT INTO audit_log_ledger_blocks (size, root) VALUES (head.size + count, root);
  UPDATE audit_log_ledger_head
  SET size = head.size + count, frontier = new_frontier, watermark = mark, sealer = pg_current_xact_id(), cluster = this_cluster;
  RETURN CASE WHEN count = 10000 THEN 'more' ELSE 'done' END;
END
$$;
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_log_scoped ON audit_log
  USING (coalesce(CAST(client_id AS text) COLLATE "C", '') BETWEEN ashlar_scope_text_low() AND ashlar_scope_text_high());
CREATE TRIGGER audit_log_append_only_update BEFORE UPDATE ON audit_log
  FOR EACH ROW
  EXECUTE FUNCTION audit_log_append_only();

ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only_update;
CREATE TRIGGER audit_log_append_only_delete BEFORE DELETE ON audit_log
  FOR EACH ROW
  EXECUTE FUNCTION audit_log_append_only();

ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only_delete;
CREATE TRIGGER audit_log_append_only_truncate BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_log_append_only();

ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only_truncate;
CREATE TRIGGER audit_log_ledger_entries_append_only_update BEFORE UPDATE ON audit_log_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_log_ledger_entries_append_only();

ALTER TABLE audit_log_ledger_entries ENABLE ALWAYS TRIGGER audit_log_ledger_entries_append_only_update;
CREATE TRIGGER audit_log_ledger_entries_append_only_delete BEFORE DELETE ON audit_log_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_log_ledger_entries_append_only();

ALTER TABLE audit_log_ledger_entries ENABLE ALWAYS TRIGGER audit_log_ledger_entries_append_only_delete;
CREATE TRIGGER audit_log_ledger_entries_append_only_truncate BEFORE TRUNCATE ON audit_log_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_log_ledger_entries_append_only();

ALTER TABLE audit_log_ledger_entries ENABLE ALWAYS TRIGGER audit_log_ledger_entries_append_only_truncate;
CREATE TRIGGER audit_log_ledger_tree_append_only_update BEFORE UPDATE ON audit_log_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_log_ledger_tree_append_only();

ALTER TABLE audit_log_ledger_tree ENABLE ALWAYS TRIGGER audit_log_ledger_tree_append_only_update;
CREATE TRIGGER audit_log_ledger_tree_append_only_delete BEFORE DELETE ON audit_log_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_log_ledger_tree_append_only();

ALTER TABLE audit_log_ledger_tree ENABLE ALWAYS TRIGGER audit_log_ledger_tree_append_only_delete;
CREATE TRIGGER audit_log_ledger_tree_append_only_truncate BEFORE TRUNCATE ON audit_log_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_log_ledger_tree_append_only();

ALTER TABLE audit_log_ledger_tree ENABLE ALWAYS TRIGGER audit_log_ledger_tree_append_only_truncate;
CREATE TRIGGER audit_log_ledger_blocks_append_only_update BEFORE UPDATE ON audit_log_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_log_ledger_blocks_append_only();

ALTER TABLE audit_log_ledger_blocks ENABLE ALWAYS TRIGGER audit_log_ledger_blocks_append_only_update;
CREATE TRIGGER audit_log_ledger_blocks_append_only_delete BEFORE DELETE ON audit_log_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_log_ledger_blocks_append_only();

ALTER TABLE audit_log_ledger_blocks ENABLE ALWAYS TRIGGER audit_log_ledger_blocks_append_only_delete;
CREATE TRIGGER audit_log_ledger_blocks_append_only_truncate BEFORE TRUNCATE ON audit_log_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION audit_log_ledger_blocks_append_only();

ALTER TABLE audit_log_ledger_blocks ENABLE ALWAYS TRIGGER audit_log_ledger_blocks_append_only_truncate;
CREATE TRIGGER audit_log_ledger_append BEFORE INSERT ON audit_log
  FOR EACH ROW
  EXECUTE FUNCTION audit_log_ledger_stamp();

ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_ledger_append;

CREATE TABLE clients (
  id uuid NOT NULL,
  name text COLLATE "C" NOT NULL CONSTRAINT clients_name_check CHECK (char_length(name) <= 200),
  industry text COLLATE "C" NOT NULL
    CONSTRAINT clients_industry_check CHECK (char_length(industry) BETWEEN 1 AND 200),
  business_description text COLLATE "C"
    CONSTRAINT clients_business_description_check CHECK (char_length(business_description) >= 1),
  geography_area text COLLATE "C"
    CONSTRAINT clients_geography_area_check CHECK (char_length(geography_area) >= 1),
  geography_radius_km integer
    CONSTRAINT clients_geography_radius_km_check CHECK (geography_radius_km BETWEEN 0 AND 2147483647),
  industry_vertical text COLLATE "C"
    CONSTRAINT clients_industry_vertical_check CHECK (char_length(industry_vertical) >= 1),
  target_audience jsonb,
  content_pillars jsonb,
  posting_cadence jsonb,
  platform_accounts jsonb,
  guardrails jsonb,
  brand_assets jsonb,
  competitors jsonb,
  market_scope jsonb,
  onboarding_state jsonb,
  is_archived boolean DEFAULT false NOT NULL,
  archived_at timestamptz(3)
    CONSTRAINT clients_archived_at_check CHECK (archived_at >= '0001-01-01T00:00:00Z' AND archived_at < '10000-01-01T00:00:00Z'),
  profile_completeness_pct integer DEFAULT 0 NOT NULL
    CONSTRAINT clients_profile_completeness_pct_check CHECK (profile_completeness_pct BETWEEN 0 AND 100),
  is_mvp_ready boolean DEFAULT false NOT NULL,
  last_activity_at timestamptz(3)
    CONSTRAINT clients_last_activity_at_check CHECK (last_activity_at >= '0001-01-01T00:00:00Z' AND last_activity_at < '10000-01-01T00:00:00Z'),
  last_action_summary text COLLATE "C",
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT clients_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  updated_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT clients_updated_at_check CHECK (updated_at >= '0001-01-01T00:00:00Z' AND updated_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT clients_pkey PRIMARY KEY (id),
  CONSTRAINT clients_name_key UNIQUE (name),
  CONSTRAINT clients_archived_when CHECK (is_archived = (archived_at IS NOT NULL)),
  CONSTRAINT clients_complete_as_filled CHECK (profile_completeness_pct = CASE WHEN business_description IS NULL THEN 0 ELSE 15 END + CASE WHEN target_audience IS NULL THEN 0 ELSE 15 END + CASE WHEN content_pillars IS NULL THEN 0 ELSE 15 END + CASE WHEN geography_area IS NULL THEN 0 ELSE 10 END + CASE WHEN posting_cadence IS NULL THEN 0 ELSE 10 END + CASE WHEN platform_accounts IS NULL THEN 0 ELSE 10 END + CASE WHEN guardrails IS NULL THEN 0 ELSE 10 END + CASE WHEN industry_vertical IS NULL THEN 0 ELSE 5 END + CASE WHEN brand_assets IS NULL THEN 0 ELSE 5 END + CASE WHEN competitors IS NULL THEN 0 ELSE 5 END),
  CONSTRAINT clients_ready_as_filled CHECK (is_mvp_ready = (business_description IS NOT NULL AND geography_area IS NOT NULL AND target_audience IS NOT NULL AND content_pillars IS NOT NULL AND guardrails IS NOT NULL))
);
CREATE INDEX clients_is_archived_idx ON clients (is_archived);
CREATE FUNCTION clients_audited() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
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
          'name', OLD.name,
          'industry', OLD.industry,
          'business_description', OLD.business_description,
          'geography_area', OLD.geography_area,
          'geography_radius_km', OLD.geography_radius_km,
          'industry_vertical', OLD.industry_vertical,
          'target_audience', OLD.target_audience,
          'content_pillars', OLD.content_pillars,
          'posting_cadence', OLD.posting_cadence,
          'platform_accounts', OLD.platform_accounts,
          'guardrails', OLD.guardrails,
          'brand_assets', OLD.brand_assets,
          'competitors', OLD.competitors,
          'market_scope', OLD.market_scope,
          'onboarding_state', OLD.onboarding_state,
          'is_archived', OLD.is_archived,
          'archived_at', to_char(OLD.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'profile_completeness_pct', OLD.profile_completeness_pct,
          'is_mvp_ready', OLD.is_mvp_ready,
          'last_activity_at', to_char(OLD.last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'last_action_summary', OLD.last_action_summary,
          'created_at', to_char(OLD.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(OLD.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END,
    CASE WHEN TG_OP <> 'DELETE' THEN
        jsonb_build_object(
          'id', NEW.id,
          'name', NEW.name,
          'industry', NEW.industry,
          'business_description', NEW.business_description,
          'geography_area', NEW.geography_area,
          'geography_radius_km', NEW.geography_radius_km,
          'industry_vertical', NEW.industry_vertical,
          'target_audience', NEW.target_audience,
          'content_pillars', NEW.content_pillars,
          'posting_cadence', NEW.posting_cadence,
          'platform_accounts', NEW.platform_accounts,
          'guardrails', NEW.guardrails,
          'brand_assets', NEW.brand_assets,
          'competitors', NEW.competitors,
          'market_scope', NEW.market_scope,
          'onboarding_state', NEW.onboarding_state,
          'is_archived', NEW.is_archived,
          'archived_at', to_char(NEW.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'profile_completeness_pct', NEW.profile_completeness_pct,
          'is_mvp_ready', NEW.is_mvp_ready,
          'last_activity_at', to_char(NEW.last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'last_action_summary', NEW.last_action_summary,
          'created_at', to_char(NEW.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(NEW.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END
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
CREATE FUNCTION clients_named_nowhere() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog AS $$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF coalesce(current_setting('ashlar.scope', true), '') <> '*' THEN
    RAISE EXCEPTION 'ashlar/named-nowhere: clients are named by sessions of every scope only'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  -- transactions that write names and those that write knowledge must see each other
  PERFORM pg_advisory_xact_lock(hashtextextended('ashlar/names-no-client', 0));
  IF EXISTS (
    SELECT 1 FROM institutional_knowledge AS knowledge
    WHERE replace(replace(replace(' ' || translate(lower(NEW.name COLLATE "C"), chr(9) || chr(10) || chr(13) || '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~…–—‘’“” ''', repeat(' ', 43)) || ' ', ' ', '<>'), '><', ''), '<>', ' ') <> ' '
      AND strpos(
        replace(replace(replace(' ' || translate(lower((knowledge.category || ' § ' || knowledge.content || ' § ' || coalesce(knowledge.source, '') || ' § ' || coalesce((SELECT string_agg(tag #>> '{}', ' § ') FROM jsonb_path_query(knowledge.tags, '$[*]') AS tag), '')) COLLATE "C"), chr(9) || chr(10) || chr(13) || '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~…–—‘’“” ''', repeat(' ', 43)) || ' ', ' ', '<>'), '><', ''), '<>', ' '),
        replace(replace(replace(' ' || translate(lower(NEW.name COLLATE "C"), chr(9) || chr(10) || chr(13) || '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~…–—‘’“” ''', repeat(' ', 43)) || ' ', ' ', '<>'), '><', ''), '<>', ' ')
      ) > 0
  ) THEN
    RAISE EXCEPTION 'ashlar/named-nowhere: a client has a name that occurs in the institutional knowledge'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;
ALTER TABLE clients ENABLE ROW LEVEL SECURITY;
ALTER TABLE clients FORCE ROW LEVEL SECURITY;
CREATE POLICY clients_scoped ON clients
  USING (id BETWEEN ashlar_scope_uuid_low() AND ashlar_scope_uuid_high());
CREATE TRIGGER clients_audited AFTER INSERT OR UPDATE OR DELETE ON clients
  FOR EACH ROW
  EXECUTE FUNCTION clients_audited();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_audited;
CREATE TRIGGER clients_audited_truncate BEFORE TRUNCATE ON clients
  FOR EACH STATEMENT
  EXECUTE FUNCTION clients_audited_truncate();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_audited_truncate;
CREATE TRIGGER clients_named_nowhere_insert BEFORE INSERT ON clients
  FOR EACH ROW
  EXECUTE FUNCTION clients_named_nowhere();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_named_nowhere_insert;
CREATE TRIGGER clients_named_nowhere_update BEFORE UPDATE ON clients
  FOR EACH ROW
  WHEN (NEW.name IS DISTINCT FROM OLD.name)
  EXECUTE FUNCTION clients_named_nowhere();

ALTER TABLE clients ENABLE ALWAYS TRIGGER clients_named_nowhere_update;

CREATE TABLE enrichment_log (
  id uuid NOT NULL,
  client_id uuid NOT NULL,
  field_name text COLLATE "C" NOT NULL
    CONSTRAINT enrichment_log_field_name_check CHECK (field_name IN ('industry', 'business_description', 'geography_area', 'geography_radius_km', 'industry_vertical', 'target_audience', 'content_pillars', 'posting_cadence', 'platform_accounts', 'guardrails', 'brand_assets', 'competitors', 'market_scope', 'onboarding_state')),
  old_value jsonb,
  new_value jsonb NOT NULL,
  source text COLLATE "C" NOT NULL
    CONSTRAINT enrichment_log_source_check CHECK (char_length(source) >= 1),
  reason text COLLATE "C" CONSTRAINT enrichment_log_reason_check CHECK (char_length(reason) >= 1),
  timestamp timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT enrichment_log_timestamp_check CHECK (timestamp >= '0001-01-01T00:00:00Z' AND timestamp < '10000-01-01T00:00:00Z'),
  CONSTRAINT enrichment_log_pkey PRIMARY KEY (id),
  CONSTRAINT enrichment_log_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT
);
CREATE INDEX enrichment_log_client_id_field_name_idx ON enrichment_log (client_id, field_name);
CREATE FUNCTION enrichment_log_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of enrichment_log are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of enrichment_log are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
ALTER TABLE enrichment_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE enrichment_log FORCE ROW LEVEL SECURITY;
CREATE POLICY enrichment_log_scoped ON enrichment_log
  USING (client_id BETWEEN ashlar_scope_uuid_low() AND ashlar_scope_uuid_high());
CREATE TRIGGER enrichment_log_append_only_update BEFORE UPDATE ON enrichment_log
  FOR EACH ROW
  EXECUTE FUNCTION enrichment_log_append_only();

ALTER TABLE enrichment_log ENABLE ALWAYS TRIGGER enrichment_log_append_only_update;
CREATE TRIGGER enrichment_log_append_only_delete BEFORE DELETE ON enrichment_log
  FOR EACH ROW
  EXECUTE FUNCTION enrichment_log_append_only();

ALTER TABLE enrichment_log ENABLE ALWAYS TRIGGER enrichment_log_append_only_delete;
CREATE TRIGGER enrichment_log_append_only_truncate BEFORE TRUNCATE ON enrichment_log
  FOR EACH STATEMENT
  EXECUTE FUNCTION enrichment_log_append_only();

ALTER TABLE enrichment_log ENABLE ALWAYS TRIGGER enrichment_log_append_only_truncate;

CREATE TABLE institutional_knowledge (
  id uuid NOT NULL,
  category text COLLATE "C" NOT NULL
    CONSTRAINT institutional_knowledge_category_check CHECK (char_length(category) BETWEEN 1 AND 100),
  content text COLLATE "C" NOT NULL
    CONSTRAINT institutional_knowledge_content_check CHECK (char_length(content) >= 1),
  source text COLLATE "C"
    CONSTRAINT institutional_knowledge_source_check CHECK (char_length(source) >= 1),
  tags jsonb,
  confidence double precision
    CONSTRAINT institutional_knowledge_confidence_check CHECK (confidence BETWEEN 0 AND 1),
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT institutional_knowledge_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  updated_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT institutional_knowledge_updated_at_check CHECK (updated_at >= '0001-01-01T00:00:00Z' AND updated_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT institutional_knowledge_pkey PRIMARY KEY (id)
);
CREATE INDEX institutional_knowledge_category_idx ON institutional_knowledge (category);
CREATE FUNCTION institutional_knowledge_names_no_client() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog AS $$
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF coalesce(current_setting('ashlar.scope', true), '') <> '*' THEN
    RAISE EXCEPTION 'ashlar/names-no-client: institutional knowledge is written by sessions of every scope only'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  -- transactions that write names and those that write knowledge must see each other
  PERFORM pg_advisory_xact_lock(hashtextextended('ashlar/names-no-client', 0));
  IF EXISTS (
    SELECT 1 FROM clients AS client
    WHERE replace(replace(replace(' ' || translate(lower(client.name COLLATE "C"), chr(9) || chr(10) || chr(13) || '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~…–—‘’“” ''', repeat(' ', 43)) || ' ', ' ', '<>'), '><', ''), '<>', ' ') <> ' '
      AND strpos(
        replace(replace(replace(' ' || translate(lower((NEW.category || ' § ' || NEW.content || ' § ' || coalesce(NEW.source, '') || ' § ' || coalesce((SELECT string_agg(tag #>> '{}', ' § ') FROM jsonb_path_query(NEW.tags, '$[*]') AS tag), '')) COLLATE "C"), chr(9) || chr(10) || chr(13) || '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~…–—‘’“” ''', repeat(' ', 43)) || ' ', ' ', '<>'), '><', ''), '<>', ' '),
        replace(replace(replace(' ' || translate(lower(client.name COLLATE "C"), chr(9) || chr(10) || chr(13) || '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~…–—‘’“” ''', repeat(' ', 43)) || ' ', ' ', '<>'), '><', ''), '<>', ' ')
      ) > 0
  ) THEN
    RAISE EXCEPTION 'ashlar/names-no-client: institutional knowledge names a client'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER institutional_knowledge_names_no_client_insert BEFORE INSERT ON institutional_knowledge
  FOR EACH ROW
  EXECUTE FUNCTION institutional_knowledge_names_no_client();

ALTER TABLE institutional_knowledge ENABLE ALWAYS TRIGGER institutional_knowledge_names_no_client_insert;
CREATE TRIGGER institutional_knowledge_names_no_client_update BEFORE UPDATE ON institutional_knowledge
  FOR EACH ROW
  EXECUTE FUNCTION institutional_knowledge_names_no_client();

ALTER TABLE institutional_knowledge ENABLE ALWAYS TRIGGER institutional_knowledge_names_no_client_update;

CREATE TABLE record_changes (
  id bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL
    CONSTRAINT record_changes_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
  at timestamptz(6) DEFAULT now() NOT NULL
    CONSTRAINT record_changes_at_check CHECK (at >= '0001-01-01T00:00:00Z' AND at < '10000-01-01T00:00:00Z'),
  actor text COLLATE "C",
  scope text COLLATE "C",
  role text COLLATE "C" NOT NULL,
  table_name text COLLATE "C" NOT NULL,
  operation text COLLATE "C" NOT NULL
    CONSTRAINT record_changes_operation_check CHECK (operation IN ('insert', 'update', 'delete')),
  row_key jsonb NOT NULL,
  before jsonb,
  "after" jsonb,
  unseen jsonb,
  ashlar_xid xid8 DEFAULT '0' NOT NULL,
  ashlar_at timestamptz(6),
  CONSTRAINT record_changes_pkey PRIMARY KEY (id)
);
CREATE INDEX record_changes_table_name_row_key_idx ON record_changes (table_name, row_key);
CREATE INDEX record_changes_at_idx ON record_changes (at);
CREATE TABLE record_changes_ledger_entries (
  row_key text COLLATE "C" NOT NULL,
  entry bytea NOT NULL,
  CONSTRAINT record_changes_ledger_entries_pkey PRIMARY KEY (row_key)
);
CREATE TABLE record_changes_ledger_tree (
  level integer NOT NULL,
  position bigint NOT NULL,
  hash bytea NOT NULL CONSTRAINT record_changes_ledger_tree_hash_check CHECK (length(hash) = 32),
  row_key text COLLATE "C",
  CONSTRAINT record_changes_ledger_tree_pkey PRIMARY KEY (level, position),
  CONSTRAINT record_changes_ledger_tree_row_key_key UNIQUE (row_key),
  CONSTRAINT record_changes_ledger_tree_check CHECK (position >= 0 AND level >= 0 AND (level = 0) = (row_key IS NOT NULL))
);
CREATE TABLE record_changes_ledger_blocks (
  size bigint NOT NULL,
  root bytea NOT NULL CONSTRAINT record_changes_ledger_blocks_root_check CHECK (length(root) = 32),
  sealed_at timestamptz(3) DEFAULT now() NOT NULL,
  CONSTRAINT record_changes_ledger_blocks_pkey PRIMARY KEY (size)
);
CREATE TABLE record_changes_ledger_head (
  id integer DEFAULT 1 NOT NULL CONSTRAINT record_changes_ledger_head_id_check CHECK (id = 1),
  size bigint DEFAULT 0 NOT NULL,
  frontier bytea DEFAULT '\x' NOT NULL,
  watermark pg_snapshot DEFAULT pg_current_snapshot() NOT NULL,
  sealer xid8,
  cluster text DEFAULT (pg_control_system()).system_identifier::text,
  first_provable bigint DEFAULT 0 NOT NULL,
  CONSTRAINT record_changes_ledger_head_pkey PRIMARY KEY (id)
);

INSERT INTO record_changes_ledger_head DEFAULT VALUES;
CREATE INDEX record_changes_ashlar_xid_idx ON record_changes (ashlar_xid);
CREATE INDEX record_changes_scope_scope_idx ON record_changes (coalesce(scope, ''));
CREATE FUNCTION record_changes_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of record_changes are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of record_changes are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION record_changes_trail_insert() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/trail: rows of record_changes are written by the database only'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION record_changes_ledger_entries_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of record_changes_ledger_entries are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION record_changes_ledger_tree_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of record_changes_ledger_tree are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION record_changes_ledger_blocks_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: rows of record_changes_ledger_blocks are never changed and never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE FUNCTION record_changes_ledger_stamp() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.ashlar_xid := pg_current_xact_id();
  NEW.ashlar_at := now();
  RETURN NEW;
END
$$;
CREATE FUNCTION record_changes_ledger_seal() RETURNS text
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
  IF NOT pg_try_advisory_xact_lock(hashtextextended('ashlar ledger record_changes ' || current_schema(), 0)) THEN
    RETURN 'busy';
  END IF;
  SELECT * INTO head FROM record_changes_ledger_head;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM record_changes_ledger_tree) THEN
      RAISE EXCEPTION 'ashlar/ledgered: the ledger of record_changes has leaves but no head row';
    END IF;
    INSERT INTO record_changes_ledger_head (cluster) VALUES (NULL) RETURNING * INTO head;
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
          '["ashlar/entry/v1","record_changes","', gen_random_uuid(),
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
          SELECT t.*, t.id::text AS leaf_key FROM record_changes t WHERE t.ashlar_xid = ANY (waiting)
          UNION ALL
          SELECT t.*, t.id::text AS leaf_key FROM record_changes t WHERE t.ashlar_xid >= low AND t.ashlar_xid <= high
        ) candidate
        WHERE (SELECT leaf.position FROM record_changes_ledger_tree leaf WHERE leaf.row_key = candidate.leaf_key) IS NULL
        ORDER BY candidate.ashlar_xid, candidate.leaf_key
        LIMIT 10000
      ) t
    ) e
  ), written AS (
    INSERT INTO record_changes_ledger_entries (row_key, entry)
    SELECT fresh.row_key, fresh.entry FROM fresh
  ), leaves AS (
    INSERT INTO record_changes_ledger_tree (level, position, hash, row_key)
    SELECT 0, fresh.position, fresh.hash, fresh.row_key FROM fresh
  )
  SELECT array_agg(fresh.hash ORDER BY fresh.position), max(fresh.xid) INTO nodes, last FROM fresh;
  PERFORM set_config('ashlar.scope', callers_scope, true);
  count := coalesce(cardinality(nodes), 0);
  IF count = 0 THEN
    IF head.cluster IS DISTINCT FROM this_cluster THEN
      UPDATE record_changes_ledger_head SET cluster = this_cluster, watermark = mark, sealer = pg_current_xact_id();
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
      INSERT INTO record_changes_ledger_tree (level, position, hash)
      SELECT height / 8, at + run.number - 1, run.hash FROM unnest(nodes) WITH ORDINALITY AS run (hash, number);
    END IF;
  END LOOP;
  new_frontier := substr(head.frontier, 1, 32 * kept) || new_frontier;

  kept := length(new_frontier) / 32;
  root := substr(new_frontier, 32 * kept - 31);
  FOR i IN REVERSE kept - 1 .. 1 LOOP
    root := sha256('\x01' || substr(new_frontier, 32 * i - 31, 32) || root);
  END LOOP;
  INSERT INTO record_changes_ledger_blocks (size, root) VALUES (head.size + count, root);
  UPDATE record_changes_ledger_head
  SET size = head.size + count, frontier = new_frontier, watermark = mark, sealer = pg_current_xact_id(), cluster = this_cluster;
  RETURN CASE WHEN count = 10000 THEN 'more' ELSE 'done' END;
END
$$;
ALTER TABLE record_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE record_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY record_changes_scoped ON record_changes
  USING (coalesce(scope, '') BETWEEN ashlar_scope_text_low() AND ashlar_scope_text_high())
  WITH CHECK (coalesce(scope, '') BETWEEN ashlar_scope_text_low() AND ashlar_scope_text_high() OR (scope IS NULL AND coalesce(current_setting('ashlar.scope', true), '') = ''));
CREATE TRIGGER record_changes_append_only_update BEFORE UPDATE ON record_changes
  FOR EACH ROW
  EXECUTE FUNCTION record_changes_append_only();

ALTER TABLE record_changes ENABLE ALWAYS TRIGGER record_changes_append_only_update;
CREATE TRIGGER record_changes_append_only_delete BEFORE DELETE ON record_changes
  FOR EACH ROW
  EXECUTE FUNCTION record_changes_append_only();

ALTER TABLE record_changes ENABLE ALWAYS TRIGGER record_changes_append_only_delete;
CREATE TRIGGER record_changes_append_only_truncate BEFORE TRUNCATE ON record_changes
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_changes_append_only();

ALTER TABLE record_changes ENABLE ALWAYS TRIGGER record_changes_append_only_truncate;
CREATE TRIGGER record_changes_trail_insert BEFORE INSERT ON record_changes
  FOR EACH ROW
  WHEN (pg_trigger_depth() = 0)
  EXECUTE FUNCTION record_changes_trail_insert();

ALTER TABLE record_changes ENABLE ALWAYS TRIGGER record_changes_trail_insert;
CREATE TRIGGER record_changes_ledger_entries_append_only_update BEFORE UPDATE ON record_changes_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_changes_ledger_entries_append_only();

ALTER TABLE record_changes_ledger_entries ENABLE ALWAYS TRIGGER record_changes_ledger_entries_append_only_update;
CREATE TRIGGER record_changes_ledger_entries_append_only_delete BEFORE DELETE ON record_changes_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_changes_ledger_entries_append_only();

ALTER TABLE record_changes_ledger_entries ENABLE ALWAYS TRIGGER record_changes_ledger_entries_append_only_delete;
CREATE TRIGGER record_changes_ledger_entries_append_only_truncate BEFORE TRUNCATE ON record_changes_ledger_entries
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_changes_ledger_entries_append_only();

ALTER TABLE record_changes_ledger_entries ENABLE ALWAYS TRIGGER record_changes_ledger_entries_append_only_truncate;
CREATE TRIGGER record_changes_ledger_tree_append_only_update BEFORE UPDATE ON record_changes_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_changes_ledger_tree_append_only();

ALTER TABLE record_changes_ledger_tree ENABLE ALWAYS TRIGGER record_changes_ledger_tree_append_only_update;
CREATE TRIGGER record_changes_ledger_tree_append_only_delete BEFORE DELETE ON record_changes_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_changes_ledger_tree_append_only();

ALTER TABLE record_changes_ledger_tree ENABLE ALWAYS TRIGGER record_changes_ledger_tree_append_only_delete;
CREATE TRIGGER record_changes_ledger_tree_append_only_truncate BEFORE TRUNCATE ON record_changes_ledger_tree
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_changes_ledger_tree_append_only();

ALTER TABLE record_changes_ledger_tree ENABLE ALWAYS TRIGGER record_changes_ledger_tree_append_only_truncate;
CREATE TRIGGER record_changes_ledger_blocks_append_only_update BEFORE UPDATE ON record_changes_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_changes_ledger_blocks_append_only();

ALTER TABLE record_changes_ledger_blocks ENABLE ALWAYS TRIGGER record_changes_ledger_blocks_append_only_update;
CREATE TRIGGER record_changes_ledger_blocks_append_only_delete BEFORE DELETE ON record_changes_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_changes_ledger_blocks_append_only();

ALTER TABLE record_changes_ledger_blocks ENABLE ALWAYS TRIGGER record_changes_ledger_blocks_append_only_delete;
CREATE TRIGGER record_changes_ledger_blocks_append_only_truncate BEFORE TRUNCATE ON record_changes_ledger_blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION record_changes_ledger_blocks_append_only();

ALTER TABLE record_changes_ledger_blocks ENABLE ALWAYS TRIGGER record_changes_ledger_blocks_append_only_truncate;
CREATE TRIGGER record_changes_ledger_append BEFORE INSERT ON record_changes
  FOR EACH ROW
  EXECUTE FUNCTION record_changes_ledger_stamp();

ALTER TABLE record_changes ENABLE ALWAYS TRIGGER record_changes_ledger_append;

CREATE TABLE voice_materials (
  id uuid NOT NULL,
  client_id uuid NOT NULL,
  source_type text COLLATE "C" NOT NULL
    CONSTRAINT voice_materials_source_type_check CHECK (char_length(source_type) BETWEEN 1 AND 50),
  content text COLLATE "C" NOT NULL
    CONSTRAINT voice_materials_content_check CHECK (char_length(content) >= 1),
  source_url text COLLATE "C",
  metadata jsonb,
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT voice_materials_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  updated_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT voice_materials_updated_at_check CHECK (updated_at >= '0001-01-01T00:00:00Z' AND updated_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT voice_materials_pkey PRIMARY KEY (id),
  CONSTRAINT voice_materials_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT
);
CREATE INDEX voice_materials_client_id_idx ON voice_materials (client_id);
CREATE FUNCTION voice_materials_audited() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  VALUES (
    nullif(current_setting('ashlar.actor', true), ''),
    nullif(current_setting('ashlar.scope', true), ''),
    -- current_user is the owner here: record the role that the session has set, or else the login role
    coalesce(nullif(current_setting('role'), 'none'), session_user),
    'voice_materials',
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
          'source_type', OLD.source_type,
          'content', OLD.content,
          'source_url', OLD.source_url,
          'metadata', OLD.metadata,
          'created_at', to_char(OLD.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(OLD.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END,
    CASE WHEN TG_OP <> 'DELETE' THEN
        jsonb_build_object(
          'id', NEW.id,
          'client_id', NEW.client_id,
          'source_type', NEW.source_type,
          'content', NEW.content,
          'source_url', NEW.source_url,
          'metadata', NEW.metadata,
          'created_at', to_char(NEW.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(NEW.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END
  );
  RETURN NULL;
END
$$;
CREATE FUNCTION voice_materials_audited_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: voice_materials cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
ALTER TABLE voice_materials ENABLE ROW LEVEL SECURITY;
ALTER TABLE voice_materials FORCE ROW LEVEL SECURITY;
CREATE POLICY voice_materials_scoped ON voice_materials
  USING (client_id BETWEEN ashlar_scope_uuid_low() AND ashlar_scope_uuid_high());
CREATE TRIGGER voice_materials_audited AFTER INSERT OR UPDATE OR DELETE ON voice_materials
  FOR EACH ROW
  EXECUTE FUNCTION voice_materials_audited();

ALTER TABLE voice_materials ENABLE ALWAYS TRIGGER voice_materials_audited;
CREATE TRIGGER voice_materials_audited_truncate BEFORE TRUNCATE ON voice_materials
  FOR EACH STATEMENT
  EXECUTE FUNCTION voice_materials_audited_truncate();

ALTER TABLE voice_materials ENABLE ALWAYS TRIGGER voice_materials_audited_truncate;

CREATE TABLE voice_profiles (
  id uuid NOT NULL,
  client_id uuid NOT NULL,
  profile_data jsonb NOT NULL,
  overall_confidence_pct integer DEFAULT 0 NOT NULL
    CONSTRAINT voice_profiles_overall_confidence_pct_check CHECK (overall_confidence_pct BETWEEN 0 AND 100),
  sample_count integer DEFAULT 0 NOT NULL
    CONSTRAINT voice_profiles_sample_count_check CHECK (sample_count BETWEEN 0 AND 2147483647),
  last_calibrated_at timestamptz(3)
    CONSTRAINT voice_profiles_last_calibrated_at_check CHECK (last_calibrated_at >= '0001-01-01T00:00:00Z' AND last_calibrated_at < '10000-01-01T00:00:00Z'),
  created_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT voice_profiles_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  updated_at timestamptz(3) DEFAULT now() NOT NULL
    CONSTRAINT voice_profiles_updated_at_check CHECK (updated_at >= '0001-01-01T00:00:00Z' AND updated_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT voice_profiles_pkey PRIMARY KEY (id),
  CONSTRAINT voice_profiles_client_id_key UNIQUE (client_id),
  CONSTRAINT voice_profiles_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE RESTRICT
);
CREATE FUNCTION voice_profiles_audited() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO record_changes (
    actor, scope, role, table_name, operation, row_key, before, "after"
  )
  VALUES (
    nullif(current_setting('ashlar.actor', true), ''),
    nullif(current_setting('ashlar.scope', true), ''),
    -- current_user is the owner here: record the role that the session has set, or else the login role
    coalesce(nullif(current_setting('role'), 'none'), session_user),
    'voice_profiles',
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
          'profile_data', OLD.profile_data,
          'overall_confidence_pct', OLD.overall_confidence_pct,
          'sample_count', OLD.sample_count,
          'last_calibrated_at', to_char(OLD.last_calibrated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'created_at', to_char(OLD.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(OLD.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END,
    CASE WHEN TG_OP <> 'DELETE' THEN
        jsonb_build_object(
          'id', NEW.id,
          'client_id', NEW.client_id,
          'profile_data', NEW.profile_data,
          'overall_confidence_pct', NEW.overall_confidence_pct,
          'sample_count', NEW.sample_count,
          'last_calibrated_at', to_char(NEW.last_calibrated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'created_at', to_char(NEW.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'updated_at', to_char(NEW.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    END
  );
  RETURN NULL;
END
$$;
CREATE FUNCTION voice_profiles_audited_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/audited: voice_profiles cannot be truncated: the audit trail would miss the deleted rows'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
ALTER TABLE voice_profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE voice_profiles FORCE ROW LEVEL SECURITY;
CREATE POLICY voice_profiles_scoped ON voice_profiles
  USING (client_id BETWEEN ashlar_scope_uuid_low() AND ashlar_scope_uuid_high());
CREATE TRIGGER voice_profiles_audited AFTER INSERT OR UPDATE OR DELETE ON voice_profiles
  FOR EACH ROW
  EXECUTE FUNCTION voice_profiles_audited();

ALTER TABLE voice_profiles ENABLE ALWAYS TRIGGER voice_profiles_audited;
CREATE TRIGGER voice_profiles_audited_truncate BEFORE TRUNCATE ON voice_profiles
  FOR EACH STATEMENT
  EXECUTE FUNCTION voice_profiles_audited_truncate();

ALTER TABLE voice_profiles ENABLE ALWAYS TRIGGER voice_profiles_audited_truncate;
