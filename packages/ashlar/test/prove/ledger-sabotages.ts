import type { Engine, SqlName } from 'ashlar/extend';
import { people } from './every-guarantee.js';

/** The tables of the ledger of `letters`; each can be restored. */
export const parts = ['letters', 'entries', 'tree', 'blocks', 'head'].map((part) =>
  part === 'letters' ? part : `letters_ledger_${part}`,
);

/** A change of the ledger of `letters` by the owner, who can disable triggers. */
export interface LedgerSabotage {
  readonly name: string;
  /** Triggers stay enabled: each write leaves an entry. */
  readonly openly?: true;
  readonly sql: (dialect: SqlName) => readonly string[];
  readonly named: RegExp;
}

const [client] = people;
const rowOf = (body: string): string => `body = '${body}' AND client_id = '${client}'`;
const keyOf = (body: string): string => `(SELECT CAST(id AS text) FROM letters WHERE ${rowOf(body)})`;
const uuid = '[0-9a-f-]{36}';
const hex = (dialect: SqlName, bytes: string): string =>
  dialect === 'sqlite' ? `x'${bytes}'` : `decode('${bytes}', 'hex')`;
const forged = '00000000-0000-7000-8000-0000000000ff';

export const ledgerSabotages: readonly LedgerSabotage[] = [
  {
    name: 'a row is edited',
    sql: () => [`UPDATE letters SET body = 'other' WHERE ${rowOf('two')}`],
    named: new RegExp(
      `^ledger every/letters: the row ${uuid}, position 1: the column body was changed after it was written`,
    ),
  },
  {
    name: 'a ciphertext is edited',
    sql: (dialect) => [
      `UPDATE letters SET note = ${hex(dialect, `01${'00'.repeat(60)}`)} WHERE ${rowOf('two')}`,
    ],
    named: new RegExp(`the row ${uuid}, position 1: the column note was changed after it was written`),
  },
  {
    name: 'a row is deleted',
    sql: () => [`DELETE FROM letters WHERE ${rowOf('two')}`],
    named: new RegExp(`the row ${uuid}, position 1: .*(gone|missing|no row|not there)`),
  },
  {
    name: 'two rows are swapped',
    sql: () => [
      `UPDATE letters SET body = CASE body WHEN 'one' THEN 'two' ELSE 'one' END WHERE (${rowOf('one')}) OR (${rowOf('two')})`,
    ],
    named: new RegExp(`the row ${uuid}, position 0: the column body[\\s\\S]*position 1: the column body`),
  },
  {
    name: 'a row is moved to another client',
    sql: () => [`UPDATE letters SET client_id = '${people[1]}' WHERE ${rowOf('two')}`],
    named: new RegExp(`the row ${uuid}, position 1: the column client_id was changed after it was written`),
  },
  {
    name: 'a row is backdated',
    sql: () => [`UPDATE letters SET at = '2001-01-01T00:00:00.000000Z' WHERE ${rowOf('two')}`],
    named: new RegExp(`the row ${uuid}, position 1: the column at was changed after it was written`),
  },
  {
    name: 'a row with an earlier time is inserted',
    openly: true,
    sql: () => [
      'INSERT INTO ashlar_test_database (id) VALUES (1)',
      `INSERT INTO letters (id, client_id, at, body) VALUES ('${forged}', '${client}', '2001-01-01T00:00:00.000000Z', 'late')`,
      'DELETE FROM ashlar_test_database',
    ],
    named: new RegExp(`the row ${forged}, position 9: the column at is not the time of the write`),
  },
  {
    name: 'a row is inserted without an entry',
    sql: () => [`INSERT INTO letters (id, client_id, body) VALUES ('${forged}', '${client}', 'late')`],
    named: new RegExp(`the row ${forged}: the row has no entry`),
  },
  {
    name: 'the last rows and leaves are deleted',
    sql: () => [
      `DELETE FROM letters WHERE CAST(id AS text) IN (SELECT row_key FROM letters_ledger_tree WHERE position > 6)`,
      `DELETE FROM letters_ledger_entries WHERE row_key IN (SELECT row_key FROM letters_ledger_tree WHERE position > 6)`,
      'DELETE FROM letters_ledger_tree WHERE position > 6',
    ],
    named: /the checkpoint .*9\.checkpoint has 9 leaves, but there are 7/,
  },
  {
    name: 'the whole ledger is replaced by an older copy',
    sql: () =>
      parts.flatMap((part) => [`DELETE FROM ${part}`, `INSERT INTO ${part} SELECT * FROM older_${part}`]),
    named: /the checkpoint .*9\.checkpoint has 9 leaves, but there are 6/,
  },
  {
    name: 'a block is edited',
    sql: (dialect) => [
      `UPDATE letters_ledger_blocks SET root = ${hex(dialect, '00'.repeat(32))} WHERE size = 6`,
    ],
    named: /from the block of 6 sealed at/,
  },
  {
    name: 'the newest block is deleted',
    sql: () => ['DELETE FROM letters_ledger_blocks WHERE size = 9'],
    named: /position \d: the leaves from this position on have no block/,
  },
  {
    name: 'a block is inserted',
    sql: (dialect) => [
      `INSERT INTO letters_ledger_blocks (size, root) VALUES (20, ${hex(dialect, '00'.repeat(32))})`,
    ],
    named: /a block was sealed with 20 leaves, but there are 9/,
  },
  {
    name: 'a hash of the tree is edited',
    sql: (dialect) => [
      `UPDATE letters_ledger_tree SET hash = ${hex(dialect, '00'.repeat(32))} WHERE level = 0 AND position = 1`,
    ],
    named: new RegExp(`the row ${uuid}, position 1: `),
  },
  {
    name: 'a leaf is deleted',
    sql: () => ['DELETE FROM letters_ledger_tree WHERE level = 0 AND position = 1'],
    named: /position 1: the leaf at this position is missing/,
  },
  {
    name: 'two leaves are swapped',
    sql: () =>
      [1, 2, 3].map(
        (step) =>
          `UPDATE letters_ledger_tree SET position = ${['', '99', '0', '1'][step]} WHERE level = 0 AND position = ${['', '0', '1', '99'][step]}`,
      ),
    named: /from (the block|the checkpoint)/,
  },
  {
    name: 'an entry is edited together with its row',
    sql: (dialect) =>
      dialect === 'sqlite'
        ? [
            `UPDATE letters_ledger_entries SET entry = replace(entry, '"body":"two"', '"body":"ten"') WHERE row_key = ${keyOf('two')}`,
            `UPDATE letters SET body = 'ten' WHERE ${rowOf('two')}`,
          ]
        : [
            `UPDATE letters_ledger_entries SET entry = convert_to(replace(convert_from(entry, 'UTF8'), '"body":"two"', '"body":"ten"'), 'UTF8') WHERE row_key = ${keyOf('two')}`,
            `UPDATE letters SET body = 'ten' WHERE ${rowOf('two')}`,
            `UPDATE letters_ledger_tree SET hash = sha256('\\x00' || (SELECT entry FROM letters_ledger_entries e WHERE e.row_key = ${keyOf('ten')})) WHERE level = 0 AND row_key = ${keyOf('ten')}`,
          ],
    named: /position (0|1): /,
  },
  {
    name: 'an entry is deleted',
    sql: () => [`DELETE FROM letters_ledger_entries WHERE row_key = ${keyOf('two')}`],
    named: new RegExp(`the row ${uuid}, position 1: `),
  },
  {
    name: 'a row is deleted with its entry, and first_provable is raised',
    sql: () => [
      `DELETE FROM letters_ledger_entries WHERE row_key = ${keyOf('two')}`,
      `DELETE FROM letters WHERE ${rowOf('two')}`,
      'UPDATE letters_ledger_head SET first_provable = 2',
    ],
    named: new RegExp(
      `the row ${uuid}, position 1: the entry is missing[\\s\\S]*first_provable of the head is 2, and must be 0`,
    ),
  },
  {
    name: 'first_provable alone is raised',
    sql: () => ['UPDATE letters_ledger_head SET first_provable = 1'],
    named: /first_provable of the head is 1, and must be 0, because no retirement is recorded/,
  },
  {
    name: 'the head is edited',
    sql: () => ['UPDATE letters_ledger_head SET first_provable = 3, size = 8'],
    named: /the head of 8 leaves does not match the tree of 9/,
  },
];

