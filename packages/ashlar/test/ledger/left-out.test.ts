import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createdAt, type Database, id, table } from 'ashlar';
import { appendOnly, ledgered } from 'ashlar/guarantees';
import { checkpointLedger, newLedgerKey, openLedger } from 'ashlar/ledger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf, type TestEngine } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { verifyTable, withLedger } from '../../src/ledger/database/ledgers.js';
import type { KnownRoot } from '../../src/ledger/problems.js';
import { treeRoot } from '../../src/ledger/proofs.js';
import { verifyEntries } from '../../src/ledger/verify.js';
import { behindItsBack } from './sabotage.js';

const { engines } = oneOfEach(import.meta.url);

const notes = table('notes', { id: id(), n: z.int(), isPaid: z.boolean(), at: createdAt() }, () => [
  appendOnly(),
  ledgered(),
]);
const tables = { notes };
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [sealed, forged] = [5, 900];
const insert = `INSERT INTO notes (id, n, "isPaid") VALUES ('${uuid(forged)}', ${forged}, `;

/** A way in which the owner makes a row that no leaf vouches for. */
interface Sabotage {
  readonly name: string;
  /** The side table whose triggers the statements pass by; an empty text for the table itself. */
  readonly part: string;
  readonly statements: readonly string[];
  /** Whether the row is made by an ordinary session afterwards. */
  readonly thenInsert?: boolean;
  /** Whether an entry that the owner adds would be sealed. */
  readonly entryIsSealed?: boolean;
}

const stop = (name: string, set: string): Sabotage => ({
  name,
  part: 'head',
  statements: [`UPDATE notes_ledger_head SET ${set}`],
  thenInsert: true,
});

const onSqlite: readonly Sabotage[] = [
  stop('sealed is raised for ever', 'sealed = 9000000000000000'),
  stop('sealed is raised by one row', 'sealed = sealed + 1'),
  {
    name: 'the trigger that writes entries is gone for a row',
    part: '',
    statements: [`${insert}1)`],
    entryIsSealed: true,
  },
  {
    name: 'sealed is raised over one row, and sealing goes on',
    part: 'head',
    statements: [
      `${insert}1)`,
      'UPDATE notes_ledger_head SET sealed = (SELECT max(id) FROM notes_ledger_entries)',
    ],
    thenInsert: true,
  },
];

const next = '(SELECT pg_current_xact_id()::text::bigint + 1)';
const onPostgres: readonly Sabotage[] = [
  stop('the watermark is far in the future', "watermark = '4000000000:4000000000:', sealer = NULL"),
  {
    name: 'the watermark is just after the transaction of the row',
    part: 'head',
    statements: [
      `BEGIN; ${insert}true); UPDATE notes_ledger_head SET watermark = format('%s:%s:', ${next}, ${next})::pg_snapshot, sealer = NULL; COMMIT`,
    ],
  },
  {
    name: 'the function that seals does nothing',
    part: 'head',
    statements: [
      "CREATE OR REPLACE FUNCTION notes_ledger_seal() RETURNS text LANGUAGE sql AS $$SELECT 'done'::text$$",
    ],
    thenInsert: true,
  },
  {
    name: 'the function that seals is gone',
    part: 'head',
    statements: ['DROP FUNCTION notes_ledger_seal()'],
    thenInsert: true,
  },
  {
    name: 'the row has the transaction of the first of the last rows',
    part: '',
    statements: [
      "UPDATE notes SET ashlar_xid = (CASE WHEN n = 3 THEN '9' ELSE '10' END)::xid8",
      `${insert.replace('"isPaid")', '"isPaid", ashlar_xid)')}true, '9')`,
    ],
  },
  { name: 'the row has no transaction', part: '', statements: [`${insert}true)`] },
  {
    name: 'the row has a transaction that does not exist yet',
    part: '',
    statements: [`${insert.replace('"isPaid")', '"isPaid", ashlar_xid)')}true, '4000000000')`],
  },
];

/** What also writes an entry of the row that no leaf has, so that row and entry agree. */
const entryToo = (kind: TestEngine): string =>
  sqlOf(kind) === 'sqlite'
    ? `INSERT INTO notes_ledger_entries (row_key, entry) SELECT '${uuid(forged)}', replace(replace(entry, '${uuid(1)}', '${uuid(forged)}'), '"n":1', '"n":${forged}') FROM notes_ledger_entries WHERE row_key = '${uuid(1)}' ON CONFLICT DO NOTHING`
    : `INSERT INTO notes_ledger_entries (row_key, entry) SELECT '${uuid(forged)}', convert_to(replace(replace(convert_from(entry, 'UTF8'), '${uuid(1)}', '${uuid(forged)}'), '"n":1', '"n":${forged}'), 'UTF8') FROM notes_ledger_entries WHERE row_key = '${uuid(1)}' ON CONFLICT DO NOTHING`;

