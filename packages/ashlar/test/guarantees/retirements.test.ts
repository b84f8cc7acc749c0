import { createdAt, type Database, id, table, timestamp } from 'ashlar';
import type { RunSql } from 'ashlar/extend';
import { appendOnly, ledgered, legalHolds, retained } from 'ashlar/guarantees';
import { purge } from 'ashlar/migrations';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { ledgerReader } from '../../src/guarantees/ledgered/reader.js';
import type { KnownRoot } from '../../src/ledger/problems.js';
import { treeRoot } from '../../src/ledger/proofs.js';
import { before } from '../../src/ledger/retirement-evidence.js';
import { type Verification, verifyEntries } from '../../src/ledger/verify.js';
import { rootMessage } from './setup.js';

const { engines } = oneOfEach(import.meta.url);

const holds = legalHolds('holds');
const law = { for: { years: 5 }, reason: 'law', hold: holds };
/** Rows that expire by a time that the application gives. */
const letters = table('letters', { id: id(), sent_at: timestamp(), n: z.int() }, (c) => [
  appendOnly(),
  ledgered(),
  retained(c.sent_at, law),
]);
/** Rows that expire by the time at which they were written. */
const events = table('events', { id: id(), n: z.int(), at: createdAt() }, (c) => [
  appendOnly(),
  ledgered(),
  retained(c.at, law),
]);
/** Rows that never expire. */
const notes = table('notes', { id: id(), n: z.int(), at: createdAt() }, () => [appendOnly(), ledgered()]);
const tables = { holds, letters, events, notes };
type Name = 'letters' | 'events' | 'notes';

const count = 12;
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [old, young] = ['2015-03-05T00:00:00.000Z', new Date().toISOString()];
/** The letters that have expired: the purge retires all of them but the held one. */
const expired = [0, 1, 2, 4, 7];
const held = 2;
const years = (n: number): Date => before({ years: n }, new Date());
const literal = (date: Date | string): string => `'${typeof date === 'string' ? date : date.toISOString()}'`;