/** Runs statements while the triggers of the ledger of `letters` are off. */
export const withoutTriggers = (engine: Engine, statements: readonly string[]): Promise<void> =>
  engine.asOwner(async (owner) => {
    const list = parts.map((part) => `'${part}'`).join(', ');
    const triggers =
      engine.dialect.name === 'postgres'
        ? await owner.run(
            `SELECT tgname AS name, tgrelid::regclass::text AS "table" FROM pg_trigger WHERE tgrelid::regclass::text IN (${list}) AND NOT tgisinternal`,
          )
        : await owner.run(
            `SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN (${list}) ORDER BY name`,
          );
    for (const { name, table } of triggers)
      await owner.script(table ? `ALTER TABLE ${table} DISABLE TRIGGER ${name}` : `DROP TRIGGER ${name}`);
    try {
      for (const sql of statements) await owner.script(sql);
    } finally {
      for (const { name, table, sql } of triggers)
        await owner.script(table ? `ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${name}` : String(sql));
    }
  });

/** Copies the ledger of `letters` to tables with a prefix. */
export const copyLedger = (engine: Engine, name: string): Promise<void> =>
  engine.asOwner(async (owner) => {
    for (const part of parts) await owner.script(`CREATE TABLE ${name}_${part} AS SELECT * FROM ${part}`);
  });

/** Restores the ledger of `letters` from its copy. */
export const restoreCopy = (engine: Engine, name: string): Promise<void> =>
  withoutTriggers(
    engine,
    parts.flatMap((part) => [`DELETE FROM ${part}`, `INSERT INTO ${part} SELECT * FROM ${name}_${part}`]),
  );

/** Drops the copies. */
export const dropCopies = (engine: Engine, names: readonly string[]): Promise<void> =>
  engine.asOwner(async (owner) => {
    for (const name of names) for (const part of parts) await owner.script(`DROP TABLE ${name}_${part}`);
  });
