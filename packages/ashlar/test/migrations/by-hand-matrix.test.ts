import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, autoincrement, bigint, renamed, renamedTable, type Table, table } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { appendOnly } from 'ashlar/guarantees';
import { drift, newStep, up } from 'ashlar/migrations';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, type Place, sqlOf, type TestEngine } from '../../../../test/support/engines.js';
import { isThorough } from '../../../../test/support/thorough.js';
import type { SqlName } from '../../src/contract/sql.js';
import { objectsOf } from '../../src/migrations/ownership/keys.js';
import { type Folder, makeFolder } from './folder.js';
import { type KindByHand, kindsByHand } from './kinds-by-hand.js';
import { systemOf } from './objects.js';

const base = { id: autoincrement(), title: z.string().max(100), size: z.int(), note: z.string().nullable() };
type Items = NonNullable<Parameters<typeof table>[2]>;
const notes = (columns: Parameters<typeof table>[1], items: Items = () => [], name = 'notes'): Table =>
  table(name, columns, items) as unknown as Table;
const { title, ...untitled } = base;
const { note, ...unnoted } = base;
const first = notes(base);

/** The models that a change leads to, one step for each. */
const changes: Readonly<Record<string, readonly Table[]>> = {
  'a table is renamed': [notes(base, () => [renamedTable('notes')], 'papers')],
  'a column is renamed': [
    notes({ ...untitled, headline: title }, (c) => [renamed(c.headline as never, 'title')]),
  ],
  'a table and a column are renamed': [
    notes(
      { ...untitled, headline: title },
      (c) => [renamedTable('notes'), renamed(c.headline as never, 'title')],
      'papers',
    ),
  ],
  'another column is converted': [notes({ ...base, size: bigint() })],
  'the column is converted': [notes({ ...base, title: z.uuid() })],
  'a nullable column is dropped': [notes(unnoted)],
  'the column is dropped': [notes(untitled)],
  'a column becomes required': [notes({ ...base, note: z.string() })],
  'a column becomes nullable': [notes({ ...base, size: z.int().nullable() })],
  'a column is added': [notes({ ...base, more: z.string().default('x') })],
  'a guarantee is added': [notes(base, () => [appendOnly()])],
  'a guarantee is added and removed': [notes(base, () => [appendOnly()]), first],
};

