import {
  AshlarError,
  bigint,
  bytes,
  type Database,
  decimal,
  id,
  inet,
  json,
  type Session,
  table,
} from 'ashlar';
import type { ExpressionBuilder } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const { engines } = oneOfEach(import.meta.url);

const uuid = (n: number): string => `00000000-0000-7000-8000-00000000000${n}`;
const day = (n: number): string => `2026-01-0${n}`;
const time = (n: number, fraction: string): string => `${day(n)}T00:00:00.${fraction}Z`;
type Family = 'text' | 'number' | 'decimal' | 'boolean' | 'uuid' | 'time' | 'address' | 'json' | 'bytes';

interface Kind {
  readonly type: () => z.ZodType;
  readonly family: Family;
  /** Values of the application, in ascending order. */
  readonly values: readonly unknown[];
}

/** The kinds of columns: what they are compared as, and values that are equal to those of other kinds. */
const kinds = {
  text: { type: () => z.string(), family: 'text', values: ['', '1', day(1), 'a', 'true'] },
  integer: { type: () => z.int(), family: 'number', values: [-7, 0, 1, 2] },
  small: { type: () => z.int32(), family: 'number', values: [-7, 1, 3] },
  bigint: { type: bigint, family: 'number', values: [-7n, 0n, 1n, 3n] },
  real: { type: () => z.number(), family: 'number', values: [-7.5, -7, 1, 1.5, 2.5] },
  decimal: { type: () => decimal(9, 2), family: 'decimal', values: ['-7.00', '0.00', '1.00', '1.50'] },
  boolean: { type: () => z.boolean(), family: 'boolean', values: [false, true] },
  uuid: { type: () => z.uuid(), family: 'uuid', values: [uuid(1), uuid(2)] },
  date: { type: () => z.iso.date(), family: 'time', values: [day(1), day(2)] },
  time: {
    type: () => z.iso.datetime({ precision: 3 }),
    family: 'time',
    values: [time(1, '000'), time(1, '001'), time(2, '000')],
  },
  precise: {
    type: () => z.iso.datetime({ precision: 6 }),
    family: 'time',
    values: [time(1, '000000'), time(1, '000001'), time(1, '001000'), time(2, '000000')],
  },
  due: {
    type: () => z.date(),
    family: 'time',
    values: [time(1, '000'), time(1, '001'), time(2, '000')].map((text) => new Date(text)),
  },
  address: { type: inet, family: 'address', values: ['10.0.0.1', '10.0.0.2'] },
  data: { type: () => json(z.json()), family: 'json', values: [1, 'a', { a: 1, b: [true] }] },
  bytes: { type: bytes, family: 'bytes', values: [new Uint8Array(), new Uint8Array([0, 255])] },
} as const satisfies Record<string, Kind>;
type Name = keyof typeof kinds;
const names = Object.keys(kinds) as Name[];
const kindOf = (name: Name): Kind => kinds[name];

const shape = (side: string) =>
  Object.fromEntries(names.map((name) => [`${side}_${name}`, kindOf(name).type().nullable()]));
const pairs = table('pairs', { id: id(), nr: z.int(), ...shape('a'), ...shape('b') });
const copies = table('copies', { id: id(), nr: z.int(), ...shape('a') });
const tables = { pairs, copies };
type S = Session<typeof tables>;
type Row = Readonly<Record<string, unknown>>;
type Eb = ExpressionBuilder<Record<string, Record<string, unknown>>, string>;

// every value of a kind, and NULL, beside every other
const cell = (name: Name, at: number): unknown => {
  const { values } = kindOf(name);
  return at % (values.length + 1) === values.length ? null : values[at % (values.length + 1)];
};
const rows: readonly Row[] = Array.from({ length: 12 }, (_, nr) => ({
  nr,
  ...Object.fromEntries(
    names.flatMap((name) => [
      [`a_${name}`, cell(name, nr)],
      [`b_${name}`, cell(name, nr * 5 + Math.floor(nr / 4))],
    ]),
  ),
}));

