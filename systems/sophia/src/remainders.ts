import type { SqlName } from 'ashlar/extend';
import { sql } from 'ashlar/query';
import { concernsClient } from './record-changes.js';
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
  { dialect, rewritten }: { readonly dialect: SqlName; readonly rewritten: string | undefined },
): Promise<readonly Remainder[]> {
  const count = async (from: ReturnType<typeof sql>): Promise<number> => {
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM ${from}`.execute(s.query);
    return Number(rows[0]?.n);
  };
  const actions = sql`audit_log WHERE client_id = ${id}`;
  const facts = sql`enrichment_log WHERE client_id = ${id}`;
  const lines = sql`record_changes WHERE ${concernsClient(id)}`;
  const told = sql`(coalesce(after ->> 'name', before ->> 'name', after ->> 'content', before ->> 'content') IS NOT NULL
    OR coalesce(after ->> 'profile_data', before ->> 'profile_data') IS NOT NULL)`;
  const found: Remainder[] = [
    {
      where: 'clients',
      rows: await count(sql`clients WHERE id = ${id}`),
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
      rows: await count(sql`client_keys WHERE scope = ${id}`),
      what: 'That the key of the client was destroyed, and when.',
      why: 'The client must not get another key.',
    },
    // none, unless something went wrong: the database refuses rows for a client who was erased
    {
      where: 'voice_materials and voice_profiles',
      rows:
        (await count(sql`voice_materials WHERE client_id = ${id}`)) +
        (await count(sql`voice_profiles WHERE client_id = ${id}`)),
      what: 'Texts and voice of the client.',
      why: 'They were written meanwhile. Erase the client again.',
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
      rows: await count(sql`${lines} AND ${told}`),
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
      where: 'backups and exported files from before',
      what: 'Everything that they had. A backup that is restored brings the client back.',
      why: 'They are copies that this database cannot reach. Prune the backups; or rotate COLUMN_KEY and destroy the old key, which makes their records unreadable, and not their dossiers. After a restore repeat the erasures that it undid: ashlar sophia repeat-erasures.',
    },
    ...placesOf[dialect],
    ...(rewritten === undefined
      ? []
      : [
          {
            where: 'files of the database',
            what: 'Copies of deleted values on pages that are free.',
            why: rewritten,
          },
        ]),
  ];
}

/** Where the engines keep copies that no statement reaches. */
const placesOf: Readonly<Record<SqlName, readonly Remainder[]>> = {
  sqlite: [
    {
      where: 'blocks of the disk that the file had before',
      what: 'What was on them, until something else is written there.',
      why: 'A file system does not overwrite what it frees. Where that matters, keep the file on an encrypted disk.',
    },
  ],
  postgres: [
    {
      where: 'write-ahead logs (pg_wal, their archive), standbys, and base backups from before',
      what: 'The changes as they were written.',
      why: 'The server keeps them until it writes over them. Run CHECKPOINT and SELECT pg_switch_wal(), and prune the archive and the base backups.',
    },
    {
      where: 'pg_statistic, and logs of statements',
      what: 'Rows of the planner’s statistics that were replaced, which no query reads; values in logged statements.',
      why: 'The next VACUUM of pg_statistic frees them; logs of statements are outside the database.',
    },
  ],
};