describe.each(engines)('what sealing leaves out on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  let folder: string;
  const { key } = newLedgerKey('example.com/test');

  const add = (n: number) => db.session((s) => s.insert(notes, { id: uuid(n), n, isPaid: n % 2 === 0 }));
  const known = (size: number): Promise<KnownRoot> =>
    withLedger(db.engine, notes, async (reader) => ({
      size,
      root: await treeRoot(reader, size),
      source: 'a checkpoint',
    }));
  const ledger = () => openLedger(db.engine, db.system, notes, { checkpoints: folder, key });

  beforeEach(async () => {
    ({ db, remove } = await withTables(engine, tables));
    folder = await mkdtemp(join(tmpdir(), 'ashlar-checkpoints-'));
    for (let n = 0; n < sealed; n++) await add(n);
    await db.engine.seal();
  });
  afterEach(async () => {
    await remove();
    await rm(folder, { recursive: true });
  });

  it.each(sqlOf(engine) === 'sqlite' ? onSqlite : onPostgres)(
    'is a problem, always: $name',
    async ({ part, statements, thenInsert, entryIsSealed }) => {
      await checkpointLedger(ledger());
      const trusted = await known(sealed);
      await behindItsBack(db.engine, part ? `notes_ledger_${part}` : 'notes', statements);
      if (thenInsert) await add(forged + 1);
      for (const options of [{}, { trusted }]) {
        const { problems } = await verifyTable(db.engine, notes, options);
        expect(problems.map(({ what }) => what).join('\n')).toMatch(
          /the row has no entry|the entry has no leaf|the head claims/,
        );
      }
      await expect(checkpointLedger(ledger())).rejects.toMatchObject({ code: 'ledger-tampered' });
      // on SQLite an entry gets its leaf with the next seal: then the owner has inserted a row in the ordinary way
      if (entryIsSealed) return;
      await behindItsBack(db.engine, 'notes_ledger_entries', [entryToo(engine)]);
      const { problems } = await verifyTable(db.engine, notes, { trusted });
      expect(problems.map(({ what }) => what).join('\n')).toMatch(
        /the row has no entry|the entry has no leaf|the head claims/,
      );
    },
  );

  it('an entry that belongs to no row and has no leaf is a problem', async () => {
    await behindItsBack(db.engine, 'notes_ledger_entries', [entryToo(engine)]);
    // on SQLite an entry waits for the next seal, which gives it a leaf
    expect((await verifyTable(db.engine, notes)).problems).toMatchObject([
      { row_key: uuid(forged), what: expect.stringMatching(/^the row is missing$|^the entry has no leaf/) },
    ]);
  });

  it('is no problem while it is only not sealed yet: rows of transactions that end after the mark', async () => {
    const trusted = await known(sealed);
    const mark = await withLedger(db.engine, notes, (reader) => reader.mark());
    await add(10);
    for (const options of [{}, { trusted }])
      expect(
        await withLedger(db.engine, notes, (reader) => verifyEntries(reader, { ...options, mark })),
      ).toMatchObject({ problems: [] });
    await db.engine.seal();
    for (const options of [{}, { trusted }])
      expect(await verifyTable(db.engine, notes, options)).toMatchObject({ problems: [], size: sealed + 1 });
  });

  it('writers do not disturb a verification', async () => {
    const trusted = await known(sealed);
    let isDone = false;
    let n = 1_000;
    const writers = [1, 2, 3].map(async () => {
      while (!isDone) {
        await add(n++);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    try {
      for (let round = 0; round < 10; round++)
        for (const options of [{}, { trusted }])
          expect(await verifyTable(db.engine, notes, options)).toMatchObject({ problems: [] });
    } finally {
      isDone = true;
      await Promise.all(writers);
    }
    expect(await verifyTable(db.engine, notes)).toMatchObject({ problems: [], size: sealed + n - 1_000 });
  });

  it('the default verification costs a fixed number of statements', async () => {
    for (let n = 10; n < 40; n++) await add(n);
    await db.engine.seal();
    const trusted = await known(sealed + 30);
    const count = async (options: { trusted?: KnownRoot }): Promise<number> => {
      let statements = 0;
      const transaction = await db.engine.begin({ mode: 'read', actor: null, scope: null, asOwner: true });
      const { ledgerReader } = await import('../../src/guarantees/ledgered/reader.js');
      const reader = ledgerReader(notes, sqlOf(engine), async (sql, parameters = []) => {
        statements++;
        return (await transaction.execute(sql, parameters)).rows;
      });
      const mark = await reader.mark();
      await verifyEntries(reader, { ...options, mark });
      await transaction.rollback();
      return statements;
    };
    expect(await count({ trusted })).toBeLessThanOrEqual(20);
    expect(await count({})).toBeLessThanOrEqual(24);
  });

  it('a copy of a row, and a value that cannot be read, are problems of their rows', async () => {
    const isSqlite = sqlOf(engine) === 'sqlite';
    const bad = isSqlite
      ? [
          'PRAGMA ignore_check_constraints = ON',
          `UPDATE notes SET "isPaid" = 2 WHERE n = 3`,
          'PRAGMA ignore_check_constraints = OFF',
        ]
      : ['CREATE TABLE child () INHERITS (notes)', 'INSERT INTO child SELECT * FROM ONLY notes WHERE n = 3'];
    await behindItsBack(db.engine, 'notes', bad);
    expect((await verifyTable(db.engine, notes)).problems).toEqual([
      {
        position: 3,
        row_key: uuid(3),
        what: isSqlite
          ? 'the column isPaid was changed after it was written'
          : 'the table has more than one row with this key',
      },
    ]);
  });
});