/** The kind that values of two kinds have together; `undefined` if engines agree on none. */
const together = (a: Name, b: Name): Name | undefined => {
  if (kindOf(a).family !== kindOf(b).family) return undefined;
  const both = new Set<Name>([a, b]);
  if (a === b) return a;
  if (kindOf(a).family === 'time') return both.has('precise') ? 'precise' : 'time';
  if (both.has('bigint')) return both.has('real') ? undefined : 'bigint';
  return both.has('real') ? 'real' : 'integer';
};

/** A value as the columns of another kind have it. */
const as = (value: unknown, to: Name): unknown => {
  if (value === null) return null;
  if (to === 'bigint') return BigInt(value as number);
  if (kindOf(to).family !== 'time' || to === 'due' || to === 'date') return value;
  const text = value instanceof Date ? value.toISOString() : String(value);
  const full = text.length === 10 ? `${text}T00:00:00.000Z` : text;
  return to === 'precise' && full.length === 24 ? full.replace('Z', '000Z') : full;
};

const written = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return typeof value === 'object' ? JSON.stringify(value) : value;
};

/** Compares two values: NULL if one of them is NULL, otherwise below, at or above 0. */
const compare = (a: unknown, b: unknown, common: Name): number | null => {
  if (a === null || b === null) return null;
  const [one, other] = [a, b].map((value) =>
    kindOf(common).family === 'time' ? as(value, 'precise') : written(value),
  ) as [string, string];
  if (common === 'decimal') return Math.sign(Number(one) - Number(other));
  return one === other || (typeof one !== 'string' && Number(one) === Number(other))
    ? 0
    : one < other
      ? -1
      : 1;
};

const isNumber = (name: Name): boolean => kindOf(name).family === 'number';
const width = (name: Name): string =>
  ({ due: 'time', small: 'integer', bigint: 'integer' })[name as 'due'] ?? name;
const isRow = (a: Name, b: Name): boolean => width(a) === width(b);

interface Case {
  readonly a: Name;
  readonly b: Name;
  readonly common: Name;
  readonly x: string;
  readonly y: string;
}
type Answer = 'usage' | readonly unknown[];
interface Use {
  run(s: S, names: Case): Promise<readonly unknown[]>;
  /** The answer for kinds that have one in common. */
  answer(names: Case): Answer;
}

/** An expression of each row, and its value. */
const expression = (
  build: (eb: Eb, names: Case) => unknown,
  value: (a: unknown, b: unknown, names: Case) => unknown,
  isRefused: (names: Case) => boolean = () => false,
): Use => ({
  run: async (s, each) => {
    const query = s.query.selectFrom('pairs').orderBy('nr');
    const found = await query
      .select((eb) => [(build(eb as never, each) as { as(name: string): never }).as('x')])
      .execute();
    return found.map((row) => (row as unknown as { x: unknown }).x);
  },
  answer: (each) =>
    isRefused(each) ? 'usage' : rows.map((row) => value(row[each.x] ?? null, row[each.y] ?? null, each)),
});

const isJson = ({ a }: Case): boolean => a === 'data';
const compared = (
  operator: string,
  holds: (order: number) => boolean,
  nulls: (a: unknown, b: unknown) => boolean | null = () => null,
): [string, Use] => [
  operator,
  expression(
    (eb, { x, y }) => eb(x, operator as '=', eb.ref(y)),
    (a, b, { common }) => {
      const order = compare(a, b, common);
      return order === null ? nulls(a, b) : holds(order);
    },
    (each) => isJson(each) && !/^(=|<>|is.*)$/.test(operator),
  ),
];
const equal = (a: unknown, b: unknown, { common }: Case): boolean | null => {
  const order = compare(a, b, common);
  return order === null ? null : order === 0;
};
const first = (a: unknown, b: unknown, { common }: Case): unknown => as(a ?? b, common);
const isSubquery = ({ a, b, common }: Case): boolean =>
  isJson({ a } as Case) || !(isNumber(a) || width(b) === width(common));
const unique = (values: readonly unknown[]): unknown[] => [
  ...new Map(values.map((value) => [written(value), value])).values(),
];
const sorted = (values: readonly unknown[]): unknown[] =>
  [...values].sort((one, other) => (String(written(one)) < String(written(other)) ? -1 : 1));
