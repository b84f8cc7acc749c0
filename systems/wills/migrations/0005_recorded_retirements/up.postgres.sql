-- 0005_recorded_retirements
-- add function audit_logs_ledger_provable
-- replace function audit_logs_ledger_seal
-- add function audit_logs_ledger_time
-- add function record_changes_ledger_provable
-- replace function record_changes_ledger_seal
-- add function record_changes_ledger_time
-- audit_logs: add trigger audit_logs_ledger_time
-- audit_logs_ledger_head: add trigger audit_logs_ledger_provable
-- record_changes: add trigger record_changes_ledger_time
-- record_changes_ledger_head: add trigger record_changes_ledger_provable
-- tried without rows: record_changes
-- ashlar: makes trigger audit_logs.audit_logs_ledger_time
-- ashlar: makes trigger audit_logs_ledger_head.audit_logs_ledger_provable
-- ashlar: makes trigger record_changes.record_changes_ledger_time
-- ashlar: makes trigger record_changes_ledger_head.record_changes_ledger_provable
-- ashlar: makes function audit_logs_ledger_provable, function audit_logs_ledger_time
-- ashlar: makes function record_changes_ledger_provable, function record_changes_ledger_time

CREATE FUNCTION audit_logs_ledger_provable() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: first_provable of audit_logs_ledger_head changes only while rows are purged'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

CREATE OR REPLACE FUNCTION audit_logs_ledger_seal()
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
 SET extra_float_digits TO '1'
AS $function$
DECLARE
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
  -- the lock of sealing: a role that only reads the head cannot take it
  SELECT * INTO head FROM audit_logs_ledger_head FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM audit_logs_ledger_head) THEN
      RETURN 'busy';
    END IF;
    IF EXISTS (SELECT FROM audit_logs_ledger_tree) THEN
      RAISE EXCEPTION 'ashlar/ledgered: the ledger of audit_logs has leaves but no head row';
    END IF;
    INSERT INTO audit_logs_ledger_head (cluster) VALUES (NULL) RETURNING * INTO head;
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

  -- reads every scope, as its owner; a subquery, not a join, so that the lookup uses the index however large the tables are
  WITH fresh AS MATERIALIZED (
    SELECT e.xid, e.row_key, e.entry, sha256('\x00' || e.entry) AS hash, head.size - 1 + row_number() OVER (ORDER BY e.xid, e.row_key) AS position
    FROM (
      SELECT t.ashlar_xid AS xid, t.leaf_key AS row_key,
        convert_to(concat(
          '["ashlar/entry/v1","audit_logs","', gen_random_uuid(),
          '","', to_char(t.ashlar_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '",{',
          substr(concat(
            ',"id":"', t.id, '"',
            ',"created_at":"', to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '"',
            ',"event_type":', to_json(t.event_type),
            ',"event_category":', to_json(t.event_category),
            ',"user_id":' || to_json(t.user_id)::text,
            ',"session_id":' || to_json(t.session_id)::text,
            ',"ip_address":' || '"' || CASE WHEN t.ip_address BETWEEN '::1:0' AND '::ffff:ffff' THEN '::' || to_hex((t.ip_address - '::'::inet) >> 16) || ':' || to_hex((t.ip_address - '::'::inet) & 65535) ELSE host(t.ip_address) END || '"',
            ',"user_agent":' || to_json(t.user_agent)::text,
            ',"resource_type":' || to_json(t.resource_type)::text,
            ',"resource_id":' || to_json(t.resource_id)::text,
            ',"details":', t.details::text
          ), 2), '}]'
        ), 'UTF8') AS entry
      FROM (
        SELECT *
        FROM (
          SELECT t.*, '[' || '"' || t.id::text || '"' || ',' || '"' || to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"' || ']' AS leaf_key FROM audit_logs t WHERE t.ashlar_xid = ANY (waiting)
          UNION ALL
          SELECT t.*, '[' || '"' || t.id::text || '"' || ',' || '"' || to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"' || ']' AS leaf_key FROM audit_logs t WHERE t.ashlar_xid >= low AND t.ashlar_xid <= high
        ) candidate
        WHERE (SELECT leaf.position FROM audit_logs_ledger_tree leaf WHERE leaf.row_key = candidate.leaf_key) IS NULL
        ORDER BY candidate.ashlar_xid, candidate.leaf_key
        LIMIT 10000
      ) t
    ) e
  ), written AS (
    INSERT INTO audit_logs_ledger_entries (row_key, entry)
    SELECT fresh.row_key, fresh.entry FROM fresh
  ), leaves AS (
    INSERT INTO audit_logs_ledger_tree (level, position, hash, row_key)
    SELECT 0, fresh.position, fresh.hash, fresh.row_key FROM fresh
  )
  SELECT array_agg(fresh.hash ORDER BY fresh.position), max(fresh.xid) INTO nodes, last FROM fresh;
  count := coalesce(cardinality(nodes), 0);
  IF count = 0 THEN
    IF head.cluster IS DISTINCT FROM this_cluster THEN
      UPDATE audit_logs_ledger_head SET cluster = this_cluster, watermark = mark, sealer = pg_current_xact_id();
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
      INSERT INTO audit_logs_ledger_tree (level, position, hash)
      SELECT height / 8, at + run.number - 1, run.hash FROM unnest(nodes) WITH ORDINALITY AS run (hash, number);
    END IF;
  END LOOP;
  new_frontier := substr(head.frontier, 1, 32 * kept) || new_frontier;

  kept := length(new_frontier) / 32;
  root := substr(new_frontier, 32 * kept - 31);
  FOR i IN REVERSE kept - 1 .. 1 LOOP
    root := sha256('\x01' || substr(new_frontier, 32 * i - 31, 32) || root);
  END LOOP;
  INSERT INTO audit_logs_ledger_blocks (size, root) VALUES (head.size + count, root);
  UPDATE audit_logs_ledger_head
  SET size = head.size + count, frontier = new_frontier, watermark = mark, sealer = pg_current_xact_id(), cluster = this_cluster;
  RETURN CASE WHEN count = 10000 THEN 'more' ELSE 'done' END;
END
$function$;

CREATE FUNCTION audit_logs_ledger_time() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ashlar_test_database) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/ledgered: only the clock of the database says when a row of audit_logs was written'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

