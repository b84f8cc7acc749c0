import { sql } from 'ashlar/query';
import type { Client, SophiaSession } from './tables.js';

/** Something that stays of a client who was erased. */
export interface Remainder {
  /** The table, or another place. */
  readonly where: string;
  /** The number of rows; `undefined` where they cannot be counted. */
  readonly rows?: number | undefined;
  readonly what: string;
  readonly why: string;
}

const evidence =
  'Records are never changed: they are the evidence of what was done, also to a client who is gone.';
const early =
  'They were written before contents were encrypted, into a ledger that nobody can change. Move to a new database without them to be rid of them.';

/**
 * Lists what stays of a client, as counted in the database.
 *
 * @param rewritten - why files of the database may still have copies of erased pages; `undefined` if none has
 */
export async function remaindersOf(
  s: SophiaSession,
  id: Client['id'],
  rewritten: string | undefined,
): Promise<readonly Remainder[]> {
  const count = async (from: ReturnType<typeof sql>): Promise<number> => {
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM ${from}`.execute(s.query);
    return Number(rows[0]?.n);
  };
  const actions = sql`audit_log WHERE client_id = ${id}`;
  const facts = sql`enrichment_log WHERE client_id = ${id}`;
  // lines about the client's row, and about rows that name the client
  const lines = sql`record_changes WHERE (table_name = 'clients' AND row_key ->> 'id' = ${id})
    OR coalesce(after ->> 'client_id', before ->> 'client_id') = ${id}`;
  const told = sql`(coalesce(after ->> 'name', before ->> 'name', after ->> 'content', before ->> 'content') IS NOT NULL
    OR coalesce(after ->> 'profile_data', before ->> 'profile_data') IS NOT NULL)`;
  const found: Remainder[] = [
    {
      where: 'clients',
      rows: 1,
      what: 'The id, times and the mark that the client was erased. No name and no other value.',
      why: 'Records refer to this row.',
    },
    {
      where: 'audit_log',
      rows: await count(actions),
      what: 'Which action, by which actor, when.',
      why: evidence,
    },
    {
      where: 'enrichment_log',
      rows: await count(facts),
      what: 'Which field was written, when.',
      why: evidence,
    },
    {
      where: 'record_contents, and its ledger',
      rows: await count(sql`record_contents WHERE client_id = ${id}`),
      what: 'Ciphertext. Its key is destroyed. Its length can be seen.',
      why: evidence,
    },
    {
      where: 'record_changes, and its ledger',
      rows: await count(lines),
      what: 'Which columns changed, when and by which actor, with figures and times. No value of the dossier.',
      why: evidence,
    },
    {
      where: 'client_keys',
      rows: 1,
      what: 'That the key of the client was destroyed, and when.',
      why: 'The client must not get another key.',
    },
    {
      where: 'audit_log, in the clear',
      rows: await count(
        sql`${actions} AND (details IS NOT NULL OR before_snapshot IS NOT NULL OR after_snapshot IS NOT NULL)`,
      ),
      what: 'Details and snapshots of the dossier.',
      why: early,
    },
    {
      where: 'enrichment_log, in the clear',
      rows: await count(sql`${facts} AND (new_value IS NOT NULL OR source IS NOT NULL)`),
      what: 'Values, sources and reasons.',
      why: early,
    },
    {
      where: 'record_changes, in the clear',
      rows: await count(sql`(SELECT * FROM ${lines}) AS line WHERE ${told}`),
      what: 'Rows before and after changes.',
      why: early,
    },
  ];
  return [
    ...found.filter(({ rows }) => rows !== 0),
    {
      where: 'actors',
      what: 'The names of actors in audit_log and record_changes.',
      why: 'They say who acted. An actor that has a client in its name keeps it there: name actors by ids.',
    },
    {
      where: 'backups and archived write-ahead logs from before, exported files',
      what: 'Everything that they had.',
      why: 'They are copies that this database cannot reach. Prune the backups; or rotate COLUMN_KEY and destroy the old key, which makes their records unreadable, and not their dossiers.',
    },
    ...(rewritten === undefined
      ? []
      : [
          {
            where: 'files of the database',
            what: 'Copies of deleted values on pages that are free.',
            why: rewritten,
          },
        ]),
    {
      where: 'statistics of the planner (PostgreSQL)',
      what: 'Frequent values of columns, which may be names.',
      why: 'The next ANALYZE of clients and voice_materials, which the owner runs, replaces them.',
    },
  ];
}
