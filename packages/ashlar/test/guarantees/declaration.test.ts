import {
  createdAt,
  id,
  index,
  primaryKey,
  references,
  type Table,
  type TableItem,
  table,
  timestamp,
  unique,
} from 'ashlar';
import { appendOnly, lifecycle, partitioned, versioned } from 'ashlar/guarantees';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const shape = {
  id: id(),
  code: z.string(),
  status: z.enum(['open', 'closed']).default('open'),
  note: z.string().nullable(),
  version: z.int().min(1),
  current: z.boolean(),
  previous: z.uuid().nullable(),
  at: createdAt(),
  stamped_at: timestamp().nullable(),
};
type Columns = Table<'things', typeof shape>['columns'];

const other = table('others', { id: id() });
const good = { open: ['closed'] };
const chain = (c: Columns) => ({ key: c.code, version: c.version, current: c.current, previous: c.previous });

const refused: readonly (readonly [string, (c: Columns) => readonly TableItem[], RegExp])[] = [
  [
    'a stampOnce column that is not nullable',
    (c) => [appendOnly({ stampOnce: [c.code] })],
    /code is in stampOnce/,
  ],
  [
    'a boolean stampOnce column without the default false',
    (c) => [appendOnly({ stampOnce: c.current })],
    /current is in stampOnce, but is not empty in a new row/,
  ],
  ['a column of another table', () => [appendOnly({ stampOnce: [other.columns.id] })], /of another table/],
  ['a column given twice', (c) => [appendOnly({ stampOnce: [c.note, c.note] })], /twice/],
  [
    'a cascade without a foreign key',
    (c) => [appendOnly({ cascade: [c.previous] })],
    /no foreign key with onDelete: 'cascade'/,
  ],
  [
    'a cascade of a foreign key that restricts',
    (c) => [references(c.previous, other.columns.id), appendOnly({ cascade: c.previous })],
    /no foreign key with onDelete: 'cascade'/,
  ],
  [
    'an unknown status',
    (c) => [lifecycle(c.status, { open: ['shut'] }, { initial: 'open' })],
    /no status shut/,
  ],
  ['an unknown initial status', (c) => [lifecycle(c.status, good, { initial: 'new' })], /no status new/],
  ['an unreachable status', (c) => [lifecycle(c.status, {}, { initial: 'open' })], /never become closed/],
  ['no initial status', (c) => [lifecycle(c.status, good, { initial: [] })], /no initial status/],
  [
    'a default that is not initial',
    (c) => [lifecycle(c.status, { closed: ['open'] }, { initial: 'closed' })],
    /by default/,
  ],
  [
    'a status column without a list of statuses',
    (c) => [lifecycle(c.code, good, { initial: 'open' })],
    /no list of statuses/,
  ],
  ['partitions by a text column', (c) => [partitioned(c.code, { by: 'month' })], /is not a timestamp/],
  ['partitions by a nullable column', (c) => [partitioned(c.stamped_at, { by: 'month' })], /nullable/],
  [
    'a partition column outside the primary key',
    (c) => [partitioned(c.at, { by: 'month' })],
    /things_pkey does not contain at/,
  ],
  [
    'too few months ahead',
    (c) => [partitioned(c.at, { by: 'month', ahead: 1 })],
    /things_pkey|1 months ahead/,
  ],
  [
    'a unique key column',
    (c) => [unique(c.code), versioned(chain(c))],
    /a second version could not be inserted/,
  ],
  [
    'a key column that is unique among current rows',
    (c) => [index(c.code, { unique: true, where: 'current' }), versioned(chain(c))],
    /a second version could not be inserted/,
  ],
  [
    'a version column that is not an integer',
    (c) => [versioned({ ...chain(c), version: c.code })],
    /cannot number versions|twice/,
  ],
  [
    'a current column that is not a boolean',
    (c) => [versioned({ ...chain(c), current: c.note })],
    /nullable/,
  ],
  [
    'a previous column of another type',
    (c) => [versioned({ ...chain(c), previous: c.note })],
    /must be able to hold the id/,
  ],
];

describe('the declaration of a guarantee', () => {
  it.each(refused)('refuses %s', (_, items, message) => {
    const declare = () => table('things', shape, items);
    expect(declare).toThrow(
      expect.objectContaining({ code: 'table-invalid', message: expect.stringMatching(message) }),
    );
  });

  it('refuses a unique key without the partition column', () => {
    const declare = () =>
      table('things', { id: id(), at: createdAt(), code: z.string() }, (c) => [
        primaryKey(c.id, c.at),
        unique(c.code),
        partitioned(c.at, { by: 'month' }),
      ]);
    expect(declare).toThrow(/things_code_key does not contain at/);
  });
});

describe('the objects of guarantees', () => {
  const long = 'a_table_with_a_name_that_is_rather_a_long_one';
  const all = table(long, { id: id(), parent: z.uuid(), at: createdAt() }, (c) => [
    primaryKey(c.id, c.at),
    references(c.parent, other.columns.id, { onDelete: 'cascade' }),
    partitioned(c.at, { by: 'month' }),
    appendOnly({ cascade: c.parent }),
  ]);
  const moving = table(long, { id: id(), status: z.enum(['a', 'b']) }, (c) => [
    lifecycle(c.status, { a: ['b'] }, { initial: 'a' }),
  ]);

  it.each(['sqlite', 'postgres'] as const)('have unique names of at most 63 characters on %s', (sql) => {
    const names = [all, moving].flatMap((each) =>
      each.guarantees.flatMap((guarantee) => {
        const enforcement = guarantee[sql];
        return enforcement.level === 'refused'
          ? []
          : enforcement.objects(each).map((object) => `${object.type} ${object.name}`);
      }),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name.split(' ')[1]?.length).toBeLessThanOrEqual(63);
  });
});
