import {
  autoincrement,
  bigint,
  bytes,
  createdAt,
  type Database,
  decimal,
  id,
  index,
  inet,
  json,
  primaryKey,
  references,
  table,
  timestamp,
} from 'ashlar';
import { appendOnly, audited, auditTrail, ledgered, partitioned, versioned } from 'ashlar/guarantees';
import fc from 'fast-check';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { verifyTable } from '../../src/ledger/database/ledgers.js';
import { type Fixture, foreignConnection, rootMessage } from './setup.js';

const changes = auditTrail('changes', (c) => [index(c.actor)]);
const notes = table(
  'notes',
  { id: id(), code: z.string(), body: z.string().default('none'), pin: z.string().nullable() },
  (c) => [index(c.code, { unique: true }), audited({ into: changes, except: c.pin })],
);
const replies = table('replies', { id: id(), note_id: z.uuid(), text: z.string() }, (c) => [
  references(c.note_id, notes.columns.id, { onDelete: 'cascade' }),
  audited({ into: changes }),
]);
const clauses = table(
  'clauses',
  {
    id: id(),
    code: z.string(),
    version: z.int().min(1).default(1),
    current: z.boolean().default(true),
    previous: z.uuid().nullable(),
  },
  (c) => [
    versioned({ key: c.code, version: c.version, current: c.current, previous: c.previous }),
    audited({ into: changes }),
  ],
);
const monthly = table('monthly', { id: id(), at: createdAt(), note: z.string() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month' }),
  audited({ into: changes }),
]);
const counted = table('counted', { id: autoincrement(), note: z.string() }, () => [
  audited({ into: changes }),
]);
const kinds = {
  text: z.string(),
  whole: z.int(),
  small: z.int32().min(-5).max(5),
  big: bigint(),
  money: decimal(15, 2),
  real: z.number(),
  flag: z.boolean(),
  uuid: z.uuid(),
  at: timestamp(),
  precise: z.iso.datetime({ precision: 6 }),
  day: z.iso.date(),
  address: inet(),
  anything: json(z.json()),
  list: z.array(z.string()),
  blob: bytes(),
};
const nullable = <S extends Record<string, z.ZodType>>(given: S) =>
  Object.fromEntries(Object.entries(given).map(([name, type]) => [`${name}_or_null`, type.nullable()])) as {
    [K in keyof S as `${K & string}_or_null`]: z.ZodNullable<S[K]>;
  };
const every = table('every_kind', { id: id(), ...kinds, ...nullable(kinds) }, () => [
  audited({ into: changes }),
]);
// more columns than a PostgreSQL function accepts arguments
const wide = table(
  'wide',
  {
    id: id(),
    ...(Object.fromEntries(Array.from({ length: 70 }, (_, at) => [`c${at}`, z.int()])) as Record<
      string,
      z.ZodInt
    >),
  },
  () => [audited({ into: changes })],
);
const ledgeredTrail = auditTrail('sealed', () => [ledgered()]);
const accounts = table('accounts', { id: id(), name: z.string() }, () => [audited({ into: ledgeredTrail })]);
const tables = { ledgeredTrail, accounts, changes, notes, replies, clauses, monthly, counted, every, wide };

type Db = Database<typeof tables>;
const clerk = { actor: 'user:1', scope: 'client-a' };
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

