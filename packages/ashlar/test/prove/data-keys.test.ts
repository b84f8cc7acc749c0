import { type Database, index, primaryKey, type Table, table, unique } from 'ashlar';
import { type DataPosition, type DataReport, proveData } from 'ashlar/prove';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { kindsOfColumns } from '../engines/difficult-values.js';
import { openedOutside } from '../engines/sqlite/other-program.js';

interface Keyed {
  readonly table: Table;
  readonly keys: readonly (readonly unknown[])[];
}

const distinct = (values: readonly unknown[]): readonly unknown[] => [
  ...new Map(values.map((value) => [value instanceof Uint8Array ? `${[...value]}` : value, value])).values(),
];

const kinds = new Map(
  kindsOfColumns.map(({ name, type, values }) => [name, { type, values: distinct(values) }]),
);
const oddBytes = ['', '00', 'ff', '00ff', '27', '5c78', '61', '6100', 'c3', 'ffffffff', '30', '31'].map(
  (hex) => new Uint8Array(Buffer.from(hex, 'hex')),
);
const oddTexts = ['', ' ', "it's", 'a', 'A', 'ä', '\uFFFD', '😀', 'null', '10', '9', '-1', '0x61', '\\x61'];
const thirds = [1 / 3, 2 / 3, 0.1 + 0.2, 0.3, 1e21, 1e-7, 123456789012345680];

const valuesOf = (kind: string): readonly unknown[] => {
  const { values = [] } = kinds.get(kind) ?? {};
  if (kind.includes('bigint')) return values.map((value) => BigInt(String(value)));
  const more = { bytes: oddBytes, text: oddTexts, real: thirds }[kind] ?? [];
  return distinct([...values, ...more]);
};
const typeOf = (kind: string): z.ZodType => kinds.get(kind)?.type ?? z.never();

/** Decimals and values that have no order are no keys. */
const noKeys =
  `money,longest decimal,fraction,whole decimal,json,texts,uuids,integers,small integers,booleans,dates,timestamps,
microsecond timestamps`.split(/,\s*/);
const single = [...kinds.keys()].filter((kind) => !noKeys.includes(kind));
const composite = [
  ['text', 'bytes'],
  ['bytes', 'integer'],
  ['real', 'text'],
  ['boolean', 'uuid'],
  ['microseconds', 'date'],
  ['inet', 'bigint', 'bytes'],
] as const;

const tableOf = (of: readonly string[]): Table => {
  const parts = of.map((kind, at) => [`k${at}`, typeOf(kind)] as const);
  const shape = { ...Object.fromEntries(parts), n: z.int().min(0), note: z.string() };
  return table(`of_${of.join('_')}`.replaceAll(' ', '_'), shape, (c) => [
    primaryKey(...(parts.map(([name]) => c[name as 'note']) as [never])),
  ]) as unknown as Table;
};

/** A file, opened so that its schema can be written. */
const opened = (url: string, key: string | undefined): ReturnType<typeof openedOutside> => {
  const file = openedOutside({ url, key });
  file.unsafeMode(true);
  return file;
};

const product = (lists: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] =>
  lists.reduce<readonly (readonly unknown[])[]>(
    (rows, values) => rows.flatMap((row) => values.map((value) => [...row, value])),
    [[]],
  );

const all: readonly Keyed[] = [
  ...single.map((kind) => ({ table: tableOf([kind]), keys: valuesOf(kind).map((value) => [value]) })),
  ...composite.map((of) => ({
    table: tableOf(of),
    keys: product(of.map((kind) => valuesOf(kind).slice(-4))),
  })),
];
const tables = Object.fromEntries(all.map(({ table: each }) => [each.name, each]));

