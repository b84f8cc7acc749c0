import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, id, json, table, timestamp } from 'ashlar';
import { appendOnly, ledgered, legalHolds, retained } from 'ashlar/guarantees';
import { checkpointLedger, exportLedger, newLedgerKey, openLedger, verifyLedger } from 'ashlar/ledger';
import { purge } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { verifyExport } from '../../verifier/ashlar-verify.mjs';
import { behindItsBack } from '../ledger/sabotage.js';

const { engines } = oneOfEach(import.meta.url);

const holds = legalHolds('holds');
const letters = table(
  'letters',
  { id: id(), sent_at: timestamp(), n: z.int(), note: json(z.record(z.string(), z.json())).nullable() },
  (c) => [appendOnly(), ledgered(), retained(c.sent_at, { for: { years: 5 }, reason: 'law', hold: holds })],
);
const tables = { holds, letters };
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [old, young] = ['2015-03-05T00:00:00.000Z', new Date().toISOString()];
const [day, pause] = [86_400_000, 1_100];

describe.each(engines)('retirements that checkpoints sign on $name', (engine) => {
  const isPostgres = sqlOf(engine) === 'postgres';
  const { key, publicKey } = newLedgerKey('example.com/test');
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  let folder: string;
  beforeEach(async () => {
    ({ db, remove } = await withTables(engine, tables, { maintain: false }));
    folder = await mkdtemp(join(tmpdir(), 'ashlar-checkpoints-'));
  });
  afterEach(async () => {
    await remove();
    await rm(folder, { recursive: true });
  });

  let next = 0;
  const add = (sent_at: string, note: Record<string, z.core.util.JSONType> | null = null) => {
    next += 1;
    return db.session((s) => s.insert(letters, { id: uuid(next), sent_at, n: next, note }));
  };
  const ledger = () => openLedger(db.engine, db.system, letters, { checkpoints: join(folder, 'c'), key });
  const sign = () => checkpointLedger(ledger());
  const files = async (): Promise<string[]> => (await readdir(join(folder, 'c/testing/letters'))).sort();
  const problems = async (full = true): Promise<string> =>
    (await verifyLedger(ledger(), { full })).problems.map(({ what }) => what).join('\n');
  const unverified = async (): Promise<readonly string[]> =>
    (await verifyLedger(ledger(), { full: true })).unverified;
  const sabotage = (part: string, ...statements: string[]) =>
    behindItsBack(db.engine, `letters_ledger_${part}`, statements);
  /** A table with expired and other rows, the first of which were purged. */
  const purged = async (): Promise<void> => {
    next = 0;
    for (const time of [old, old, young, old]) await add(time);
    await db.engine.seal();
    await purge(db.engine, db.system);
  };
  const moment = (ms: number): string => `'${new Date(Date.now() + ms).toISOString()}'`;
  const hold = (n: number) =>
    db.session((s) =>
      s.insert(holds, {
        table_name: 'letters',
        row_key: { id: uuid(n) },
        reason: 'a case',
        placed_by: 'user:7',
      }),
    );

  it('in ordinary life nothing is a problem, night after night', async () => {
    next = 0;
    for (let night = 0; night < 4; night++) {
      for (const time of [old, young, old]) await add(time);
      await sign();
      await purge(db.engine, db.system);
      await sign();
      for (const full of [true, false])
        expect(await verifyLedger(ledger(), { full })).toMatchObject({
          problems: [],
          // what the newest checkpoint signs is not examined again each time
          unverified: full ? [expect.stringContaining('is not that of their insert')] : [],
        });
    }
    // a purge adds no entry: its checkpoint has the size of the one before it
    expect(await files()).toEqual(
      [12, 3, 6, 9].flatMap((size) => [`${size}-2.checkpoint`, `${size}.checkpoint`]),
    );
    const note = await readFile(join(folder, 'c/testing/letters/12-2.checkpoint'), 'utf8');
    expect(await sign()).toEqual({ size: 12, note });
  });

  it('a line that is dated before a checkpoint that does not have it is a problem', async () => {
    await purged();
    await sign();
    const last = isPostgres ? 'greatest(first_provable, 3)' : 'max(first_provable, 3)';
    await sabotage('head', `UPDATE letters_ledger_head SET first_provable = ${last}`);
    await behindItsBack(db.engine, 'letters', [`DELETE FROM letters WHERE n = 3`]);
    await sabotage('entries', `DELETE FROM letters_ledger_entries WHERE row_key = '${uuid(3)}'`);
    const line = (at: string) =>
      `INSERT INTO letters_ledger_retirements (number, first_position, last_position, cutoff, retired_at) VALUES ((SELECT max(number) + 1 FROM letters_ledger_retirements), 2, 2, '${old}', ${at})`;
    await sabotage('retirements', line(moment(-2 * day)));
    for (const full of [true, false])
      expect(await problems(full)).toMatch(
        /^the retirement of the positions 2 to 2 is dated .*, but the checkpoint .*4\.checkpoint of .* does not have it$/,
      );
    await expect(sign()).rejects.toMatchObject({ code: 'ledger-tampered' });
  });

  it.each([
    [
      'a signed time',
      'retirements',
      `UPDATE letters_ledger_retirements SET retired_at = '${young}' WHERE number = 1`,
      /^the first \d retirements differ from those that the checkpoint .*4\.checkpoint signs/,
    ],
    [
      'a signed cutoff',
      'retirements',
      `UPDATE letters_ledger_retirements SET cutoff = '2015-03-06T00:00:00.000000Z' WHERE number = 1`,
      /^the first \d retirements differ/,
    ],
    [
      'the key of a retired leaf',
      'tree',
      `UPDATE letters_ledger_tree SET row_key = 'Z' WHERE level = 0 AND position = 0`,
      /^the first \d retirements differ/,
    ],
    [
      'a lost line',
      'retirements',
      'DELETE FROM letters_ledger_retirements WHERE number = 2',
      /has 2 retirements, but 1 are recorded/,
    ],
    [
      'numbers with a gap',
      'retirements',
      'UPDATE letters_ledger_retirements SET number = 9 WHERE number = 2',
      /the numbers of the retirements are not consecutive/,
    ],
    [
      'a late time',
      'retirements',
      `UPDATE letters_ledger_retirements SET retired_at = ${moment(2 * day)} WHERE number = 2`,
      /but the checkpoint .* has it|in the future/,
    ],
  ])('what they signed cannot be changed: %s', async (_, part, sql, what) => {
    await purged();
    await sign();
    await sabotage(part, sql);
    expect(await problems()).toMatch(what);
  });

  it('a retirement without a cutoff is a problem once lines are signed', async () => {
    await add(old);
    await sign();
    await purge(db.engine, db.system);
    await sabotage('retirements', 'UPDATE letters_ledger_retirements SET cutoff = NULL');
    expect(await problems()).toMatch(
      /^the retirement of the positions 0 to 0 has no cutoff, and the checkpoint/,
    );
    await sabotage('retirements', `UPDATE letters_ledger_retirements SET cutoff = '${old}'`);
    await add(old);
    await purge(db.engine, db.system);
    await sabotage('retirements', 'UPDATE letters_ledger_retirements SET cutoff = NULL WHERE number = 2');
    expect(await problems()).toMatch(/has no cutoff, but earlier ones have/);
  });

  it('a hold that is placed after a retirement needs a checkpoint in between', async () => {
    await purged();
    await hold(1);
    expect(await problems()).toBe('');
    expect(await unverified()).toContainEqual(
      expect.stringMatching(
        /between the positions 0 and 0, cannot be verified: a legal hold was placed after it/,
      ),
    );
    await sign();
    // the checkpoint states whole seconds
    await new Promise((resolve) => setTimeout(resolve, pause));
    await hold(2);
    expect((await unverified()).join('\n')).toMatch(/^(?!.*positions 1 and 1)/s);
    await db.session((s) => s.insert(holds, { table_name: 'letters', reason: 'all', placed_by: 'user:7' }));
    expect((await unverified()).filter((line) => line.includes('a legal hold was placed'))).toHaveLength(1);
  });

  it('a hold of a row that neither table nor ledger knows is told', async () => {
    await purged();
    await hold(3);
    expect((await unverified()).filter((line) => line.includes('legal hold'))).toEqual([]);
    await hold(77);
    expect(await unverified()).toContainEqual(
      `a legal hold names the row ${uuid(77)}, which is neither in the table nor in the ledger: whether it was retired cannot be verified`,
    );
    expect(await problems()).toBe('');
  });

  it('what an earlier release purged is told once, and later purges go on', async () => {
    await purged();
    // as version 1 left it: no side table, no lines
    const run = (sql: string) => db.engine.asOwner((owner) => owner.run(sql));
    const guards = isPostgres
      ? []
      : await run(
          `SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND sql LIKE '%letters_ledger_retirements%' AND tbl_name <> 'letters_ledger_retirements'`,
        );
    for (const { name } of guards) await run(`DROP TRIGGER ${name}`);
    await run('DROP TABLE letters_ledger_retirements');
    expect(await problems()).toContain('the side table of retirements is missing');
    await expect(purge(db.engine, db.system)).resolves.toMatchObject({ purged: [] });
    await add(old);
    await expect(purge(db.engine, db.system)).rejects.toThrow();
    // as the step makes it
    const enforcement = letters.guarantees.find(({ name }) => name === 'ledgered')?.[sqlOf(engine)];
    if (!enforcement || enforcement.level === 'refused') return expect.unreachable();
    await db.engine.asOwner(async (owner) => {
      for (const { type, name, sql, fill } of enforcement.objects(letters))
        if (name.startsWith('letters_ledger_retire') && type !== 'function')
          for (const text of [sql, fill ?? 'SELECT 1']) await owner.script(text);
      for (const { sql } of guards) await owner.script(String(sql));
    });
    expect(await verifyLedger(ledger(), { full: true })).toMatchObject({
      problems: [],
      retired: 3,
      unverified: [
        'the retirement of 3 entries, between the positions 0 and 3, cannot be verified: purged before purges were recorded',
      ],
    });
    await sign();
    await purge(db.engine, db.system);
    await sign();
    for (const full of [true, false])
      expect(await verifyLedger(ledger(), { full })).toMatchObject({ problems: [], retired: 4 });
  });

  it('a ledger with retirements is exported, and verified without Ashlar', async () => {
    await purged();
    await sign();
    const out = join(folder, 'export');
    expect(await exportLedger(ledger(), out)).toBe(4);
    expect(await verifyExport(out, [publicKey])).toMatchObject({
      size: 4,
      retired: 3,
      unsigned: 0,
      older: 0,
      checkpoints: 2,
    });
    const lines = join(out, 'retirements.jsonl');
    const text = await readFile(lines, 'utf8');
    for (const changed of [
      text.replace('2015', '2016'),
      text.replace(/^.*\n/, ''),
      text.replace('[1,0,1', '[1,0,0'),
      `${text}not a line\n`,
      `${text}{}\n`,
      '',
    ]) {
      if (changed === text) continue;
      await writeFile(lines, changed);
      await expect(verifyExport(out, [publicKey])).rejects.toThrow(/retirements/);
    }
    await writeFile(lines, text);
    await expect(verifyExport(out, [publicKey])).resolves.toMatchObject({ retired: 3 });
  });

  it('an exported entry that is hidden as purged is not valid, whatever is cut off from the checkpoints', async () => {
    await purged();
    await sign();
    const kept = join(folder, 'kept.checkpoint');
    await writeFile(kept, (await sign()).note);
    const out = join(folder, 'export');
    await exportLedger(ledger(), out);
    const [entriesFile, lines] = ['entries.jsonl', 'retirements.jsonl'].map((name) => join(out, name)) as [
      string,
      string,
    ];
    const entries = (await readFile(entriesFile, 'utf8')).split('\n');
    const leaf = (await readFile(join(out, 'leaves.bin'))).subarray(2 * 32, 3 * 32);
    await writeFile(entriesFile, entries.with(2, `{"retired":"${leaf.toString('base64')}"}`).join('\n'));
    const text = await readFile(lines, 'utf8');
    const count = text.split('\n').length;
    await writeFile(lines, `${text}[${count},2,2,"${old}","${young}","x"]\n`);
    const invalid = /the checkpoint signs \d of the \d lines of retirements.jsonl/;
    for (const checkpoints of [[], [kept]])
      await expect(verifyExport(out, [publicKey], checkpoints)).rejects.toThrow(invalid);
    expect(await verifyExport(out, [publicKey], [], { unsignedRetirements: true })).toMatchObject({
      retired: 4,
      unsigned: 1,
    });
    // without the signatures of retirements nothing compares the lines
    for (const name of (await readdir(out)).filter((each) => each.endsWith('checkpoint'))) {
      const note = await readFile(join(out, name), 'utf8');
      const long = note.split('\n').filter((line) => !(line.startsWith('\u2014') && line.length > 170));
      expect(long.length).toBeLessThan(note.split('\n').length);
      await writeFile(join(out, name), long.join('\n'));
    }
    await expect(verifyExport(out, [publicKey])).rejects.toThrow(invalid);
    await expect(verifyExport(out, [publicKey], [kept])).rejects.toThrow(invalid);
  });

  it('an export has the purges that its checkpoint signs', async () => {
    await purged();
    await sign();
    await add(old);
    await sign();
    await purge(db.engine, db.system);
    const { verifiers, ...rest } = ledger();
    const withoutKey = { ...rest, verifiers, signer: undefined };
    await expect(exportLedger(withoutKey, join(folder, 'without'))).rejects.toMatchObject({
      code: 'usage',
      suggestion: expect.stringContaining('Sign a checkpoint'),
    });
    expect(await exportLedger(ledger(), join(folder, 'with'))).toBe(5);
    expect(await verifyExport(join(folder, 'with'), [publicKey])).toMatchObject({ retired: 4, unsigned: 0 });
    expect(await exportLedger(withoutKey, join(folder, 'again'))).toBe(5);
  });

  it('JSON is compared by its text: digits, repetitions and order', async () => {
    const values = [
      { a: 2 },
      { a: 2, b: [1, 'x\u00e9"\\'] },
      { big: 9_007_199_254_740_991 },
      null,
      { deep: { ':': '}', ',': null } },
    ];
    for (const value of values) await add(young, value);
    expect(await problems()).toBe('');
    const changes = isPostgres
      ? ['{"a": 2.00000000000000000001}', '{"a": 2.0}', '{"a": 3}']
      : ['{"a":1,"a":2}', '{"a":2.0}', '{"a":2,"a":2}', '{"a":3}'];
    for (const changed of changes) {
      await behindItsBack(db.engine, 'letters', [
        `UPDATE letters SET note = '${changed}' WHERE id = '${uuid(next - values.length + 1)}'`,
      ]);
      expect(await problems(), changed).toBe('the column note was changed after it was written');
    }
  });
});
