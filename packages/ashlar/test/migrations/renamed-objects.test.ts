import {
  autoincrement,
  Database,
  extra,
  fullText,
  id,
  renamed,
  renamedTable,
  system,
  type Table,
  table,
  view,
} from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { down, drift, newStep, up } from 'ashlar/migrations';
import { matches } from 'ashlar/query';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import { type Folder, makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

/** The names of the table and of its column, before and after. */
interface Names {
  readonly name: string;
  readonly column: string;
}
const before: Names = { name: 'notes', column: 'body' };
const renames = {
  'a column': { name: 'notes', column: 'words' },
  'a table': { name: 'papers', column: 'body' },
  'a table and its column': { name: 'papers', column: 'words' },
} satisfies Record<string, Names>;

/** What is declared over the column, with the default name or one of its own. */
const declared: Record<string, (names: Names, column: never) => readonly unknown[]> = {
  'an index of words': (_, column) => [fullText({ columns: [column] })],
  'an index of words with a name': (_, column) => [fullText({ columns: [column], name: 'found' })],
  'an index of words over two columns': (_, column) => [fullText({ columns: [column, 'other' as never] })],
  'an index, a trigger and a unique index': ({ name, column }) => {
    const index = `CREATE INDEX lower_text ON ${name} (lower(${column}))`;
    const unique = `CREATE UNIQUE INDEX one_text ON ${name} (${column}, id) WHERE ${column} <> ''`;
    return [
      extra({ name: 'lower_text', sqlite: index, postgres: index }),
      extra({ name: 'one_text', sqlite: unique, postgres: unique }),
      extra({
        name: 'long_refused',
        sqlite: `CREATE TRIGGER long_refused BEFORE UPDATE OF ${column} ON ${name} WHEN length(NEW.${column}) > 99 BEGIN SELECT RAISE(ABORT, 'long'); END`,
        postgres: `CREATE TRIGGER long_refused BEFORE UPDATE OF ${column} ON ${name} FOR EACH ROW WHEN (length(NEW.${column}) > 99) EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
      }),
    ];
  },
};
const keys = { 'a number': autoincrement, 'a UUID': id };

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const make = (
  { name, column }: Names,
  key: keyof typeof keys,
  what: keyof typeof declared | 'a view',
): { notes: Table; shop: ReturnType<typeof system> } => {
  const notes = table(
    name,
    { id: keys[key](), [column]: z.string(), other: z.string() } as Parameters<typeof table>[1],
    (c) => {
      const columns = c as unknown as Record<string, never>;
      const items = (declared[what]?.({ name, column }, columns[column] as never) ?? []).map((item) =>
        (item as { kind: string }).kind === 'full-text'
          ? {
              ...(item as object),
              columns: (item as { columns: unknown[] }).columns.map((each) =>
                each === 'other' ? columns.other : each,
              ),
            }
          : item,
      );
      return [
        ...items,
        ...(column === before.column ? [] : [renamed(columns[column] as never, before.column)]),
        ...(name === before.name ? [] : [renamedTable(before.name)]),
      ] as never;
    },
  ) as unknown as Table;
  const sql = `SELECT ${column}, other FROM ${name} WHERE ${column} <> ''`;
  const shown = view({
    name: 'shown',
    columns: { [column]: z.string(), other: z.string() } as never,
    sqlite: sql,
    postgres: sql,
  });
  return {
    notes,
    shop: system('shop', {
      tables: { [name]: notes },
      ...(what === 'a view' ? { views: { shown } } : {}),
      migrations: folder.url,
    }),
  };
};

describe.each(engines)('declared objects on $name', (kind) => {
  describe.each([...Object.keys(declared), 'a view'])('%s', (what) => {
    test.each(
      Object.entries(renames).flatMap(([label, names]) =>
        (Object.keys(keys) as (keyof typeof keys)[]).map((key) => [label, key, names] as const),
      ),
    )('follows the new name of %s with %s as its key, and back', async (_, key, names) => {
      const place = await kind.place();
      const engine = await openEngine({ url: place.url, key: place.key });
      const [old, now] = [make(before, key, what), make(names, key, what)];
      const found = async ({ notes, shop }: typeof old): Promise<readonly unknown[]> => {
        const db = new Database(engine, shop, {});
        return db.read(async (s) => {
          const from = (name: string) => s.query.selectFrom(name as never).selectAll();
          const rows =
            what === 'a view'
              ? await from('shown').execute()
              : await (what.includes('words')
                  ? from(notes.name).where(matches(notes as never, 'two'))
                  : from(notes.name)
                ).execute();
          return rows.map(
            (row) => Object.values(row as object).filter((value) => value === 'one two').length,
          );
        });
      };
      try {
        await newStep(old.shop, folder.url, 'initial', { engines: [sqlOf(kind)] });
        await up(engine, old.shop);
        const row = { [before.column]: 'one two', other: 'x' };
        await new Database(engine, old.shop, {}).insert(old.notes as never, row as never);
        await newStep(now.shop, folder.url, 'renamed');
        await up(engine, now.shop);
        expect([await found(now), await drift(engine, now.shop)]).toEqual([[1], []]);
        expect(await newStep(now.shop, folder.url, 'again')).toBeUndefined();
        await down(engine, now.shop);
        expect(await found(old)).toEqual([1]);
        await up(engine, now.shop);
        expect(await found(now)).toEqual([1]);
      } finally {
        await engine.close();
        await place.remove();
      }
    });
  });
});