describe.each(engines)('retirements of a ledger on $name', (engine) => {
  const isPostgres = sqlOf(engine) === 'postgres';
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { maintain: false }));
    const positions = Array.from({ length: count }, (_, n) => n);
    for (const n of positions)
      await db.session(async (s) => {
        await s.insert(letters, { id: uuid(n), sent_at: expired.includes(n) ? old : young, n });
        await s.insert(events, { id: uuid(n), n });
        await s.insert(notes, { id: uuid(n), n });
      });
    await db.session((s) =>
      s.insert(holds, {
        table_name: 'letters',
        row_key: { id: uuid(held) },
        reason: 'a case',
        placed_by: 'user:7',
      }),
    );
    // on a server rows are sealed soon after the commit: their order is that of the transactions
    await db.engine.seal();
    await purge(db.engine, db.system);
  });
  afterAll(() => remove());

  const read = (
    name: Name,
    run: RunSql,
    checkpoints: readonly KnownRoot[] = [],
    now = new Date(),
  ): Promise<Verification> =>
    verifyEntries(ledgerReader(tables[name], sqlOf(engine), run), { checkpoints, now });

  const root = (name: Name, size: number): Promise<Uint8Array> =>
    db.engine.asOwner((owner) => treeRoot(ledgerReader(tables[name], sqlOf(engine), owner.run), size));

  const checkpoint = async (name: Name, size: number, at: Date): Promise<KnownRoot> => ({
    size,
    root: await root(name, size),
    source: `the checkpoint of ${size}`,
    at,
  });

  /** Verifies a ledger after the owner changed it without its triggers, and undoes the change. */
  const after = async (
    name: Name,
    statements: readonly string[],
    checkpoints: readonly KnownRoot[] = [],
    now?: Date,
  ): Promise<Verification> => {
    let found: Verification | undefined;
    const undo = new Error('undo');
    // the head first, as sealing in the background locks them
    const parts = [
      `${name}_ledger_head`,
      name,
      ...['entries', 'tree', 'retirements'].map((part) => `${name}_ledger_${part}`),
    ];
    const there = parts.filter((part) => name !== 'notes' || !part.endsWith('retirements'));
    await db.engine
      .asOwner((owner) =>
        owner.atomically(async () => {
          if (isPostgres)
            for (const part of there) await owner.run(`ALTER TABLE ${part} DISABLE TRIGGER USER`);
          else
            for (const trigger of await owner.run(
              `SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN (${there.map(literal).join(', ')})`,
            ))
              await owner.run(`DROP TRIGGER ${trigger.name}`);
          for (const sql of statements) await owner.run(sql);
          found = await read(name, owner.run, checkpoints, now);
          throw undo;
        }),
      )
      .catch((error: unknown) => {
        if (error !== undo) throw error;
      });
    if (!found) return expect.unreachable();
    return found;
  };
  const problemsOf = ({ problems }: Verification): string => problems.map(({ what }) => what).join('\n');

  it('are recorded by a purge, and only a held row stays', async () => {
    const found = await after('letters', []);
    expect(found).toMatchObject({ problems: [], size: count, retired: 4, firstProvable: 8 });
    expect(found.unverified).toEqual([
      'the retirement of 4 entries, between the positions 0 and 7, cannot be verified: the time from which they are kept is not that of their insert',
    ]);
    const runs = await db.engine.asOwner((owner) =>
      owner.run(
        'SELECT number, first_position, last_position FROM letters_ledger_retirements ORDER BY first_position',
      ),
    );
    expect(runs.map((run) => Object.values(run).map(Number))).toEqual([
      [1, 0, 1],
      [2, 4, 4],
      [3, 7, 7],
    ]);
    for (const name of ['events', 'notes'] as const)
      expect(await after(name, [])).toMatchObject({
        problems: [],
        unverified: [],
        retired: 0,
        firstProvable: 0,
      });
  });

  it('any deletion that no retirement records, and any first_provable that does not follow, is reported', async () => {
    const subset = fc.uniqueArray(fc.nat({ max: count - 1 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<Name>('letters', 'events', 'notes'),
        fc.record({ rows: subset, entries: subset, leaves: subset, runs: subset }),
        fc.option(fc.integer({ min: -1, max: 2 * count })),
        async (name, gone, claimed) => {
          const retired = name === 'letters' ? expired.filter((n) => n !== held) : [];
          const list = (of: readonly number[]) => of.map((n) => literal(uuid(n))).join(', ');
          const statements = [
            ...(gone.rows.length > 0 ? [`DELETE FROM ${name} WHERE id IN (${list(gone.rows)})`] : []),
            ...(gone.entries.length > 0
              ? [`DELETE FROM ${name}_ledger_entries WHERE row_key IN (${list(gone.entries)})`]
              : []),
            ...(gone.leaves.length > 0
              ? [
                  `DELETE FROM ${name}_ledger_tree WHERE level = 0 AND position IN (${gone.leaves.join(', ')})`,
                ]
              : []),
            ...(gone.runs.length > 0 && name === 'letters'
              ? [`DELETE FROM letters_ledger_retirements WHERE first_position IN (${gone.runs.join(', ')})`]
              : []),
            ...(claimed === null ? [] : [`UPDATE ${name}_ledger_head SET first_provable = ${claimed}`]),
          ];
          const isNew = (n: number) => !retired.includes(n);
          const isSound =
            !gone.rows.some(isNew) &&
            !gone.entries.some(isNew) &&
            gone.leaves.length === 0 &&
            !(name === 'letters' && gone.runs.some((n) => [0, 4, 7].includes(n))) &&
            (claimed ?? -2) === (claimed === null ? -2 : name === 'letters' ? 8 : 0);
          const { problems } = await after(name, statements);
          expect(problems.length === 0, `${statements.join('; ')}: ${JSON.stringify(problems)}`).toBe(
            isSound,
          );
        },
      ),
      { numRuns: 120 },
    );
  });

  const next = (name: Name): string =>
    `(SELECT coalesce(max(number), 0) + 1 FROM ${name}_ledger_retirements)`;
  const forgeRun = (name: Name, first: number, last: number, cutoff: Date, at = new Date()): string[] => [
    ...Array.from({ length: last - first + 1 }, (_, n) => literal(uuid(first + n))).flatMap((key) => [
      `DELETE FROM ${name} WHERE id = ${key}`,
      `DELETE FROM ${name}_ledger_entries WHERE row_key = ${key}`,
    ]),
    `INSERT INTO ${name}_ledger_retirements (number, first_position, last_position, cutoff, retired_at) VALUES (${next(name)}, ${first}, ${last}, ${literal(cutoff)}, ${literal(at)})`,
    `UPDATE ${name}_ledger_head SET first_provable = ${name === 'letters' ? `CASE WHEN first_provable > ${last + 1} THEN first_provable ELSE ${last + 1} END` : last + 1}`,
  ];
  const forge = (name: Name, n: number, cutoff: Date, at?: Date): string[] =>
    forgeRun(name, n, n, cutoff, at);

  it('a retirement is verified by a checkpoint from before its cutoff, and by nothing else', async () => {
    // the time of these rows is that of their insert
    const told = await checkpoint('events', 3, years(6));
    expect(await after('events', forge('events', 2, years(5)), [told])).toMatchObject({
      problems: [],
      unverified: [],
    });
    expect(await after('events', forge('events', 3, years(5)), [told])).toMatchObject({
      problems: [],
      unverified: [expect.stringContaining('no signed checkpoint from before their cutoff has them')],
    });
    const { at: _, ...undated } = told;
    expect((await after('events', forge('events', 2, years(5)), [undated])).unverified).toHaveLength(1);
  });

  it('only the positions beyond the newest checkpoint before the cutoff are in doubt', async () => {
    const told = await checkpoint('events', 3, years(6));
    const run = forgeRun('events', 1, 5, years(5));
    expect((await after('events', run, [told])).unverified).toEqual([
      expect.stringMatching(
        /^the retirement of 3 entries, between the positions 3 and 5, cannot be verified/,
      ),
    ]);
    const soon = (hours: number) => new Date(years(5).getTime() + hours * 3_600_000);
    // who purges and signs each night has a checkpoint soon after each cutoff
    expect((await after('events', run, [told, await checkpoint('events', 8, soon(20))])).unverified).toEqual(
      [],
    );
    expect(
      (await after('events', run, [told, await checkpoint('events', 8, soon(30))])).unverified,
    ).toHaveLength(1);
  });

  it('an old checkpoint does not verify the retirement of rows that expire by a time of the application', async () => {
    const told = await checkpoint('letters', count, years(6));
    expect(await after('letters', forge('letters', 9, years(5)), [told])).toMatchObject({
      problems: [],
      unverified: [
        expect.stringMatching(
          /^the retirement of 5 entries, .*: the time from which they are kept is not that of their insert$/,
        ),
      ],
    });
  });

  it('an entry that is dated before a checkpoint that does not have it is a problem', async () => {
    const later = await checkpoint('notes', 3, new Date(Date.now() + 3 * 86_400_000));
    const soonAfter = new Date(Date.now() + 4 * 86_400_000);
    const { problems } = await after('notes', [], [later], soonAfter);
    expect(problems).toHaveLength(count - 3);
    expect(problems[0]).toMatchObject({
      position: 3,
      row_key: uuid(3),
      what: expect.stringMatching(/^the entry is dated .*, but the checkpoint of 3 of .* does not have it$/),
    });
    const soon = await checkpoint('notes', 3, new Date(Date.now() + 12 * 3_600_000));
    expect(problemsOf(await after('notes', [], [soon], soonAfter))).toBe('');
    // while its time is still to come, the clock of the signer was ahead
    expect(await after('notes', [], [later])).toMatchObject({
      problems: [],
      unverified: [
        expect.stringMatching(/^the checkpoint of 3 is dated .*, in the future: its time shows nothing$/),
      ],
    });
    // and also once a later checkpoint is dated before it
    const next = await checkpoint('notes', 4, new Date());
    expect(await after('notes', [], [later, next], soonAfter)).toMatchObject({
      problems: [],
      unverified: [
        expect.stringMatching(/^the checkpoint of 3 is dated .*, after a later one: its time shows nothing$/),
      ],
    });
    // a time that is contradicted is no lower bound of what came after it either
    const week = new Date(Date.now() + 7 * 86_400_000);
    const [wrong, right] = [
      await checkpoint('notes', 3, new Date(Date.now() + 30 * 86_400_000)),
      await checkpoint('notes', count, week),
    ];
    for (const [roots, now] of [
      [[wrong], week],
      [[wrong, right], new Date(Date.now() + 40 * 86_400_000)],
    ] as const)
      expect(await after('notes', [], roots, now)).toMatchObject({
        problems: [],
        unverified: [expect.stringContaining('its time shows nothing')],
      });
  });

  it('a verifier whose clock is behind that of the database says so', async () => {
    const now = new Date(Date.now() - 2 * 3_600_000);
    const found = await db.engine.asOwner((owner) =>
      verifyEntries(ledgerReader(letters, sqlOf(engine), owner.run), { now }),
    );
    expect(found).toMatchObject({
      problems: [],
      unverified: [expect.stringContaining('the clock of the database is ahead of that of this machine')],
    });
  });

  it('a retirement that a later checkpoint contradicts is a problem', async () => {
    const yesterday = await checkpoint('events', 3, before({ days: 2 }, new Date()));
    expect(problemsOf(await after('events', forge('events', 5, years(5)), [yesterday]))).toMatch(
      /^the positions 5 to 5 were retired although they were younger than .*: the checkpoint of 3 of .* has only 3 entries$/,
    );
    expect(
      problemsOf(
        await after('letters', forge('letters', 9, years(5)), [
          await checkpoint('letters', 9, yesterday.at ?? years(1)),
        ]),
      ),
    ).toBe('');
    // a time to come, which may be that of a wrong clock, hides nothing
    const soon = new Date(Date.now() + 20 * 3_600_000);
    expect(problemsOf(await after('events', forge('events', 5, years(5), soon), [yesterday]))).toContain(
      'although they were younger',
    );
  });

  it('a retirement with forged times is reported', async () => {
    const late = await after('events', forge('events', 2, new Date()));
    expect(late.unverified).toEqual([
      expect.stringContaining('after a shorter period than the table declares'),
    ]);
    const future = forge('events', 2, years(1), new Date(Date.now() + 4 * 365 * 86_400_000));
    expect(problemsOf(await after('events', future))).toContain('in the future');
    const beyond = `INSERT INTO events_ledger_retirements (number, first_position, last_position, cutoff, retired_at) VALUES (1, 20, 30, ${literal(years(6))}, ${literal(young)})`;
    expect(problemsOf(await after('events', [beyond]))).toContain('does not fit the ledger');
    const twice = `INSERT INTO letters_ledger_retirements (number, first_position, last_position, cutoff, retired_at) VALUES (4, 1, 4, ${literal(years(6))}, ${literal(young)})`;
    expect(problemsOf(await after('letters', [twice]))).toContain('does not fit the ledger');
  });

  it('a held row that is retired is reported', async () => {
    const moment = new Date(Date.now() + 2 * 3_600_000);
    // a hold that waited for the purge of a large partition has the time of its own beginning
    const soon = new Date(Date.now() + 50 * 60_000);
    expect(await after('letters', forge('letters', held, years(5), soon))).toMatchObject({
      problems: [],
      unverified: expect.arrayContaining([
        expect.stringContaining('was placed at about the time of the purge'),
      ]),
    });
    expect(problemsOf(await after('letters', forge('letters', held, years(5), moment)))).toBe(
      'the row was retired under an open legal hold',
    );
    const all = isPostgres
      ? `INSERT INTO holds (id, table_name, reason, placed_by) VALUES ('${uuid(99)}', 'events', 'all', 'user:7')`
      : `INSERT INTO holds (id, table_name, reason, placed_by) VALUES ('${uuid(99)}', 'events', 'all', 'user:7')`;
    expect(problemsOf(await after('events', [all, ...forge('events', 1, years(5), moment)]))).toBe(
      'the positions 1 to 1 were retired under a legal hold of the whole table',
    );
  });

  it('the missing table of retirements is a problem once something was purged', async () => {
    expect(problemsOf(await after('letters', ['DROP TABLE letters_ledger_retirements']))).toContain(
      'the side table of retirements is missing',
    );
    expect(await after('events', ['DROP TABLE events_ledger_retirements'])).toMatchObject({ problems: [] });
  });

  it.each(['letters', 'events', 'notes'] as const)(
    'first_provable of %s cannot be set, nor a line be written',
    async (name) => {
      const refusal = (...statements: string[]): Promise<string> =>
        db.engine
          .asOwner((owner) =>
            owner.atomically(async () => {
              for (const text of statements) await owner.run(text);
            }),
          )
          .then(
            () => 'nothing',
            (error: unknown) => rootMessage(error),
          );
      const permit = isPostgres
        ? `SELECT set_config('ashlar.purging', '${name}', true)`
        : `INSERT INTO ashlar_purge (table_name) VALUES ('${name}')`;
      const raise = `UPDATE ${name}_ledger_head SET first_provable = first_provable + 1`;
      const lower = `UPDATE ${name}_ledger_head SET first_provable = first_provable - 1`;
      for (const sql of [raise, lower]) {
        expect(await refusal(sql), sql).toMatch(/^ashlar\/ledgered: /);
        expect(await refusal(permit, sql), sql).toMatch(/^ashlar\/ledgered: /);
      }
      if (name === 'notes') return;
      const line = (first: number, last: number) =>
        `INSERT INTO ${name}_ledger_retirements (number, first_position, last_position, cutoff) VALUES (${next(name)}, ${first}, ${last}, ${literal(young)})`;
      expect(await refusal(line(9, 9))).toMatch(/^ashlar\/ledgered: /);
      // with a cutoff and the next number it would be accepted
      expect(await refusal(permit, line(9, 9), 'SELECT undefined_column')).not.toMatch(/^ashlar\/ledgered: /);
      for (const [from, to] of [
        [literal(young), 'NULL'],
        [next(name), '77'],
      ] as const)
        expect(await refusal(permit, line(9, 9).replace(from, to))).toMatch(/^ashlar\/ledgered: /);
      expect(await refusal(permit, line(9, count))).toMatch(/^ashlar\/ledgered: /);
      if (name === 'letters') {
        expect(await refusal(permit, line(4, 5))).toMatch(/^ashlar\/ledgered: /);
        for (const sql of [
          'UPDATE letters_ledger_retirements SET last_position = 11',
          'DELETE FROM letters_ledger_retirements',
        ])
          expect(await refusal(permit, sql)).toMatch(/^ashlar\/ledgered: /);
      }
      // a session may not, with or without a purge
      await expect(
        db.session((s) =>
          s.query
            .updateTable(`${name}_ledger_head` as never)
            .set({ first_provable: 1 } as never)
            .execute(),
        ),
      ).rejects.toMatchObject({ code: expect.stringMatching(/guarantee-violated|privilege-missing/) });
    },
  );
});
