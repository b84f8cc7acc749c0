import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, referenceTo } from '../../model/index.js';
import { fixedTextSettings, inItsSchema } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import { ledgerNames } from './names.js';
import { entrySql, rowKeySql, stamps } from './postgres-entry.js';
import { forgetStamps, sideCandidates, sideKey } from './stamps.js';

/** The most entries that one call seals. */
const batch = 10_000;

/**
 * The PostgreSQL function that seals the waiting rows of a ledger. It returns `done` when all visible rows are sealed,
 * `more` when it stopped after a batch, and `busy` when another process is sealing; in the last two cases the caller
 * calls again.
 */
export function sealFunction(table: TableFacts, log: string): GuaranteeObject {
  const names = ledgerNames(table);
  const key = table.external ? sideKey : 'leaf_key';
  const own = referenceTo(table);
  const [entries, tree, blocks, head] = [names.entries, names.tree, names.blocks, names.head].map(identifier);
  const hiddenCandidates = sql`
    SELECT t.*, ${rowKeySql(table, 't')} AS leaf_key FROM ${own} t WHERE t.${stamps.xid} = ANY (waiting)
    UNION ALL
    SELECT t.*, ${rowKeySql(table, 't')} AS leaf_key FROM ${own} t WHERE t.${stamps.xid} >= low AND t.${stamps.xid} <= high
  `;
  return {
    type: 'function',
    name: names.seal,
    sql: sql`
      CREATE FUNCTION ${identifier(names.seal)}() RETURNS text
      LANGUAGE plpgsql
      SECURITY DEFINER
      ${inItsSchema}
      SET extra_float_digits TO 1${table.external ? `\n${fixedTextSettings.join('\n')}` : ''} AS $$
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
        SELECT * INTO head FROM ${head} FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
          IF EXISTS (SELECT FROM ${head}) THEN
            RETURN 'busy';
          END IF;
          IF EXISTS (SELECT FROM ${tree}) THEN
            RAISE EXCEPTION 'ashlar/ledgered: the ledger of ${table.name} has leaves but no head row';
          END IF;
          INSERT INTO ${head} (cluster) VALUES (NULL) RETURNING * INTO head;
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
          SELECT e.xid, e.row_key, e.entry, sha256('\\x00' || e.entry) AS hash, head.size - 1 + row_number() OVER (ORDER BY e.xid, e.row_key) AS position
          FROM (
            SELECT t.${stamps.xid} AS xid, t.${key} AS row_key,
              ${entrySql(table, log, 't')} AS entry
            FROM (
              SELECT *
              FROM (
                ${table.external ? sideCandidates(table) : hiddenCandidates}
              ) candidate
              WHERE (SELECT leaf.position FROM ${tree} leaf WHERE leaf.row_key = candidate.${key}) IS NULL
              ORDER BY candidate.${stamps.xid}, candidate.${key}
              LIMIT ${batch}
            ) t
          ) e
        ), written AS (
          INSERT INTO ${entries} (row_key, entry)
          SELECT fresh.row_key, fresh.entry FROM fresh
        ), leaves AS (
          INSERT INTO ${tree} (level, position, hash, row_key)
          SELECT 0, fresh.position, fresh.hash, fresh.row_key FROM fresh
        )${table.external ? `, forgotten AS (${forgetStamps(table)})` : ''}
        SELECT array_agg(fresh.hash ORDER BY fresh.position), max(fresh.xid) INTO nodes, last FROM fresh;
        count := coalesce(cardinality(nodes), 0);
        IF count = 0 THEN
          IF head.cluster IS DISTINCT FROM this_cluster THEN
            UPDATE ${head} SET cluster = this_cluster, watermark = mark, sealer = pg_current_xact_id();
          END IF;
          RETURN 'done';
        END IF;

        -- the rows beyond this batch have the xid of its last row or a later one
        IF count = ${batch} THEN
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
            parents[i] := sha256('\\x01' || nodes[2 * i - 1] || nodes[2 * i]);
          END LOOP;
          nodes := parents;
          at := at / 2;
          height := height + 1;
          IF height % 8 = 0 THEN
            INSERT INTO ${tree} (level, position, hash)
            SELECT height / 8, at + run.number - 1, run.hash FROM unnest(nodes) WITH ORDINALITY AS run (hash, number);
          END IF;
        END LOOP;
        new_frontier := substr(head.frontier, 1, 32 * kept) || new_frontier;

        kept := length(new_frontier) / 32;
        root := substr(new_frontier, 32 * kept - 31);
        FOR i IN REVERSE kept - 1 .. 1 LOOP
          root := sha256('\\x01' || substr(new_frontier, 32 * i - 31, 32) || root);
        END LOOP;
        INSERT INTO ${blocks} (size, root) VALUES (head.size + count, root);
        UPDATE ${head}
        SET size = head.size + count, frontier = new_frontier, watermark = mark, sealer = pg_current_xact_id(), cluster = this_cluster;
        RETURN CASE WHEN count = ${batch} THEN 'more' ELSE 'done' END;
      END
      $$
    `,
  };
}