describe.each(engines)('the rows of a table are all checked on $name', (engine) => {
  const dialect = sqlOf(engine);
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  let url: string;
  let key: string | undefined;
  /** The number of rows and of bad ones, by table. */
  const written = new Map<string, { rows: number; bad: number }>();
  const system = { name: 'testing', tables };
  const prove = (batch: number, one: Table, from?: DataPosition): Promise<DataReport> =>
    proveData(db.engine, { ...system, tables: { [one.name]: one } } as never, {
      batch,
      signal: AbortSignal.timeout(60_000),
      ...(from && { from }),
    });
  const run = (sql: string) => db.engine.asOwner((owner) => owner.run(sql));

  beforeAll(async () => {
    ({ db, remove, url, key } = await withTables(engine, tables));
    for (const { table: each, keys } of all) {
      let rows = 0;
      await db.session(async (s) => {
        for (const key of keys) {
          const values = Object.fromEntries(key.map((value, at) => [`k${at}`, value]));
          const insert = s.session((inner) =>
            inner.insert(each as never, { ...values, n: rows, note: 'x' } as never),
          );
          // a text that the table refuses, as one with NUL
          await insert.then(
            () => rows++,
            () => undefined,
          );
        }
      });
      await db.engine.asOwner(async (owner) => {
        if (dialect === 'sqlite') await owner.run('PRAGMA ignore_check_constraints = ON');
        else await owner.run(`ALTER TABLE ${each.name} DROP CONSTRAINT ${each.name}_n_check`);
        await owner.run(`UPDATE ${each.name} SET n = -1 - n WHERE n % 2 = 1`);
        if (dialect === 'sqlite') await owner.run('PRAGMA ignore_check_constraints = OFF');
      });
      written.set(each.name, { rows, bad: Math.floor(rows / 2) });
    }
  });
  afterAll(() => remove());

  it.each(all.map(({ table: each }) => [each.name, each] as const))('%s', async (name, each) => {
    const { rows, bad } = written.get(name) ?? { rows: 0, bad: 0 };
    expect(bad).toBeGreaterThan(0);
    const reports: unknown[] = [];
    for (const batch of [1, 2, 3, rows, 2_000]) {
      const report = await prove(batch, each);
      expect(report).toMatchObject({ complete: true, ok: false, rows });
      expect(report.findings).toEqual([
        {
          table: name,
          guarantee: 'declaration',
          what: `breaks the CHECK ${name}_n_check`,
          rows: bad,
          keys: expect.any(Array),
        },
      ]);
      reports.push(new Set(report.findings[0]?.keys).size);
    }
    expect(new Set(reports)).toEqual(new Set([Math.min(bad, 20)]));
  });

  it.each(all.map(({ table: each }) => [each.name, each] as const))(
    '%s, in parts that go on from a position',
    async (name, each) => {
      const whole = await prove(2_000, each);
      let position: DataPosition | undefined;
      for (let part = 0; ; part++) {
        expect(part).toBeLessThan(1_000);
        const stop = new AbortController();
        const report: DataReport = await proveData(
          db.engine,
          { ...system, tables: { [name]: each } } as never,
          {
            batch: 5,
            signal: stop.signal,
            ...(position && { from: JSON.parse(JSON.stringify(position)) }),
            onBatch: () => stop.abort(),
          },
        );
        position = report.position;
        if (!report.complete) continue;
        expect(report.findings).toEqual(whole.findings);
        expect(report.rows).toBe(whole.rows);
        return;
      }
    },
  );

  it('a key of a position that is none is refused', async () => {
    for (const { table: each } of all) {
      const { position } = await prove(2_000, each);
      const { done, ...rest } = position;
      const after = each.primaryKey.columns.map(() => 'x\\');
      const from = {
        ...rest,
        done: done.filter((one) => one !== each.name),
        at: { table: each.name, after },
      };
      if (dialect === 'sqlite') await expect(prove(5, each, from)).rejects.toMatchObject({ code: 'usage' });
    }
  });

  it('rows without a value in their key are found, and do not hide others', async () => {
    for (const { table: each } of all) {
      const { name } = each;
      const { rows, bad } = written.get(name) ?? { rows: 0, bad: 0 };
      const nullKeys = `INSERT INTO ${name} (${[...each.primaryKey.columns, 'n', 'note'].join(', ')}) SELECT ${each.primaryKey.columns.map((column, at) => (at === each.primaryKey.columns.length - 1 ? 'NULL' : column)).join(', ')}, n, note FROM ${name} WHERE n >= 0 LIMIT 3`;
      const isRowid =
        dialect === 'sqlite' &&
        each.primaryKey.columns.length === 1 &&
        /integer|bigint|one_or_zero|boolean/.test(name);
      if (isRowid) continue;
      await whileNullable(name, each.primaryKey.columns, nullKeys);
      const isMissing =
        dialect === 'sqlite' ? (c: string) => `typeof(${c}) = 'null'` : (c: string) => `num_nulls(${c}) > 0`;
      const missing = each.primaryKey.columns.map(isMissing).join(' OR ');
      const [count] = await run(`SELECT count(*) AS n FROM ${name} WHERE ${missing}`);
      const extra = Number(count?.n);
      expect(extra, name).toBeGreaterThan(0);
      // in columns that may hold no NULL, SQLite compares two NULLs as equal
      const equal = await run(
        `SELECT 1 AS one FROM ${name} WHERE ${missing} GROUP BY ${each.primaryKey.columns.join(', ')} HAVING count(*) > 1`,
      );
      const damage = `the table is damaged: non-unique entry in index sqlite_autoindex_${name}_1`;
      const doubled = dialect === 'sqlite' && equal.length > 0 ? [damage] : [];
      for (const batch of [1, 2, 2_000]) {
        const report = await prove(batch, each);
        expect(report.rows, name).toBe(rows + extra);
        expect(report.findings, name).toEqual([
          {
            table: name,
            guarantee: 'declaration',
            what: 'has no value in its key',
            rows: extra,
            keys: expect.any(Array),
          },
          expect.objectContaining({ what: `breaks the CHECK ${name}_n_check`, rows: bad }),
          ...doubled.map((what) => expect.objectContaining({ what })),
        ]);
      }
      await run(`DELETE FROM ${name} WHERE ${missing}`);
    }
  });

  it('a required value that is missing is found where NOT NULL was put back', async () => {
    for (const name of ['of_uuid', 'of_bytes_integer']) {
      await whileNullable(name, ['note'], `UPDATE ${name} SET note = NULL WHERE n = 0`);
      const report = await prove(2_000, tables[name] as Table);
      expect(report.findings).toContainEqual(expect.objectContaining({ what: 'has no note', rows: 1 }));
      await run(`UPDATE ${name} SET note = 'x' WHERE n = 0`);
    }
  });

  /** Writes NULL into columns, and puts NOT NULL back, as one does who hides it. */
  const whileNullable = async (name: string, columns: readonly string[], insert: string): Promise<void> => {
    if (dialect === 'sqlite') {
      const file = opened(url, key);
      const { sql } = file.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').get(name) as {
        sql: string;
      };
      const set = (text: string): void => {
        file.pragma('writable_schema = ON');
        file.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(text, name);
        file.pragma('writable_schema = RESET');
      };
      set(sql.replaceAll('NOT NULL', '').replace('STRICT', ''));
      file.pragma('ignore_check_constraints = ON');
      file.exec(insert);
      set(sql);
      file.close();
      return;
    }
    await db.engine.asOwner(async (owner) => {
      const [primary] = await owner.run(
        `SELECT conname AS name FROM pg_constraint WHERE conrelid = '${name}'::regclass AND contype = 'p'`,
      );
      await owner.run(`ALTER TABLE ${name} DROP CONSTRAINT IF EXISTS "${primary?.name}"`);
      for (const column of columns)
        await owner.run(`ALTER TABLE ${name} ALTER COLUMN ${column} DROP NOT NULL`);
      await owner.run(insert);
      await owner.run(
        `UPDATE pg_attribute SET attnotnull = true WHERE attrelid = '${name}'::regclass AND attname IN (${columns.map((column) => `'${column}'`).join(', ')})`,
      );
    });
  };
});