// a set operation decodes a codec only where both columns have it
const inUnion = ({ a, b }: Case, value: unknown): unknown =>
  value instanceof Date && a !== b
    ? value.toISOString()
    : isNumber(a) && [a, b].includes('bigint') && value !== null
      ? BigInt(value as number)
      : value;

const union = (
  operator: 'union' | 'unionAll' | 'except' | 'intersect',
  keep: (as: unknown[], bs: unknown[]) => unknown[],
): [string, Use] => [
  operator,
  {
    run: async (s, { x, y }) => {
      const found = await s.query
        .selectFrom('pairs')
        .select(`${x} as x` as never)
        [operator]((eb: Eb) => eb.selectFrom('pairs').select(`${y} as x` as never) as never)
        .execute();
      return sorted(found.map((row) => (row as unknown as { x: unknown }).x));
    },
    answer: (each) => {
      if (!isRow(each.a, each.b)) return 'usage';
      // DISTINCT and set operations over JSON are in the differences
      const [as, bs] = [each.x, each.y].map((name) =>
        rows.map((row) => inUnion(each, row[name] ?? null)),
      ) as [unknown[], unknown[]];
      return sorted(keep(as, bs));
    },
  },
];
const has =
  (values: unknown[]) =>
  (value: unknown): boolean =>
    values.some((each) => written(each) === written(value));

const grouped = (value: (eb: Eb, names: Case) => unknown): Use => ({
  run: async (s, each) => {
    const found = await s.query
      .selectFrom((eb) =>
        eb
          .selectFrom('pairs')
          .select((of) => [(value(of as never, each) as { as(name: string): never }).as('x')])
          .as('of'),
      )
      .select((eb) => ['x' as never, eb.fn.countAll<number>().as('n')])
      .groupBy('x' as never)
      .orderBy('x' as never)
      .execute();
    return found.map((row) => ({ ...(row as object) }));
  },
  answer: (each) => {
    const values = rows.map((row) => first(row[each.x] ?? null, row[each.y] ?? null, each));
    const order = (one: unknown, other: unknown): number =>
      one === null ? 1 : other === null ? -1 : (compare(one, other, each.common) ?? 0);
    return unique(values)
      .sort(order)
      .map((x) => ({ x, n: values.filter((each) => written(each) === written(x)).length }));
  },
});