describe.each(engines)('audited on $name', (engine) => {
  const dialect = sqlOf(engine);
  let db: Db;
  let fixture: Fixture;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    const opened = await withTables(engine, tables);
    ({ db, remove } = opened);
    fixture = {
      engine: db.engine,
      place: { url: opened.url, ...(opened.key === undefined ? {} : { key: opened.key }), remove },
      run: (text, parameters) => db.engine.asOwner((owner) => owner.run(text, parameters)),
      rows: async () => [],
      close: remove,
    };
  });
  afterAll(() => remove());

  /** The audit trail lines that `work` writes, in order. */
  const lines = async (work: () => Promise<unknown>) => {
    const since = (id: number) =>
      db.read((s) => s.query.selectFrom('changes').selectAll().where('id', '>', id).orderBy('id').execute());
    const [newest] = await db.read((s) =>
      s.query.selectFrom('changes').select('id').orderBy('id', 'desc').limit(1).execute(),
    );
    await work();
    return since(newest?.id ?? 0);
  };
  const asOwner = (...statements: string[]) =>
    db.engine.asOwner((owner) =>
      owner.atomically(async () => {
        for (const text of statements) await owner.run(text);
      }),
    );
  const brief = ({ table_name, operation, row_key }: Awaited<ReturnType<typeof lines>>[number]) =>
    `${operation} ${table_name} ${JSON.stringify(Object.fromEntries(Object.entries(row_key).sort()))}`;

  it('records actor, operation, time and the values before and after', async () => {
    const before = new Date(Date.now() - 60_000).toISOString();
    const [line, ...others] = await lines(() =>
      db.session(clerk, (s) => s.insert(notes, { id: uuid(1), code: 'a' })),
    );
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      actor: 'user:1',
      scope: 'client-a',
      role: dialect === 'sqlite' ? 'session' : 'postgres',
      table_name: 'notes',
      operation: 'insert',
      row_key: { id: uuid(1) },
      before: null,
      after: { id: uuid(1), code: 'a', body: 'none' },
      unseen: null,
    });
    expect(line?.after).not.toHaveProperty('pin');
    expect(line?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(line && line.at > before).toBe(true);
    const [update] = await lines(() =>
      db.session(clerk, (s) => s.update(notes, uuid(1), { body: 'some', pin: '1234' })),
    );
    expect(update).toMatchObject({
      operation: 'update',
      before: { body: 'none' },
      after: { body: 'some' },
      unseen: ['pin'],
    });
    expect(JSON.stringify(update)).not.toContain('1234');
    const [removed] = await lines(() => db.session(clerk, (s) => s.delete(notes, uuid(1))));
    expect(removed).toMatchObject({
      operation: 'delete',
      before: { body: 'some' },
      after: null,
      unseen: ['pin'],
    });
  });

  it('records a session without actor and scope', async () => {
    const [line] = await lines(() => db.session({}, (s) => s.insert(counted, { note: 'x' })));
    expect(line).toMatchObject({ actor: null, scope: null, row_key: { id: expect.any(Number) } });
  });

  it('records writes of many rows, upserts and raw SQL', async () => {
    const made = await lines(() =>
      db.session(clerk, (s) =>
        s.insertMany(
          notes,
          [11, 12, 13].map((n) => ({ id: uuid(n), code: `m${n}` })),
        ),
      ),
    );
    expect(made.map(brief)).toEqual([11, 12, 13].map((n) => `insert notes {"id":"${uuid(n)}"}`));
    const changed = await lines(() =>
      db.session(clerk, async (s) => {
        await s.query.updateTable('notes').set({ body: 'new' }).where('code', 'like', 'm%').execute();
        await s.query
          .insertInto('notes')
          .values({ id: uuid(11), code: 'm11', body: 'upserted' })
          .onConflict((c) => c.column('id').doUpdateSet({ body: 'upserted' }))
          .execute();
        await s.query
          .insertInto('notes')
          .values({ id: uuid(11), code: 'm11', body: 'ignored' })
          .onConflict((c) => c.column('id').doNothing())
          .execute();
        await sql`UPDATE notes SET body = body WHERE code = 'm12'`.execute(s.query);
        await s.query.deleteFrom('notes').where('code', '=', 'm13').execute();
      }),
    );
    expect(changed.map(brief)).toEqual([
      ...[11, 12, 13].map((n) => `update notes {"id":"${uuid(n)}"}`),
      `update notes {"id":"${uuid(11)}"}`,
      `update notes {"id":"${uuid(12)}"}`,
      `delete notes {"id":"${uuid(13)}"}`,
    ]);
    expect(changed[3]).toMatchObject({ before: { body: 'new' }, after: { body: 'upserted' } });
    expect(changed.every((line) => line.actor === 'user:1' && line.scope === 'client-a')).toBe(true);
  });

  it('records an update of the key under the old key', async () => {
    const [, line] = await lines(() =>
      db.session(clerk, async (s) => {
        await s.insert(notes, { id: uuid(21), code: 'key' });
        await sql`UPDATE notes SET id = ${uuid(22)} WHERE id = ${uuid(21)}`.execute(s.query);
      }),
    );
    expect(line).toMatchObject({
      row_key: { id: uuid(21) },
      before: { id: uuid(21) },
      after: { id: uuid(22) },
    });
    const history = await db.read((s) =>
      s.query
        .selectFrom('changes')
        .select('operation')
        .where('table_name', '=', 'notes')
        .where('row_key', '=', { id: uuid(21) } as never)
        .orderBy('id')
        .execute(),
    );
    expect(history.map(({ operation }) => operation)).toEqual(['insert', 'update']);
  });

  it('records changes made by a cascade and by another guarantee', async () => {
    const cascade = await lines(() =>
      db.session(clerk, async (s) => {
        await s.insert(notes, { id: uuid(31), code: 'parent' });
        await s.insertMany(replies, [
          { id: uuid(32), note_id: uuid(31), text: 'x' },
          { id: uuid(33), note_id: uuid(31), text: 'y' },
        ]);
        await s.delete(notes, uuid(31));
      }),
    );
    expect(cascade.map(brief).slice(3).sort()).toEqual([
      `delete notes {"id":"${uuid(31)}"}`,
      `delete replies {"id":"${uuid(32)}"}`,
      `delete replies {"id":"${uuid(33)}"}`,
    ]);
    expect(new Set(cascade.map(({ actor }) => actor))).toEqual(new Set(['user:1']));
    const succession = await lines(() =>
      db.session(clerk, async (s) => {
        await s.insert(clauses, { id: uuid(41), code: 'c' });
        await s.insert(clauses, { id: uuid(42), code: 'c', version: 2, previous: uuid(41) });
      }),
    );
    expect(succession.map(brief).sort()).toEqual([
      `insert clauses {"id":"${uuid(41)}"}`,
      `insert clauses {"id":"${uuid(42)}"}`,
      `update clauses {"id":"${uuid(41)}"}`,
    ]);
  });

  it('records nothing that is rolled back, and everything that a nested session commits', async () => {
    const failed = await lines(() =>
      db
        .session(clerk, async (s) => {
          await s.insert(counted, { note: 'lost' });
          throw new Error('no');
        })
        .catch(() => undefined),
    );
    expect(failed).toEqual([]);
    const nested = await lines(() =>
      db.session(clerk, async (s) => {
        await s.insert(counted, { note: 'outer' });
        await s
          .session(async (inner) => {
            await inner.insert(counted, { note: 'undone' });
            throw new Error('no');
          })
          .catch(() => undefined);
        await s.session((inner) => inner.insert(counted, { note: 'kept' }));
      }),
    );
    expect(nested.map(({ after }) => after?.note)).toEqual(['outer', 'kept']);
  });

  it('records writes of the owner and writes to a partitioned table', async () => {
    const at = '2026-01-05T00:00:00.000Z';
    const month = dialect === 'postgres' ? 'monthly_default' : 'monthly';
    const found = await lines(() =>
      asOwner(
        `INSERT INTO monthly (id, at, note) VALUES ('${uuid(51)}', '${at}', 'x')`,
        `UPDATE ${month} SET note = 'y'`,
        `DELETE FROM monthly`,
      ),
    );
    expect(found.map(brief)).toEqual(
      ['insert', 'update', 'delete'].map(
        (operation) => `${operation} monthly {"at":"${at}","id":"${uuid(51)}"}`,
      ),
    );
    expect(found.map(({ actor, scope }) => [actor, scope])).toEqual(Array(3).fill(['owner', '*']));
  });

  it('writes to an audit trail that is ledgered', async () => {
    await db.session(clerk, async (s) => {
      await s.insert(accounts, { id: uuid(57), name: 'x' });
      await s.update(accounts, uuid(57), { name: 'y' });
    });
    expect(await verifyTable(db.engine, ledgeredTrail as never)).toMatchObject({ problems: [], size: 2 });
  });

  it('records rows of many columns', async () => {
    const values = Object.fromEntries(Array.from({ length: 70 }, (_, at) => [`c${at}`, at]));
    const [line] = await lines(() =>
      db.session(clerk, (s) => s.insert(wide, { id: uuid(61), ...values } as never)),
    );
    expect(line?.after).toEqual({ id: uuid(61), ...values });
  });

  it('records each value as the session returns it', async () => {
    const text = fc
      .string({ unit: 'grapheme' })
      .filter((given) => given.isWellFormed() && !given.includes('\0'));
    const json = fc
      .jsonValue()
      .map((value) => JSON.parse(JSON.stringify(value)))
      .filter((value) => every.columns.anything.stored.safeParse(value).success);
    const number = fc
      .oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom(0.1, 5e-324, 1.7976931348623157e308, 1e21),
      )
      .map((n) => (n === 0 ? 0 : n));
    const date = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    const values: { readonly [K in keyof typeof kinds]: fc.Arbitrary<unknown> } = {
      text,
      whole: fc.maxSafeInteger(),
      small: fc.integer({ min: -5, max: 5 }),
      money: fc.constantFrom('0.00', '-0.01', '-12.30', '9999999999999.99', '0.10'),
      big: fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.constantFrom(0n, 2n ** 53n + 1n, -(2n ** 63n)),
      ),
      real: number,
      flag: fc.boolean(),
      uuid: fc.uuid(),
      at: date.map((value) => value.toISOString()),
      precise: fc
        .tuple(date, fc.integer({ min: 0, max: 999 }))
        .map(([value, micros]) => value.toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`)),
      day: date.map((value) => value.toISOString().slice(0, 10)),
      address: fc.oneof(
        fc.ipV4(),
        fc.constantFrom('::', '::1', '::102:304', '::ffff:1.2.3.4', '::1:0', '::ffff:ffff', '2001:db8::1'),
      ),
      anything: json,
      list: fc.array(text),
      blob: fc.uint8Array({ maxLength: 20 }),
    };
    const all = fc.record({
      ...values,
      ...Object.fromEntries(
        Object.entries(values).map(([name, value]) => [`${name}_or_null`, fc.option(value)]),
      ),
    });
    const asJson = (row: Readonly<Record<string, unknown>> | undefined) =>
      Object.fromEntries(
        Object.entries(row ?? {}).map(([name, value]) => [
          name,
          value instanceof Uint8Array
            ? Buffer.from(value).toString('hex')
            : typeof value === 'bigint'
              ? String(value)
              : value,
        ]),
      );
    await fc.assert(
      fc.asyncProperty(all, all, async (first, second) => {
        let stored: Record<string, unknown> | undefined;
        let after: Record<string, unknown> | undefined;
        const written = await lines(() =>
          db
            .session(clerk, async (s) => {
              const row = await s.insert(every, first as never);
              stored = row;
              after = await s.update(every, row.id, second as never);
            })
            .catch((error: { code?: string }) => {
              if (!/^value-(invalid|unstorable)$/.test(error.code ?? '')) throw error;
              stored = undefined;
            }),
        );
        if (!stored) {
          expect(written).toEqual([]);
          return;
        }
        const [inserted, updated] = written;
        expect(inserted?.after).toEqual(asJson(stored));
        expect(updated?.before).toEqual(asJson(stored));
        expect(updated?.after).toEqual(asJson(after));
      }),
      { numRuns: 25 },
    );
  });

  describe('refuses', () => {
    const refusal = async (work: () => Promise<unknown>): Promise<string> => {
      let text = 'nothing';
      const left = await lines(() =>
        work().catch((error: unknown) => {
          text = rootMessage(error);
        }),
      );
      expect(left).toEqual([]);
      return text;
    };
    it('inserts without a trigger, updates and deletes of the audit trail', async () => {
      await lines(() => db.session(clerk, (s) => s.insert(counted, { note: 'x' })));
      const line = `('intruder', 'x', 'session', 'notes', 'delete', '{}')`;
      const forged = `INSERT INTO changes (actor, scope, role, table_name, operation, row_key) VALUES ${line}`;
      expect(await refusal(() => asOwner(forged))).toMatch(/^ashlar\/trail: /);
      expect(await refusal(() => db.session(clerk, (s) => sql.raw(forged).execute(s.query)))).toMatch(
        /^ashlar\/trail: /,
      );
      expect(await refusal(() => asOwner(`UPDATE changes SET actor = 'x'`))).toMatch(
        /^ashlar\/append-only: /,
      );
      expect(await refusal(() => asOwner('DELETE FROM changes'))).toMatch(/^ashlar\/append-only: /);
    });

    if (dialect === 'postgres')
      it('TRUNCATE', async () => {
        for (const name of ['changes', 'notes CASCADE', 'monthly', 'monthly_default'])
          expect(await refusal(() => asOwner(`TRUNCATE ${name}`))).toMatch(
            /^ashlar\/(append-only|audited): /,
          );
      });

    if (dialect === 'sqlite')
      it('writes without a session and audit trail lines with a given time or id', async () => {
        const file = foreignConnection(fixture, ['recursive_triggers = OFF']);
        const without = (text: string) => refusal(async () => file.exec(text));
        expect(await without(`INSERT INTO notes (id, code) VALUES ('${uuid(91)}', 'z')`)).toMatch(
          /^ashlar\/audited: /,
        );
        expect(await without(`REPLACE INTO counted (id, note) SELECT id, 'z' FROM counted`)).toMatch(
          /^ashlar\/audited: /,
        );
        expect(await without('UPDATE counted SET note = note')).toMatch(/^ashlar\/audited: /);
        expect(await without('DELETE FROM counted')).toMatch(/^ashlar\/audited: /);
        file.close();
        const earlier = `INSERT INTO changes (at, actor, scope, role, table_name, operation, row_key) VALUES ('2020-01-01T00:00:00.000000Z', 'user:1', 'client-a', 'session', 'notes', 'delete', '{}')`;
        const numbered = `INSERT INTO changes (id, actor, scope, role, table_name, operation, row_key) VALUES (9007199254740991, 'user:1', 'client-a', 'session', 'notes', 'delete', '{}')`;
        for (const text of [earlier, numbered])
          expect(await refusal(() => db.session(clerk, (s) => sql.raw(text).execute(s.query)))).toMatch(
            /^ashlar\/trail: /,
          );
      });
  });

  if (dialect === 'sqlite')
    it('records a replaced row as a delete', async () => {
      const found = await lines(() =>
        db.session(clerk, async (s) => {
          await s.insert(notes, { id: uuid(71), code: 'r1' });
          await s.insert(notes, { id: uuid(72), code: 'r2' });
          await sql`REPLACE INTO notes (id, code) VALUES (${uuid(71)}, 'r2')`.execute(s.query);
        }),
      );
      expect(found.map(brief).slice(2).sort()).toEqual([
        `delete notes {"id":"${uuid(71)}"}`,
        `delete notes {"id":"${uuid(72)}"}`,
        `insert notes {"id":"${uuid(71)}"}`,
      ]);
    });

  if (dialect === 'postgres')
    it('records writes under session_replication_role = replica', async () => {
      const found = await lines(() =>
        asOwner(
          'SET LOCAL session_replication_role = replica',
          `INSERT INTO counted (note) VALUES ('replica')`,
        ),
      );
      expect(found).toHaveLength(1);
    });

  if (engine.name === 'postgres')
    it('records COPY and the role of the session', async () => {
      const found = await lines(async () => {
        const client = new pg.Client(fixture.place.url);
        await client.connect();
        try {
          await client.query('CREATE ROLE audited_clerk');
          await client.query('GRANT INSERT ON counted TO audited_clerk');
          await client.query(
            `BEGIN; SET LOCAL ROLE audited_clerk; SELECT set_config('ashlar.actor', 'user:9', true)`,
          );
          await client.query(`INSERT INTO counted (note) VALUES ('as clerk')`);
          await client.query('COMMIT');
          await client.query(`COPY counted (note) FROM PROGRAM 'echo copied'`);
        } finally {
          await client.query('DROP OWNED BY audited_clerk; DROP ROLE audited_clerk').catch(() => undefined);
          await client.end();
        }
      });
      expect(found).toMatchObject([
        { role: 'audited_clerk', actor: 'user:9', after: { note: 'as clerk' } },
        { role: 'postgres', actor: null, after: { note: 'copied' } },
      ]);
    });
});

describe('a declaration of audited', () => {
  it('requires an audit trail and refuses to exclude a key column', () => {
    const plain = table('plain', { id: id() }, () => [appendOnly()]);
    expect(() => table('t', { id: id() }, () => [audited({ into: plain as never })])).toThrow(
      /is not an audit trail/,
    );
    expect(() => table('t', { id: id() }, (c) => [audited({ into: changes, except: c.id })])).toThrow(
      /primary key/,
    );
    expect(() => auditTrail('other', () => [audited({ into: changes })])).toThrow(
      /audited and trail cannot hold together/,
    );
  });
});