describe.each(engines.filter((engine) => sqlOf(engine) === 'sqlite'))('keys of $name', (engine) => {
  it('that are numbers go on exactly', async () => {
    const { db, remove } = await withTables(engine, {});
    const { keys } = db.engine.dialect.proving;
    const column = { kind: 'real' } as never;
    await db.engine.asOwner(async ({ run }) => {
      const check = async (x: number): Promise<void> => {
        const [row] = await run(
          `SELECT ${keys.text('v', column)} AS text FROM (SELECT CAST(? AS REAL) AS v)`,
          [x],
        );
        const value = keys.value(String(row?.text), column, '?');
        if (!value) return expect.unreachable();
        const [back] = await run(`SELECT ${value.sql} = CAST(? AS REAL) AS same`, [value.parameter, x]);
        expect([x, back?.same]).toEqual([x, 1]);
      };
      await fc.assert(fc.asyncProperty(fc.double({ noNaN: true }), check), { numRuns: 5_000 });
    });
    await remove();
  });
});

const mails = table(
  'mails',
  {
    id: z.int(),
    mail: z.string().nullable(),
    team: z.string().nullable(),
    place: z.string(),
    live: z.boolean(),
  },
  (c) => [
    primaryKey(c.id),
    unique(c.mail),
    unique(c.place, c.team, { nullsNotDistinct: true }),
    index(c.place, { unique: true, where: 'live' }),
  ],
);