CREATE FUNCTION record_changes_ledger_provable() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: first_provable of record_changes_ledger_head changes only while rows are purged'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

CREATE OR REPLACE FUNCTION record_changes_ledger_seal()
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path FROM CURRENT
 SET extra_float_digits TO '1'
AS $function$
DECLARE
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
  -- the lock of sealing: a role that only reads the head cannot take it
  SELECT * INTO head FROM record_changes_ledger_head FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM record_changes_ledger_head) THEN
      RETURN 'busy';
    END IF;
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

  -- reads every scope, as its owner; a subquery, not a join, so that the lookup uses the index however large the tables are
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
$function$;

CREATE FUNCTION record_changes_ledger_time() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ashlar_test_database) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/ledgered: only the clock of the database says when a row of record_changes was written'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

CREATE TRIGGER audit_logs_ledger_time BEFORE INSERT ON audit_logs
  FOR EACH ROW
  WHEN (NEW.created_at IS DISTINCT FROM now()::timestamptz(3))
  EXECUTE FUNCTION audit_logs_ledger_time();

ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_ledger_time;

CREATE TRIGGER audit_logs_ledger_provable BEFORE UPDATE ON audit_logs_ledger_head FOR EACH ROW WHEN (new.first_provable IS DISTINCT FROM old.first_provable) EXECUTE FUNCTION audit_logs_ledger_provable();
ALTER TABLE audit_logs_ledger_head ENABLE ALWAYS TRIGGER audit_logs_ledger_provable;

CREATE TRIGGER record_changes_ledger_time BEFORE INSERT ON record_changes
  FOR EACH ROW
  WHEN (NEW.at IS DISTINCT FROM now()::timestamptz(6))
  EXECUTE FUNCTION record_changes_ledger_time();

ALTER TABLE record_changes ENABLE ALWAYS TRIGGER record_changes_ledger_time;

CREATE TRIGGER record_changes_ledger_provable BEFORE UPDATE ON record_changes_ledger_head FOR EACH ROW WHEN (new.first_provable IS DISTINCT FROM old.first_provable) EXECUTE FUNCTION record_changes_ledger_provable();
ALTER TABLE record_changes_ledger_head ENABLE ALWAYS TRIGGER record_changes_ledger_provable;
