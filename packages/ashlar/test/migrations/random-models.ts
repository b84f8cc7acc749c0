import fc from 'fast-check';
import { z } from 'zod';
import {
  array,
  bigint,
  bytes,
  check,
  createdAt,
  decimal,
  id,
  index,
  inet,
  json,
  primaryKey,
  references,
  renamed,
  type Table,
  type TableItem,
  table,
  timestamp,
  unique,
} from '../../src/model/index.js';

/** A column of a random table: its type by name, and what is declared over it. */
export interface RandomColumn {
  readonly name: string;
  readonly type: keyof typeof types;
  readonly nullable: boolean;
  readonly byDefault: boolean;
  readonly indexed: 'no' | 'index' | 'partial' | 'unique' | 'expression';
  /** The former name, if the pair of models renames the column. */
  readonly from: string | undefined;
}

/** A random table; its key has one of three types, and it may refer to the table before it and to itself. */
export interface RandomTable {
  readonly name: string;
  readonly key: 'id' | 'uuid' | 'text';
  readonly parent: 'no' | 'required' | 'optional';
  readonly loop: boolean;
  readonly checked: boolean;
  readonly columns: readonly RandomColumn[];
}

const types = {
  text: { type: () => z.string(), default: 'a' },
  short: { type: () => z.string().max(40), default: 'b' },
  choice: { type: () => z.enum(['0', '1', 'true', 'a']), default: '1' },
  wider: { type: () => z.enum(['0', '1', 'true', 'a', 'b']), default: '1' },
  integer: { type: () => z.int(), default: 1 },
  small: { type: () => z.int32().min(0).max(1_000_000), default: 2 },
  decimal: { type: () => decimal(12, 2), default: '3.00' },
  longer: { type: () => decimal(14, 3), default: '3.000' },
  whole: { type: () => decimal(5, 0), default: '-3' },
  finest: { type: () => decimal(18, 17), default: '-0.00000000000000003' },
  bigint: { type: () => bigint(), default: 3n },
  largest: { type: () => bigint(), default: -9_223_372_036_854_775_808n },
  real: { type: () => z.number(), default: 1.5 },
  boolean: { type: () => z.boolean(), default: true },
  uuid: { type: () => z.uuid(), default: '018f0000-0000-7000-8000-000000000001' },
  timestamp: { type: () => timestamp(), default: '2024-02-29T00:00:00.000Z' },
  microseconds: { type: () => z.iso.datetime({ precision: 6 }), default: '2024-02-29T00:00:00.000000Z' },
  date: { type: () => z.iso.date(), default: '2024-02-29' },
  created: { type: () => createdAt(), default: undefined },
  inet: { type: () => inet(), default: '192.0.2.1' },
  json: { type: () => json(z.array(z.string())), default: ['a'] },
  object: {
    type: () => json(z.object({ a: z.number(), b: z.string().nullable() })),
    default: { a: 1.5, b: null },
  },
  anything: { type: () => json(z.json()), default: "it's" },
  tags: { type: () => array(z.string()), default: ['a'] },
  counts: { type: () => array(z.int()).min(1), default: [1] },
  days: { type: () => array(z.iso.date()), default: [] },
  bytes: { type: () => bytes(), default: undefined },
} as const;

const typeOf = ({ type, nullable, byDefault }: RandomColumn): z.ZodType => {
  const { type: make, default: standard } = types[type];
  const plain: z.ZodType = type === 'created' ? make() : nullable ? make().nullable() : make();
  return byDefault && standard !== undefined ? plain.default(standard) : plain;
};

const keyOf = (key: RandomTable['key']): z.ZodType =>
  key === 'id' ? id() : key === 'uuid' ? z.uuid() : z.string();

const canBeKey = (type: RandomColumn['type']): boolean =>
  !['json', 'object', 'anything', 'tags', 'counts', 'days', 'bytes'].includes(type);

const expressionOf = ({
  name,
  type,
}: RandomColumn): { readonly sqlite: string; readonly postgres: string } => {
  const text = ['text', 'short', 'choice', 'wider'].includes(type) ? `lower(${name})` : `(${name} IS NULL)`;
  // one text for both would be refused: a decimal is a scaled integer on SQLite
  return { sqlite: text, postgres: `(${text})` };
};