describe.each(engines)('rows that a key does not keep apart on $name', (engine) => {
  const dialect = sqlOf(engine);
  let db: Database<{ mails: typeof mails }>;
  let remove: () => Promise<void>;
  let url: string;
  let key: string | undefined;
  const prove = () => proveData(db.engine, { name: 'testing', tables: { mails } } as never, { batch: 2 });

  beforeAll(async () => {
    ({ db, remove, url, key } = await withTables(engine, { mails }));
    await db.session(async (s) => {
      const row = { mail: null, team: null, live: false };
      for (const [id, place] of ['a', 'b', 'c', 'd'].entries()) await s.insert(mails, { ...row, id, place });
      await s.insert(mails, { id: 4, mail: 'x', team: 't', place: 'a', live: true });
    });
  });
  afterAll(() => remove());

  it('are found, and others are not', async () => {
    expect((await prove()).findings).toEqual([]);
    const double = 'INSERT INTO mails (id, mail, team, place, live)';
    if (dialect === 'postgres') {
      await db.engine.asOwner(async ({ run }) => {
        // a table that inherits has none of the keys
        await run('CREATE TABLE more () INHERITS (mails)');
        await run(
          `INSERT INTO more (id, mail, team, place, live) VALUES (4, 'y', 'u', 'e', false), (5, 'x', 'v', 'f', false), (6, NULL, NULL, 'b', false), (7, NULL, 'w', 'a', true)`,
        );
      });
      const found = (await prove()).findings.map(({ what, keys }) => [what.replace(/ \(.*/, ''), keys]);
      expect(Object.fromEntries(found)).toEqual({
        'has the key of another row': ['4'],
        'has the values of another row in mail': ['4', '5'],
        'has the values of another row in place, team': ['1', '6'],
        'has the values of another row in place': ['4', '7'],
      });
      return;
    }
    // the index of a copy in place of the own one: duplicates are then accepted
    const file = opened(url, key);
    const { sql } = file.prepare("SELECT sql FROM sqlite_schema WHERE name = 'mails'").get() as {
      sql: string;
    };
    file.exec(sql.replaceAll('mails', 'copy'));
    const indexes = file
      .prepare(
        "SELECT name, rootpage AS page, tbl_name AS of FROM sqlite_schema WHERE type = 'index' AND name LIKE 'sqlite_autoindex%'",
      )
      .all() as { name: string; page: number; of: string }[];
    const [own, other] = ['mails', 'copy'].map((of) => indexes.find((one) => one.of === of));
    file.pragma('writable_schema = ON');
    const set = file.prepare('UPDATE sqlite_schema SET rootpage = ? WHERE name = ?');
    set.run(other?.page, own?.name);
    set.run(own?.page, other?.name);
    file.pragma('writable_schema = RESET');
    file.exec(`${double} VALUES (5, 'x', 'v', 'f', 0)`);
    file.close();
    const { ok, findings } = await prove();
    expect(ok).toBe(false);
    expect(findings.map(({ what }) => what)).toContainEqual(
      expect.stringMatching(
        /^the table is damaged: (row \d+ missing from|wrong # of entries in|non-unique entry in) index/,
      ),
    );
  });
});