const uses: Readonly<Record<string, Use>> = Object.fromEntries<Use>([
  compared('=', (order) => order === 0),
  compared('<>', (order) => order !== 0),
  compared('<', (order) => order < 0),
  compared('>=', (order) => order >= 0),
  compared(
    'is distinct from',
    (order) => order !== 0,
    (a, b) => a !== b,
  ),
  compared(
    'is not distinct from',
    (order) => order === 0,
    (a, b) => a === b,
  ),
  ['between', expression((eb, { x, y }) => eb.between(x, eb.ref(y), eb.ref(y)), equal, isJson)],
  ['in', expression((eb, { x, y }) => eb(x, 'in', [eb.ref(y)]), equal)],
  [
    'not in',
    expression(
      (eb, { x, y }) => eb(x, 'not in', [eb.ref(y)]),
      (a, b, each) => {
        const is = equal(a, b, each);
        return is === null ? null : !is;
      },
    ),
  ],
  [
    'in a subquery',
    expression(
      (eb, { x, y }) =>
        eb(x, 'in', eb.selectFrom('pairs as p').select(`p.${y}`).where(`p.${y}`, 'is not', null)),
      (a, _, each) => (a === null ? null : rows.some((row) => equal(a, row[each.y] ?? null, each))),
      isSubquery,
    ),
  ],
  [
    'a tuple in a subquery',
    expression(
      (eb, { x, y }) =>
        eb(eb.refTuple(x, 'nr'), 'in', eb.selectFrom('pairs as p').select([`p.${y}`, 'p.nr']) as never),
      (a, b, each) => {
        const is = equal(a, b, each);
        return is === null ? null : is;
      },
      isSubquery,
    ),
  ],
  [
    '= a subquery',
    expression(
      (eb, { x, y }) =>
        eb(x, '=', eb.selectFrom('pairs as p').select(`p.${y}`).whereRef('p.id', '=', 'pairs.id')),
      equal,
    ),
  ],
  [
    'a tuple',
    expression((eb, { x, y }) => eb(eb.refTuple(x, 'nr'), '=', eb.refTuple(y, 'nr') as never), equal),
  ],
  [
    'a tuple <',
    expression(
      (eb, { x, y }) => eb(eb.refTuple(x, 'nr'), '<=', eb.refTuple(y, 'nr') as never),
      (a, b, { common }) => {
        const order = compare(a, b, common);
        return order === null ? null : order <= 0;
      },
      isJson,
    ),
  ],
  [
    'tuples',
    expression(
      (eb, { x, y }) => eb(eb.refTuple(x, 'nr'), 'in', [eb.refTuple(y, 'nr')] as never),
      equal,
      isJson,
    ),
  ],
  [
    'a join',
    {
      run: async (s, { x, y }) => {
        const found = await s.query
          .selectFrom('pairs as p')
          .innerJoin('pairs as q', `p.${x}` as never, `q.${y}` as never)
          .select((eb) => eb.fn.countAll<number>().as('n'))
          .execute();
        return [found[0]?.n];
      },
      answer: (each) => [
        rows.flatMap((p) => rows.filter((q) => equal(p[each.x] ?? null, q[each.y] ?? null, each))).length,
      ],
    },
  ],
  [
    'CASE',
    expression(
      (eb, { x, y }) => eb.case().when('nr', '<', 6).then(eb.ref(x)).else(eb.ref(y)).end(),
      () => undefined,
    ),
  ],
  [
    'a simple CASE',
    expression(
      (eb, { x, y }) => eb.case(x).when(eb.ref(y)).then(1).else(0).end(),
      (a, b, each) => (equal(a, b, each) ? 1 : 0),
    ),
  ],
  ['coalesce', expression((eb, { x, y }) => eb.fn.coalesce(x, y), first)],
  [
    'nullif',
    expression(
      (eb, { x, y }) => eb.fn('nullif', [x, y]),
      (a, b, each) => (equal(a, b, each) ? null : a),
    ),
  ],
  ...(['greatest', 'least'] as const).map((name): [string, Use] => [
    name,
    expression(
      (eb, { x, y }) => eb.fn(name, [x, y]),
      (a, b, { common }) => {
        if (a === null || b === null) return as(a ?? b, common);
        const order = compare(a, b, common) ?? 0;
        return as((name === 'greatest' ? order >= 0 : order <= 0) ? a : b, common);
      },
      isJson,
    ),
  ]),
  [
    'half of a coalesce',
    expression(
      (eb, { x, y }) => eb(eb.fn.coalesce(x, y) as never, '/', 2 as never),
      (a, b, { common }) => {
        const value = (a ?? b) as number | bigint | null;
        if (value === null) return null;
        if (typeof value === 'bigint' || common === 'bigint') return BigInt(value) / 2n;
        const half = value / 2;
        return common === 'real' ? half : Math.trunc(half) || 0;
      },
      ({ a }) => !isNumber(a),
    ),
  ],
  ['a group', grouped((eb, { x, y }) => eb.fn.coalesce(x, y))],
  union('unionAll', (as, bs) => [...as, ...bs]),
  union('union', (as, bs) => unique([...as, ...bs])),
  union('except', (as, bs) => unique(as.filter((value) => !has(bs)(value)))),
  union('intersect', (as, bs) => unique(as.filter(has(bs)))),
]);
// of JSON they are in the differences, but these values have one text
const ordersJson: ReadonlySet<string> = new Set(['a group']);

const caseValue = ({ x, y, common }: Case): readonly unknown[] =>
  rows.map((row, nr) => as(row[nr < 6 ? x : y] ?? null, common));

const even = (value: number): number => {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
};