const noWarning = { decide: async () => undefined };
const rows = [1, 2].map((n) => `('019368a0-0000-7000-8000-00000000000${n}', ${n * 10}, 'n${n}')`);
const insertRows = `INSERT INTO notes (title, size, note) VALUES ${rows.join(', ')}`;
const internal = /ashlar_rebuild_|ashlar_compile|ashlar_probe|the renames|undefined|\[object/;

/** Each change as steps after the first one, for both dialects. */
const written = new Map<string, Promise<Folder>>();
const folders: Folder[] = [];
const stepsOf = (change: string): Promise<Folder> => {
  const known = written.get(change);
  if (known) return known;
  const made = (async () => {
    const folder = await makeFolder();
    folders.push(folder);
    await newStep(systemOf(folder, first), folder.url, 'initial');
    for (const model of changes[change] ?? [])
      await newStep(systemOf(folder, model), folder.url, 'change', noWarning);
    return folder;
  })();
  written.set(change, made);
  return made;
};
afterAll(() => Promise.all(folders.map((folder) => folder.remove())));

interface Opened {
  readonly engine: Engine;
  readonly run: (sql: string) => Promise<readonly Record<string, unknown>[]>;
  readonly script: (sql: string) => Promise<void>;
}

const described = async ({ engine }: Opened): Promise<readonly string[]> => {
  const schema = await engine.asOwner((owner) => engine.introspect(owner));
  return objectsOf(schema).map(({ key, definition }) => `${key}: ${definition}`);
};

class Undone extends Error {}

/** Statements that write the rows of the table, and those that use the objects, succeed; nothing of them stays. */
const assertUsable = async (
  { engine }: Opened,
  { name, columns, guarantees }: Table,
  kinds: Readonly<Record<string, KindByHand>>,
): Promise<void> => {
  const titled = ['title', 'headline'].find((column) => column in columns);
  const values = {
    ...(titled ? { [titled]: "'019368a0-0000-7000-8000-0000000000aa'" } : {}),
    size: '30',
    ...('note' in columns ? { note: "'n'" } : {}),
  };
  const statements: Record<string, string> = {
    insert: `INSERT INTO ${name} (${Object.keys(values).join(', ')}) VALUES (${Object.values(values).join(', ')})`,
    ...(guarantees.length > 0
      ? {}
      : {
          update: `UPDATE ${name} SET ${Object.keys(values)
            .map((column) => `${column} = ${column}`)
            .join(', ')}`,
          delete: `DELETE FROM ${name} WHERE size = 20`,
        }),
  };
  for (const [kind, { use }] of Object.entries(kinds)) if (use !== undefined) statements[kind] = use;
  // what an append-only table refuses is no fault of the object
  const skipped = guarantees.length > 0 ? ['updates', 'rowUpdates', 'deletes', 'upserts'] : [];
  for (const [what, sql] of Object.entries(statements)) {
    if (skipped.includes(what)) continue;
    const ran = engine.asOwner((owner) =>
      owner.atomically(async () => {
        await owner.script(sql);
        throw new Undone();
      }),
    );
    await expect(
      ran.catch((error) => (error instanceof Undone ? what : `${what}: ${error.message} ${error.detail}`)),
    ).resolves.toBe(what);
  }
};

const stateOf = async (
  { run }: Opened,
  table: string,
  kinds: Readonly<Record<string, KindByHand>>,
): Promise<Readonly<Record<string, unknown>>> => {
  const state: Record<string, unknown> = {};
  for (const [kind, { works }] of Object.entries(kinds))
    state[kind] = await run(works.replace('TABLE', table)).then(
      (found) => (found.length === 0 ? 'nothing' : found),
      (error) => `${error.message} ${error.detail}`,
    );
  return state;
};

/** Returns the kinds of hand-made objects that an error names, and checks that it says nothing of Ashlar's inside. */
const namedIn = (error: unknown, kinds: Readonly<Record<string, KindByHand>>): readonly string[] => {
  if (!(error instanceof AshlarError) || error.code === 'statement-failed') throw error;
  expect(['migration-blocked', 'conversion-blocked', 'migration-failed']).toContain(error.code);
  // a rebuild states its table
  const [detail = ''] = `${error.detail}`.split('The statement:');
  const text = `${detail}\n${error.message}`;
  expect(`${text}\n${error.suggestion}`).not.toMatch(internal);
  const found = [...text.matchAll(/mine_([A-Za-z]+)/g)].map(([, kind = '']) => kind);
  const known = [...new Set(found)].filter((kind) => kind in kinds);
  if (known.length === 0) throw error;
  return known;
};

const without = <T>(all: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(all).filter(([each]) => each !== name));

const kindsOn = (dialect: SqlName): Readonly<Record<string, KindByHand>> => kindsByHand[dialect];

// a column by hand is drift, and so is what may lift a guarantee
const isOfOthers = (line: string): boolean => !line.includes('mine_');

type Refused = Readonly<Record<SqlName, Readonly<Record<string, string>>>>;

/** What each change refuses; SQLite rebuilds the table without columns that no step knows. */
const refusedInDatabase: Refused = {
  sqlite: {
    'a table is renamed': 'column computed words',
    'a column is renamed':
      'column computed deletes expression index inserts instead log partial rowUpdates selects unique updates upserts view viewOfView words',
    'a table and a column are renamed':
      'column computed deletes expression index inserts instead log partial rowUpdates selects unique updates upserts view viewOfView words',
    'another column is converted': 'column computed',
    'the column is converted': 'column computed',
    'a nullable column is dropped': 'inserts instead otherIndex upserts',
    'the column is dropped':
      'column computed deletes expression index inserts instead log partial rowUpdates selects unique updates upserts view viewOfView words',
    'a column becomes required': 'column computed',
    'a column becomes nullable': 'column computed',
  },
  postgres: {
    'a table is renamed': 'dynamic inserts plpgsql procedure rows sql updates',
    'a column is renamed': 'arguments dynamic inserts plpgsql procedure row sets sql updates',
    'a table and a column are renamed':
      'arguments dynamic inserts plpgsql procedure row rows sets sql updates',
    'the column is converted':
      'arguments atomic check dynamic exclude index inserts materialized of plpgsql policy procedure row rule sets sql unique uniqueconstraint updates view words',
    'a nullable column is dropped': 'inserts otherindex',
    'the column is dropped':
      'arguments atomic check dynamic exclude index inserts materialized of plpgsql policy procedure row rule sets sql statistics unique uniqueconstraint updates view words',
  },
};
const refusedInStep: Refused = {
  sqlite: {
    'a table is renamed': 'words',
    'a column is renamed': 'instead viewOfView words',
    'a table and a column are renamed': 'instead viewOfView words',
    'another column is converted': 'inserts instead rowUpdates updates upserts',
    'the column is converted':
      'computed deletes inserts instead log rowUpdates selects updates upserts view viewOfView words',
    'a nullable column is dropped': 'inserts instead otherIndex upserts',
    'the column is dropped':
      'computed deletes expression index inserts instead log partial rowUpdates selects unique updates upserts view viewOfView words',
  },
  postgres: {
    'a table is renamed': 'dynamic inserts plpgsql procedure rows sql updates',
    'a column is renamed': 'arguments dynamic inserts plpgsql procedure row sets sql updates',
    'a table and a column are renamed':
      'arguments dynamic inserts plpgsql procedure row rows sets sql updates',
    'another column is converted': 'policy',
    'the column is converted':
      'arguments atomic check dynamic exclude index inserts materialized of plpgsql policy procedure row rule sets sql unique uniqueconstraint updates view words',
    'a nullable column is dropped': 'inserts otherindex',
    'the column is dropped':
      'arguments atomic check dynamic exclude index inserts materialized of plpgsql policy procedure row rule sets sql statistics unique uniqueconstraint updates view words',
  },
};

/** What no change touches: it is never in the way. */
const unaffected = {
  sqlite: ['table', 'otherView'],
  postgres: ['table', 'otherview', 'elsewhere', 'sequence'],
};

const open = async ({ url, key }: Place): Promise<Opened> => {
  const engine = await openEngine({ url, key });
  return {
    engine,
    run: (sql) => engine.asOwner((owner) => owner.run(sql)),
    script: (sql) => engine.asOwner((owner) => owner.script(sql)),
  };
};

/** The changes that one engine tries: all with `npm run check:matrix`, otherwise a quarter, and the rest on the others. */
const triedOn = ({ name }: TestEngine): readonly string[] =>
  Object.keys(changes).filter(
    (_, at) => isThorough || at % 4 === ['sqlite', 'pglite', 'sqlcipher', 'postgres'].indexOf(name),
  );

describe.each(engines)('objects made in the database by hand, on $name', (kind) => {
  const dialect = sqlOf(kind);

  test.each(triedOn(kind))(
    'work after %s, or the step is refused by name before anything changed',
    async (change) => {
      const folder = await stepsOf(change);
      const models = changes[change] ?? [];
      const last = models.at(-1) as Table;
      const place = await kind.place();
      const opened = await open(place);
      const { engine } = opened;
      try {
        await up(engine, systemOf(folder, last), { to: '1' });
        await opened.script(insertRows);
        let kinds = kindsOn(dialect);
        for (const { make } of Object.values(kinds)) await opened.script(make);
        await assertUsable(opened, first, kinds);
        const refused: string[] = [];
        for (const [at, { name }] of models.entries()) {
          for (;;) {
            const [schema, before] = [await described(opened), await stateOf(opened, 'notes', kinds)];
            try {
              await up(engine, systemOf(folder, last), { to: String(at + 2) });
              expect(await stateOf(opened, name, kinds)).toEqual(before);
              break;
            } catch (error) {
              const [culprit = ''] = namedIn(error, kinds);
              expect(await described(opened)).toEqual(schema);
              expect(await stateOf(opened, 'notes', kinds)).toEqual(before);
              refused.push(culprit);
              await opened.script(kinds[culprit]?.drop ?? '');
              kinds = without(kinds, culprit);
            }
          }
        }
        await assertUsable(opened, last, kinds);
        expect(Object.keys(kinds)).toEqual(expect.arrayContaining(unaffected[dialect]));
        expect((await drift(engine, systemOf(folder, last))).filter(isOfOthers)).toEqual([]);
        expect(refused.sort().join(' ')).toBe(refusedInDatabase[dialect][change] ?? '');
      } finally {
        await engine.close();
        await place.remove();
      }
    },
    120_000,
  );
});

interface Kept {
  readonly folder: Folder;
  readonly kinds: Readonly<Record<string, KindByHand>>;
  readonly refused: readonly string[];
}

/** The steps of a change after a step by hand, without the objects that `migrate new` refuses by name. */
const keptSteps = new Map<string, Promise<Kept>>();
const keptBy = (dialect: SqlName, change: string): Promise<Kept> => {
  const key = `${dialect} ${change}`;
  const known = keptSteps.get(key);
  if (known) return known;
  const made = (async (): Promise<Kept> => {
    let kinds = kindsOn(dialect);
    const refused: string[] = [];
    const folder = await makeFolder();
    folders.push(folder);
    const options = { engines: [dialect], ...noWarning };
    await newStep(systemOf(folder, first), folder.url, 'initial', options);
    for (;;) {
      const text = Object.values(kinds).map(({ make }) => `${make};\n`);
      await folder.write({ [`0002_hand/up.${dialect}.sql`]: text.join('') });
      try {
        for (const model of changes[change] ?? [])
          await newStep(systemOf(folder, model), folder.url, 'change', options);
        return { folder, kinds, refused };
      } catch (error) {
        const [culprit = ''] = namedIn(error, kinds);
        refused.push(culprit);
        kinds = without(kinds, culprit);
        await rm(join(folder.path, '0003_change'), { recursive: true, force: true });
      }
    }
  })();
  keptSteps.set(key, made);
  return made;
};

describe.each(engines)('objects made in a step by hand, on $name', (kind) => {
  const dialect = sqlOf(kind);

  test.each(triedOn(kind))(
    'work after %s, or no step is written',
    async (change) => {
      const { folder, kinds, refused } = await keptBy(dialect, change);
      const last = changes[change]?.at(-1) as Table;
      const place = await kind.place();
      const opened = await open(place);
      const { engine } = opened;
      try {
        await up(engine, systemOf(folder, last), { to: '1' });
        await opened.script(insertRows);
        await up(engine, systemOf(folder, last), { to: '2' });
        const before = await stateOf(opened, 'notes', kinds);
        await up(engine, systemOf(folder, last));
        expect(await stateOf(opened, last.name, kinds)).toEqual(before);
        await assertUsable(opened, last, kinds);
        expect(Object.keys(kinds)).toEqual(expect.arrayContaining(unaffected[dialect]));
        expect(await drift(engine, systemOf(folder, last))).toEqual([]);
        expect([...refused].sort().join(' ')).toBe(refusedInStep[dialect][change] ?? '');
      } finally {
        await engine.close();
        await place.remove();
      }
    },
    240_000,
  );
});
