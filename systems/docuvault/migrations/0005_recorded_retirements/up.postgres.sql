-- 0005_recorded_retirements
-- add function audit_log_ledger_provable
-- replace function audit_log_ledger_seal
-- add function audit_log_ledger_time
-- audit_log: add trigger audit_log_ledger_time
-- audit_log_ledger_head: add trigger audit_log_ledger_provable
-- ashlar: makes trigger audit_log.audit_log_ledger_time
-- ashlar: makes trigger audit_log_ledger_head.audit_log_ledger_provable, function audit_log_ledger_provable
-- ashlar: makes function audit_log_ledger_time

CREATE FUNCTION audit_log_ledger_provable() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ashlar/ledgered: first_provable of audit_log_ledger_head changes only while rows are purged'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

CREATE OR REPLACE FUNCTION audit_log_ledger_seal()
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
  SELECT * INTO head FROM audit_log_ledger_head FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM audit_log_ledger_head) THEN
      RETURN 'busy';
    END IF;
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

  -- reads every scope, as its owner; a subquery, not a join, so that the lookup uses the index however large the tables are
  WITH fresh AS MATERIALIZED (
    SELECT e.xid, e.row_key, e.entry, sha256('\x00' || e.entry) AS hash, head.size - 1 + row_number() OVER (ORDER BY e.xid, e.row_key) AS position
    FROM (
      SELECT t.ashlar_xid AS xid, t.leaf_key AS row_key,
        convert_to(concat(
          '["ashlar/entry/v1","audit_log","', gen_random_uuid(),
          '","', to_char(t.ashlar_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '",{',
          substr(concat(
            ',"id":', t.id::text,
            ',"user_id":' || '"' || t.user_id::text || '"',
            ',"action":', to_json(t.action),
            ',"resource_type":' || to_json(t.resource_type)::text,
            ',"resource_id":' || to_json(t.resource_id)::text,
            ',"ip_address":' || '"' || CASE WHEN t.ip_address BETWEEN '::1:0' AND '::ffff:ffff' THEN '::' || to_hex((t.ip_address - '::'::inet) >> 16) || ':' || to_hex((t.ip_address - '::'::inet) & 65535) ELSE host(t.ip_address) END || '"',
            ',"metadata":' || t.metadata::text,
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
$function$;

CREATE FUNCTION audit_log_ledger_time() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ashlar_test_database) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/ledgered: only the clock of the database says when a row of audit_log was written'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

CREATE TRIGGER audit_log_ledger_time BEFORE INSERT ON audit_log
  FOR EACH ROW
  WHEN (NEW.created_at IS DISTINCT FROM now()::timestamptz(3))
  EXECUTE FUNCTION audit_log_ledger_time();

ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_ledger_time;

CREATE TRIGGER audit_log_ledger_provable BEFORE UPDATE ON audit_log_ledger_head FOR EACH ROW WHEN (new.first_provable IS DISTINCT FROM old.first_provable) EXECUTE FUNCTION audit_log_ledger_provable();
ALTER TABLE audit_log_ledger_head ENABLE ALWAYS TRIGGER audit_log_ledger_provable;