/** Declares the tables of a random model. */
export function tablesOf(model: readonly RandomTable[]): readonly Table[] {
  const made: Table[] = [];
  for (const [at, one] of model.entries()) {
    const parent = one.parent === 'no' ? undefined : model[at - 1];
    const shape: Record<string, z.ZodType> = { id: keyOf(one.key) };
    const plainKey = (key: RandomTable['key']): z.ZodType => (key === 'text' ? z.string() : z.uuid());
    if (parent)
      shape.parent = one.parent === 'optional' ? plainKey(parent.key).nullable() : plainKey(parent.key);
    if (one.loop) shape.above = plainKey(one.key).nullable();
    for (const column of one.columns) shape[column.name] = typeOf(column);
    const target = made[at - 1];
    made.push(
      table(one.name, shape, (c) => {
        const of = (name: string) => c[name] as never;
        const items: (TableItem | undefined)[] = [
          one.key === 'id' ? undefined : primaryKey(of('id')),
          parent && target ? references(of('parent'), target.columns.id as never) : undefined,
          one.loop ? references(of('above'), of('id')) : undefined,
          one.checked ? check(`${one.name}_present`, 'id IS NOT NULL') : undefined,
          ...one.columns.flatMap(({ name, type, indexed, from, ...column }) => [
            indexed === 'expression'
              ? index(expressionOf({ name, type, indexed, from, ...column }), {
                  name: `${one.name}_${name}_expression`,
                })
              : undefined,
            from === undefined ? undefined : (renamed(of(name), from) as never),
            indexed === 'index' && canBeKey(type) ? index(of(name)) : undefined,
            indexed === 'partial' && canBeKey(type)
              ? index(of(name), {
                  where: { sqlite: `${name} IS NOT NULL`, postgres: `(${name} IS NOT NULL)` },
                })
              : undefined,
            indexed === 'unique' && canBeKey(type) && type !== 'boolean' ? unique(of(name)) : undefined,
          ]),
        ];
        return items.filter((item) => item !== undefined) as never;
      }) as unknown as Table,
    );
  }
  return made;
}

const names = ['a', 'b', 'c', 'd'];

const column = (name: string): fc.Arbitrary<RandomColumn> =>
  fc.record({
    name: fc.constant(name),
    type: fc.constantFrom(...(Object.keys(types) as (keyof typeof types)[])),
    nullable: fc.boolean(),
    byDefault: fc.boolean(),
    indexed: fc.constantFrom('no', 'no', 'index', 'partial', 'unique', 'expression'),
    from: fc.constant(undefined),
  });

// kinds that convert into each other, and types of one kind
const related: readonly (readonly RandomColumn['type'][])[] = [
  ['text', 'short', 'choice', 'wider', 'integer', 'small'],
  ['text', 'boolean', 'choice', 'integer'],
  ['text', 'uuid'],
  ['text', 'date', 'timestamp', 'microseconds'],
  ['integer', 'small', 'real', 'boolean'],
  ['integer', 'small', 'bigint', 'largest', 'text'],
  ['integer', 'bigint', 'decimal', 'longer', 'whole', 'finest', 'text'],
  ['json', 'object', 'anything'],
];

// mostly of a kind that the old one converts to
const changedColumn = (old: RandomColumn): fc.Arbitrary<RandomColumn> => {
  const near = related.flatMap((group) => (group.includes(old.type) ? group : [old.type]));
  return fc.oneof(
    { weight: 1, arbitrary: column(old.name) },
    {
      weight: 12,
      arbitrary: fc
        .tuple(column(old.name), fc.constantFrom(...near))
        .map(([now, type]) => ({ ...now, type })),
    },
  );
};

const tableNamed = (name: string): fc.Arbitrary<RandomTable> =>
  fc.record({
    name: fc.constant(name),
    key: fc.constantFrom('id', 'uuid', 'text'),
    parent: fc.constantFrom('no', 'required', 'optional'),
    loop: fc.boolean(),
    checked: fc.boolean(),
    columns: fc
      .subarray(names, { minLength: 1 })
      .chain((chosen) => fc.tuple(...chosen.map((each) => column(each)))),
  });

const model: fc.Arbitrary<readonly RandomTable[]> = fc
  .subarray(['teams', 'members', 'notes'], { minLength: 1 })
  .chain((chosen) => fc.tuple(...chosen.map((each) => tableNamed(each))));

// the second model changes some facts of the first, as a person would
const changed = (first: readonly RandomTable[]): fc.Arbitrary<readonly RandomTable[]> =>
  fc
    .tuple(...first.map((one) => changedTable(one)))
    .chain((tables) =>
      fc
        .record({ keep: fc.subarray([...tables], { minLength: 1 }), extra: fc.option(tableNamed('extra')) })
        .map(({ keep, extra }) => (extra ? [...keep, extra] : keep)),
    );

const changedTable = (one: RandomTable): fc.Arbitrary<RandomTable> =>
  fc
    .record({
      other: tableNamed(one.name),
      facts: fc.subarray(['key', 'parent', 'loop', 'checked'] as const, { maxLength: 2 }),
      columns: fc.tuple(
        ...one.columns.map((old) =>
          fc.oneof(
            { weight: 3, arbitrary: fc.constant(old) },
            { weight: 4, arbitrary: changedColumn(old) },
            {
              weight: 1,
              arbitrary: changedColumn(old).map((now) => ({ ...now, name: `${old.name}2`, from: old.name })),
            },
            { weight: 1, arbitrary: fc.constant(undefined) },
          ),
        ),
      ),
      added: fc.option(column('e')),
    })
    .map(({ other, facts, columns, added }) => ({
      ...one,
      ...Object.fromEntries(facts.map((fact) => [fact, other[fact]])),
      columns: [...columns, added].filter((each) => each !== undefined && each !== null),
    }));

/** Two random models, of which the second is a changed first. */
export const pairOfModels: fc.Arbitrary<readonly [readonly RandomTable[], readonly RandomTable[]]> =
  model.chain((first) => fc.tuple(fc.constant(first), changed(first)));
