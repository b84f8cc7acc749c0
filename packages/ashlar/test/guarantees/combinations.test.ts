import {
  AshlarError,
  ciphertext,
  createdAt,
  id,
  primaryKey,
  references,
  system,
  type Table,
  type TableItem,
  table,
  timestamp,
  updatedAt,
} from 'ashlar';
import { type GuardedTable, openEngine } from 'ashlar/extend';
import {
  acyclic,
  appendOnly,
  audited,
  auditTrail,
  encrypted,
  keyring,
  ledgered,
  legalHolds,
  lifecycle,
  partitioned,
  retained,
  scoped,
  versioned,
} from 'ashlar/guarantees';
import { maintain, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { whyNot } from '../../../../scripts/write-docs.mjs';
import { oneOfEach, type TestEngine } from '../../../../test/support/engines.js';
import { inCreationOrder } from '../../src/migrations/shadow.js';
import { makeFolder } from '../migrations/folder.js';

const { engines } = oneOfEach(import.meta.url);

const law = { for: { years: 1 }, reason: 'law' };
const holds = legalHolds('holds', (c) => [scoped(c.scope), retained(c.released_at, law)]);
const trail = auditTrail('trail', (c) => [scoped(c.scope), ledgered(), retained(c.at, law)]);
const keys = keyring('data_keys', (c) => [scoped(c.scope), audited({ into: trail, except: c.wrapped })]);

const shape = (names: readonly string[]) => {
  const isEncrypted = names.includes('encrypted');
  return {
    id: id(),
    client_id: z.uuid(),
    code: z.string().min(1),
    version: z.int32().min(1).default(1),
    is_current: z.boolean().default(true),
    previous_id: z.uuid().nullable(),
    parent_id: z.uuid().nullable(),
    status: z.enum(['open', 'closed']).default('open'),
    body: isEncrypted ? ciphertext(z.string()) : z.string(),
    // a ciphertext is bound to the key of its row, so the database must not generate that key
    at: isEncrypted && names.includes('partitioned') ? timestamp() : createdAt(),
    seen_at: timestamp().nullable(),
    created_at: createdAt(),
    // with stampOnce, no other column may change
    ...(names.includes('appendOnly({ stampOnce })') ? {} : { updated_at: updatedAt() }),
  };
};
type Columns = Table<string, ReturnType<typeof shape>>['columns'];

const declarations: Readonly<Record<string, (c: Columns) => readonly TableItem[]>> = {
  acyclic: (c) => [references(c.parent_id, c.id), acyclic(c.parent_id)],
  appendOnly: () => [appendOnly()],
  'appendOnly({ stampOnce })': (c) => [appendOnly({ stampOnce: c.seen_at })],
  audited: () => [audited({ into: trail })],
  encrypted: (c) => [encrypted({ scope: c.client_id, keys })],
  ledgered: () => [ledgered()],
  lifecycle: (c) => [lifecycle(c.status, { open: ['closed'] }, { initial: 'open' })],
  partitioned: (c) => [primaryKey(c.id, c.at), partitioned(c.at, { by: 'month' })],
  retained: (c) => [retained(c.at, { ...law, hold: holds, scope: c.client_id })],
  scoped: (c) => [scoped(c.client_id)],
  versioned: (c) => [
    references(c.previous_id, c.id),
    versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous_id }),
  ],
};
const names = Object.keys(declarations);

const declare = (given: readonly string[], name = 'things'): GuardedTable =>
  table(name, shape(given), (c) => given.flatMap((each) => declarations[each]?.(c as Columns) ?? []));

/** The guarantees of one name on a separate table, without the guarantees that they require. */
const alone = (name: string) => {
  const { columns } = table('things', shape([]));
  const items = declarations[name]?.(columns as Columns) ?? [];
  return items.flatMap((item) =>
    item.kind === 'guarantee' ? [{ guarantee: item, table: { name: 'things', columns } }] : [],
  );
};

/** Why guarantees cannot be combined, as they declare it. */
const reasonOf = (given: readonly string[]) => whyNot(given.flatMap(alone));

const subsets = (of: readonly string[]): readonly (readonly string[])[] =>
  of.reduce<readonly (readonly string[])[]>(
    (all, name) => all.concat(all.map((each) => each.concat(name))),
    [[]],
  );

const all = subsets(names);
const some = all.filter(({ length }) => length === 2 || length === 3);
const holding = all.filter((given) => given.length > 0 && reasonOf(given) === undefined);
const within = (part: readonly string[], whole: readonly string[]) =>
  part.every((name) => whole.includes(name));
/** The maximal combinations: together they contain every valid pair and triple. */
const largest = holding.filter(
  (given) => !holding.some((other) => other.length > given.length && within(given, other)),
);

