import { createdAt, type Database, id, table } from 'ashlar';
import { appendOnly, ledgered } from 'ashlar/guarantees';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { verifyTable, withLedger } from '../../src/ledger/database/ledgers.js';
import { Frontier, leafHash } from '../../src/ledger/merkle.js';
import type { KnownRoot, LedgerProblem } from '../../src/ledger/problems.js';
import { treeRoot } from '../../src/ledger/proofs.js';
import { behindItsBack } from './sabotage.js';

const { engines } = oneOfEach(import.meta.url);

const notes = table('notes', { id: id(), n: z.int(), body: z.string(), created_at: createdAt() }, () => [
  appendOnly(),
  ledgered(),
]);
const tables = { notes };
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

describe.each(engines)('verification on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;

  const add = (from: number, count: number) =>
    db.session((s) =>
      s.insertMany(
        notes,
        Array.from({ length: count }, (_, at) => ({
          id: uuid(from + at),
          n: from + at,
          body: `note ${from + at}`,
        })),
      ),
    );
  const sabotage = (part: string, ...statements: string[]) =>
    behindItsBack(db.engine, part ? `notes_ledger_${part}` : 'notes', statements);
  const known = (size: number): Promise<KnownRoot> =>
    withLedger(db.engine, notes, async (reader) => ({
      size,
      root: await treeRoot(reader, size),
      source: 'a checkpoint',
    }));
  const first = async (options = {}): Promise<LedgerProblem | undefined> =>
    (await verifyTable(db.engine, notes, { chunk: 100, ...options })).problems[0];
  const isSqlite = engine.name.startsWith('sql');
  const binary = (value: Uint8Array) => {
    const hex = Buffer.from(value).toString('hex');
    return isSqlite ? `x'${hex}'` : `'\\x${hex}'`;
  };
  const zeros = binary(new Uint8Array(32));

  beforeEach(async () => {
    ({ db, remove } = await withTables(engine, tables));
    await add(0, 300);
    await add(300, 300);
    await db.engine.seal();
  });
  afterEach(() => remove());

  it('reads few large entries at a time, and at least one', async () => {
    const large = 'x'.repeat(6_000_000);
    for (let n = 600; n < 604; n++) await db.session((s) => s.insert(notes, { id: uuid(n), n, body: large }));
    await db.engine.seal();
    const counts = await withLedger(db.engine, notes, async (reader) => [
      (await reader.leaves(600, 5_000)).length,
      (await reader.leaves(603, 5_000)).length,
      (await reader.leaves(604, 5_000)).length,
      (await reader.leaves(0, 100)).length,
    ]);
    expect(counts).toEqual([3, 1, 0, 100]);
    expect(await verifyTable(db.engine, notes)).toMatchObject({ size: 604, problems: [] });
  });

  it('finds no problem in a sound ledger', async () => {
    const checkpoints = [await known(300), await known(1), await known(600)];
    const found = await verifyTable(db.engine, notes, { chunk: 100, checkpoints });
    expect(found).toMatchObject({ log: 'notes', size: 600, checked: 600, problems: [] });
    expect(found.root).toEqual(Buffer.from(checkpoints[2]?.root ?? []));
  });

  it.each([
    [
      'an edited row',
      '',
      `UPDATE notes SET body = 'other' WHERE n = 350`,
      'the column body was changed after it was written',
    ],
    ['a deleted row', '', 'DELETE FROM notes WHERE n = 350', 'the row is missing'],
    [
      'two rows that changed places',
      '',
      `UPDATE notes SET n = 701 - n, body = CASE n WHEN 350 THEN 'note 351' ELSE 'note 350' END WHERE n IN (350, 351)`,
      'the column n was changed after it was written',
    ],
    [
      'an edited entry',
      'entries',
      isSqlite
        ? `UPDATE notes_ledger_entries SET entry = replace(entry, 'note 350', 'note 999') WHERE row_key = '${uuid(350)}'`
        : `UPDATE notes_ledger_entries SET entry = convert_to(replace(convert_from(entry, 'UTF8'), 'note 350', 'note 999'), 'UTF8') WHERE row_key = '${uuid(350)}'`,
      'the entry does not match the hash of its leaf',
    ],
    [
      'a deleted entry',
      'entries',
      `DELETE FROM notes_ledger_entries WHERE row_key = '${uuid(350)}'`,
      'the entry is missing',
    ],
    [
      'an edited leaf',
      'tree',
      `UPDATE notes_ledger_tree SET hash = ${zeros} WHERE row_key = '${uuid(350)}'`,
      'the entry does not match the hash of its leaf',
    ],
  ])('names the row of %s', async (_, part, sql, what) => {
    await sabotage(part, sql);
    expect(await first()).toEqual({ position: 350, row_key: uuid(350), what });
  });

  it('a row with a time of its own is refused, and named where a test database let it in', async () => {
    const insert = `INSERT INTO notes (id, n, body, created_at) VALUES ('${uuid(900)}', 900, 'late', '2020-01-01T00:00:00.000Z')`;
    const asOwner = (sql: string) => db.engine.asOwner((owner) => owner.run(sql));
    await expect(asOwner(insert)).rejects.toThrow(/only the clock of the database says when/);
    await asOwner('INSERT INTO ashlar_test_database (id) VALUES (1)');
    await asOwner(insert);
    expect(await first()).toMatchObject({
      position: 600,
      row_key: uuid(900),
      what: expect.stringContaining('the column created_at is not the time'),
    });
  });

  it('names a row that has no entry', async () => {
    await sabotage('', `INSERT INTO notes (id, n, body) VALUES ('${uuid(900)}', 900, 'smuggled')`);
    expect(await first()).toEqual({ position: null, row_key: uuid(900), what: 'the row has no entry' });
  });

  it('finds two leaves that changed places', async () => {
    const [one, other] = await withLedger(db.engine, notes, (reader) => reader.leaves(350, 2));
    const set = (position: number, hash: Uint8Array = new Uint8Array()) =>
      `UPDATE notes_ledger_tree SET hash = ${binary(hash)} WHERE level = 0 AND position = ${position}`;
    await sabotage(
      'tree',
      set(350, other?.hash),
      set(351, one?.hash),
      `UPDATE notes_ledger_tree SET row_key = 'x' WHERE level = 0 AND position = 350`,
      `UPDATE notes_ledger_tree SET row_key = '${uuid(350)}' WHERE level = 0 AND position = 351`,
      `UPDATE notes_ledger_tree SET row_key = '${uuid(351)}' WHERE level = 0 AND position = 350`,
    );
    expect(await first()).toMatchObject({
      what: expect.stringMatching(/differs? from|does not match its leaves/),
    });
  });

  it('finds a history that was rewritten from row to leaf', async () => {
    await sabotage('', `UPDATE notes SET body = 'note 999' WHERE n = 350`);
    const text = isSqlite ? 'entry' : `convert_from(entry, 'UTF8')`;
    const changed = `replace(${text}, 'note 350', 'note 999')`;
    await sabotage(
      'entries',
      `UPDATE notes_ledger_entries SET entry = ${isSqlite ? changed : `convert_to(${changed}, 'UTF8')`} WHERE row_key = '${uuid(350)}'`,
    );
    const [leaf] = await withLedger(db.engine, notes, (reader) => reader.leaves(350, 1));
    await sabotage(
      'tree',
      `UPDATE notes_ledger_tree SET hash = ${binary(leafHash(leaf?.entry ?? new Uint8Array()))} WHERE row_key = '${uuid(350)}'`,
    );
    const problem = await first();
    expect(problem?.what).toMatch(/the leaves \d+ to 599 differ from|level 1, position 1/);
  });

  it.each([
    ['a block', 'blocks', `UPDATE notes_ledger_blocks SET root = ${zeros}`, /from the block/],
    [
      'a hash of the tree',
      'tree',
      `UPDATE notes_ledger_tree SET hash = ${zeros} WHERE level = 1 AND position = 1`,
      /the hash at level 1, position 1 of the tree does not match its leaves/,
    ],
    [
      'a hash of the tree that is gone',
      'tree',
      'DELETE FROM notes_ledger_tree WHERE level = 1 AND position = 1',
      /the hash at level 1, position 1 of the tree is missing/,
    ],
    ['the head', 'head', 'UPDATE notes_ledger_head SET size = 599', /the head of 599 leaves/],
    ['the missing head', 'head', 'DELETE FROM notes_ledger_head', /the head is missing/],
    [
      'a gap',
      'tree',
      'DELETE FROM notes_ledger_tree WHERE level = 0 AND position = 350',
      /the leaf at this position is missing/,
    ],
    [
      'a truncated tail',
      'tree',
      'DELETE FROM notes_ledger_tree WHERE level = 0 AND position >= 590',
      /a block was sealed with 600 leaves, but there are 590|the leaf at this position is missing|the entry has no leaf|the head claims/,
    ],
  ])('finds %s', async (_, part, sql, what) => {
    await sabotage(part, sql);
    expect((await first())?.what).toMatch(what);
  });

  it('finds an earlier state that was put back, with a checkpoint that was kept outside', async () => {
    const checkpoints = [await known(600)];
    const leaves = await withLedger(db.engine, notes, (reader) => reader.leaves(0, 300));
    const frontier = new Frontier();
    for (const { hash } of leaves) frontier.append(hash);
    const later = leaves.map(({ rowKey }) => `'${rowKey}'`).join(', ');
    await sabotage('', `DELETE FROM notes WHERE CAST(id AS text) NOT IN (${later})`);
    await sabotage('entries', `DELETE FROM notes_ledger_entries WHERE row_key NOT IN (${later})`);
    await sabotage(
      'tree',
      'DELETE FROM notes_ledger_tree WHERE level = 0 AND position >= 300',
      'DELETE FROM notes_ledger_tree WHERE level = 1 AND position >= 1',
    );
    await sabotage(
      'blocks',
      'DELETE FROM notes_ledger_blocks WHERE size > 300',
      `INSERT INTO notes_ledger_blocks (size, root) SELECT 300, ${binary(frontier.root())} WHERE NOT EXISTS (SELECT 1 FROM notes_ledger_blocks)`,
    );
    await sabotage(
      'head',
      `UPDATE notes_ledger_head SET size = 300, frontier = ${binary(frontier.encode())}${isSqlite ? ', sealed = 300' : ''}`,
    );
    expect(await first()).toBeUndefined();
    expect((await first({ checkpoints }))?.what).toBe('a checkpoint has 600 leaves, but there are 300');
    expect((await first({ trusted: checkpoints[0] }))?.what).toBe(
      'the ledger has fewer than the 600 leaves of a checkpoint',
    );
  });

  it('verifies only the entries after a trusted root, and finds problems in them', async () => {
    const trusted = await known(600);
    await add(600, 70);
    await db.engine.seal();
    expect(await verifyTable(db.engine, notes, { trusted, checkpoints: [await known(5)] })).toMatchObject({
      size: 670,
      checked: 70,
      problems: [],
    });
    await sabotage('', `UPDATE notes SET body = 'other' WHERE n = 650`);
    expect(await first({ trusted })).toMatchObject({ position: 650, row_key: uuid(650) });
  });

  it('does not continue from a trusted root that the tree contradicts, and names the changed row', async () => {
    const trusted = await known(600);
    await sabotage('tree', `UPDATE notes_ledger_tree SET hash = ${zeros} WHERE level = 0 AND position = 599`);
    const { checked, problems } = await verifyTable(db.engine, notes, { trusted });
    expect(checked).toBe(600);
    expect(problems[0]).toMatchObject({ position: 599, row_key: uuid(599) });
    expect(problems.map(({ what }) => what)).toContain(
      'the root of the first 600 leaves differs from a checkpoint',
    );
  });

  it('refuses a forged checkpoint of any size', async () => {
    for (const size of [0, 1, 300, 600]) {
      const checkpoints = [{ size, root: Buffer.alloc(32), source: 'a forgery' }];
      expect((await first({ checkpoints }))?.what, String(size)).toMatch(/a forgery/);
      if (size < 600) {
        expect((await first({ checkpoints, trusted: await known(600) }))?.what).toMatch(/a forgery/);
      }
    }
  });
});