/** A value as a column of another kind takes it by assignment; `undefined` if it takes none of that kind. */
const assigned = (value: unknown, from: Name, to: Name): unknown => {
  if (to === 'text') {
    if (from === 'decimal') return undefined;
    if (value === null || typeof value === 'string')
      return from === 'data' && value !== null ? JSON.stringify(value) : value;
    if (value instanceof Date) return value.toISOString();
    if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
    return typeof value === 'object' ? '{"a": 1, "b": [true]}' : String(value);
  }
  if (from === to) return value;
  if (isNumber(from) && isNumber(to)) {
    if (value === null) return null;
    const number = to === 'real' ? Number(value) : even(Number(value));
    return to === 'bigint' ? BigInt(number) : number || 0;
  }
  const isTime = [from, to].every((name) => kindOf(name).family === 'time');
  if (!isTime || to === 'date' || (from === 'precise' && to !== 'precise')) return undefined;
  if (to === 'due') return value === null ? null : new Date(as(value, 'time') as string);
  return as(value, to);
};

const codeOf = (error: unknown): string => {
  if (error instanceof AshlarError)
    return error.code === 'usage' ? 'usage' : `${error.code}: ${error.message}`;
  throw error;
};

describe.each(engines)('values of two kinds on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
    await db.session((s) => s.insertMany(pairs, rows as never));
  });
  afterAll(() => remove());

  const casesOf = (a: Name): readonly Case[] =>
    names.map((b) => ({ a, b, common: together(a, b) ?? a, x: `a_${a}`, y: `b_${b}` }));

  it.each(names)('%s beside each kind has one answer in every expression, or none', async (a) => {
    const [found, expected]: [Row, Row] = [{}, {}];
    for (const each of casesOf(a))
      for (const [use, { run, answer }] of Object.entries(uses)) {
        const name = `${a}, ${each.b}: ${use}`;
        if (isJson(each) && ordersJson.has(use)) continue;
        Object.assign(found, { [name]: await db.read((s) => run(s as S, each)).catch(codeOf) });
        const isCommon = together(a, each.b) !== undefined;
        const value = isCommon && use === 'CASE' ? caseValue(each) : undefined;
        Object.assign(expected, { [name]: isCommon ? (value ?? answer(each)) : 'usage' });
      }
    expect(found).toStrictEqual(expected);
  });

  it.each(names)('%s is assigned to each kind, or refused', async (from) => {
    const [found, expected]: [Row, Row] = [{}, {}];
    const rollback = new Error('rolled back');
    const tried = async (run: (s: S) => Promise<unknown>): Promise<unknown> => {
      let value: unknown;
      const tries = db.session(async (s) => {
        value = await run(s as S);
        throw rollback;
      });
      const ended = await tries.catch((error: unknown) => (error === rollback ? 'made' : codeOf(error)));
      return ended === 'made' ? value : ended;
    };
    for (const to of names) {
      const values = rows.map((row) => assigned(row[`b_${from}`] ?? null, from, to));
      const isTaken = !values.includes(undefined);
      const value = (column: string) => (row: unknown) => (row as Row)[column];
      Object.assign(found, {
        [`update ${to}`]: await tried(async (s) => {
          await s.query
            .updateTable('pairs')
            .set((eb) => ({ [`a_${to}`]: eb.ref(`b_${from}` as never) }) as never)
            .execute();
          return (await s.query.selectFrom('pairs').selectAll().orderBy('nr').execute()).map(
            value(`a_${to}`),
          );
        }),
        [`insert ${to}`]: await tried(async (s) => {
          await s.query
            .insertInto('copies')
            .columns(['id', 'nr', `a_${to}`] as never)
            .expression((eb) => eb.selectFrom('pairs').select(['id', 'nr', `b_${from}`] as never) as never)
            .execute();
          return (await s.query.selectFrom('copies').selectAll().orderBy('nr').execute()).map(
            value(`a_${to}`),
          );
        }),
      });
      Object.assign(expected, {
        [`update ${to}`]: isTaken ? values : 'usage',
        [`insert ${to}`]: isTaken && isRow(from, to) ? values : 'usage',
      });
    }
    expect(found).toStrictEqual(expected);
  });
});