/** What `prove` reports as failures for these tables in one database. */
const failuresIn = async (
  engine: TestEngine,
  tables: readonly GuardedTable[],
): Promise<readonly string[]> => {
  const folder = await makeFolder();
  const place = await engine.place();
  const opened = await openEngine({ url: place.url, key: place.key });
  try {
    const named = Object.fromEntries(tables.map((each) => [each.name, each as Table]));
    const own = system('combined', { tables: { trail, holds, keys, ...named }, migrations: folder.url });
    const statements = inCreationOrder(Object.values<Table>(own.tables)).flatMap((each) =>
      opened.dialect.createTable(each),
    );
    await folder.step('0001_initial', `${statements.join(';\n\n')};`);
    await up(opened, own);
    await maintain(opened, Object.values<Table>(own.tables), new Date());
    return failuresOf(await prove(opened, own));
  } finally {
    await opened.close();
    await place.remove();
    await folder.remove();
  }
};

describe('guarantees on one table', () => {
  it.each(some.map((given) => ({ given: given.join(' + '), names: given })))(
    '$given: can be declared, or is refused with the declared reason',
    ({ names: given }) => {
      const reason = reasonOf(given);
      let refusal: unknown;
      try {
        expect(declare(given).guarantees).toHaveLength(given.length);
      } catch (error) {
        refusal = error;
      }
      if (reason === undefined) return expect(refusal).toBeUndefined();
      expect(refusal).toBeInstanceOf(AshlarError);
      expect(refusal).toMatchObject({ code: 'table-invalid' });
      if (reason.why !== '') expect(String(refusal)).toContain(reason.why);
    },
  );

  it('refuse exactly these pairs, apart from missing requirements', () => {
    const refused = all.filter(
      (given) => given.length === 2 && !given.includes('ledgered') && reasonOf(given)?.why,
    );
    expect(refused.map((given) => given.join(' + '))).toEqual([
      'appendOnly + lifecycle',
      'appendOnly({ stampOnce }) + lifecycle',
      'acyclic + partitioned',
      'appendOnly + versioned',
      'appendOnly({ stampOnce }) + versioned',
      'lifecycle + versioned',
      'partitioned + versioned',
      'retained + versioned',
    ]);
  });

  it('hold on SQLite in every valid pair and in every maximal combination', async () => {
    const [sqlite] = engines;
    const pairs = holding.filter(({ length }) => length === 2);
    const tables = [...pairs, ...largest].map((given, at) => declare(given, `things_${at}`));
    expect(await failuresIn(sqlite as TestEngine, tables)).toEqual([]);
  });

  it.each(engines.filter(({ name }) => name === 'pglite' || name === 'postgres'))(
    'hold on $name in every maximal combination',
    async (engine) => {
      const tables = largest.map((given, at) => declare(given, `things_${at}`));
      expect(await failuresIn(engine, tables)).toEqual([]);
    },
  );
});

describe('a table with fixed columns', () => {
  it.each<readonly [string, () => unknown, RegExp]>([
    [
      'a keyring that is append-only',
      () => keyring('k', () => [appendOnly()]),
      /keyring and append-only cannot hold together\. Rotating or shredding a data key updates its row/,
    ],
    [
      'a keyring with a retention',
      () => keyring('k', (c) => [retained(c.created_at, law)]),
      /keyring and retained cannot hold together\. A data key is shredded, never deleted/,
    ],
    [
      'a keyring whose audit trail records the keys',
      () => keyring('k', () => [audited({ into: trail })]),
      /keyring and audited without except: c\.wrapped cannot hold together\. The trail would keep copies/,
    ],
    [
      'a keyring in a ledger',
      () => keyring('k', () => [ledgered()]),
      /ledgered requires append-only without cascade and stampOnce/,
    ],
    [
      'legal holds in a ledger',
      () => legalHolds('h', () => [ledgered()]),
      /ledgered requires append-only without cascade and stampOnce/,
    ],
    [
      'an audit trail with an audit trail',
      () => auditTrail('t', () => [audited({ into: trail })]),
      /audited and trail cannot hold together\. Only the database writes a trail/,
    ],
    [
      'an audit trail that is append-only twice',
      () => auditTrail('t', () => [appendOnly()]),
      /append-only twice/,
    ],
  ])('refuses %s', (_, declaration, message) => {
    expect(declaration).toThrow(
      expect.objectContaining({ code: 'table-invalid', message: expect.stringMatching(message) }),
    );
  });
});

it('the same guarantee can be declared on two columns, but not twice on one column', () => {
  const statuses = { id: id(), one: z.enum(['a', 'b']), other: z.enum(['a', 'b']) };
  const path = { a: ['b'] };
  const twice = (both: boolean) => () =>
    table('things', statuses, (c) => [
      lifecycle(c.one, path, { initial: 'a' }),
      lifecycle(both ? c.other : c.one, path, { initial: 'a' }),
    ]);
  expect(twice(true)).not.toThrow();
  expect(twice(false)).toThrow(/declares lifecycle twice/);
});
