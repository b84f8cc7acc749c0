import { openEngine } from 'ashlar/extend';
import { describe, expect, test } from 'vitest';
import { withoutRoles } from '../../../../../test/support/engines.js';
import type { SchemaTable } from '../../../src/contract/schema.js';
import { keptRowids } from '../../../src/engines/sqlite/schema/kept-rowids.js';
import { parseTable } from '../../../src/engines/sqlite/schema/parse-table.js';
import { rebuildTable } from '../../../src/engines/sqlite/schema/rebuild.js';

interface Form {
  readonly columns: string;
  readonly options?: string;
  /** How SQL reaches the number of a row; `undefined` if there is none, or it has no name. */
  readonly rowid: string | undefined;
  /** Whether `number` is the number of a row. */
  readonly isNumber?: boolean;
}

const forms: Readonly<Record<string, Form>> = {
  'a text key': { columns: 'word TEXT PRIMARY KEY, number INTEGER', rowid: 'rowid' },
  'a key of two columns': {
    columns: 'word TEXT, number INTEGER, PRIMARY KEY (number, word)',
    rowid: 'rowid',
  },
  'no key': { columns: 'word TEXT, number INTEGER', rowid: 'rowid' },
  'an integer key': {
    columns: 'word TEXT, number INTEGER CONSTRAINT docs_pkey PRIMARY KEY',
    rowid: 'rowid',
    isNumber: true,
  },
  'an assigned key': {
    columns: 'word TEXT, number INTEGER PRIMARY KEY AUTOINCREMENT',
    rowid: 'rowid',
    isNumber: true,
  },
  'an integer key as a constraint': {
    columns: 'word TEXT, number INTEGER NOT NULL, CONSTRAINT docs_pkey PRIMARY KEY ("NUMBER" DESC)',
    rowid: 'rowid',
    isNumber: true,
  },
  'a descending integer key': { columns: 'word TEXT, number INTEGER PRIMARY KEY DESC', rowid: 'rowid' },
  'an INT key': { columns: 'word TEXT, number INT PRIMARY KEY', rowid: 'rowid' },
  'a column rowid': { columns: 'word TEXT, number INTEGER, rowid TEXT', rowid: '_rowid_' },
  'columns ROWID and _rowid_': {
    columns: 'word TEXT, number INTEGER, "ROWID" TEXT, _rowid_ TEXT',
    rowid: 'oid',
  },
  'columns with all names': {
    columns: 'word TEXT, number INTEGER, rowid TEXT, _rowid_ TEXT, oid TEXT',
    rowid: undefined,
  },
  'a computed column': {
    columns: 'word TEXT, size INTEGER GENERATED ALWAYS AS (length(word)) STORED, number INTEGER',
    rowid: 'rowid',
  },
  'no rowid': {
    columns: 'word TEXT PRIMARY KEY, number INTEGER',
    options: 'STRICT, WITHOUT ROWID',
    rowid: undefined,
  },
};

const create = ({ columns, options = 'STRICT' }: Form): string => `CREATE TABLE docs (${columns}) ${options}`;
const tableOf = (form: Form): SchemaTable => ({
  name: 'docs',
  ...parseTable(create(form), 'docs'),
  indexes: [],
  triggers: [],
});

/** Numbers of rows as deletes and people leave them. */
const rows = [
  [1n, 'alpha', 30n],
  [2n, 'beta', 10n],
  [-7n, 'gamma', 20n],
  [9223372036854775807n, 'delta', 40n],
  [5n, 'epsilon', -50n],
] as const;

describe.each(withoutRoles)('a rebuild on $name', (engine) => {
  test.each(Object.entries(forms))('of a table with %s keeps the numbers of its rows', async (_, before) => {
    for (const [name, after] of Object.entries(forms)) {
      const place = await engine.place();
      const database = await openEngine({ url: place.url, key: place.key });
      try {
        const numbers = await database.asOwner(async (owner) => {
          const read = async ({ rowid }: Form): Promise<ReadonlyMap<unknown, unknown>> => {
            const found = await owner.run(`SELECT word, CAST(${rowid ?? 'number'} AS TEXT) AS at FROM docs`);
            return new Map(found.map(({ word, at }) => [word, at]));
          };
          await owner.script(create(before));
          for (const [rowid, word, number] of rows) {
            const own = before.rowid === undefined || before.isNumber ? '' : `${before.rowid}, `;
            await owner.script(
              `INSERT INTO docs (${own}word, number) VALUES (${own && `${rowid}, `}'${word}', ${number})`,
            );
          }
          await owner.script("DELETE FROM docs WHERE word = 'alpha'");
          const was = await read(before);
          const statements = rebuildTable(tableOf(before), tableOf(after), (column) => column);
          await owner.atomically(
            async () => {
              for (const statement of statements) await owner.script(statement);
            },
            { rebuild: true },
          );
          return { was, is: await read(after) };
        });
        const kept = keptRowids(tableOf(before), tableOf(after), (column) => column);
        const own = new Map(rows.slice(1).map(([, word, number]) => [word, String(number)]));
        if (after.isNumber || after.rowid === undefined) expect([name, numbers.is]).toEqual([name, own]);
        else if (before.rowid !== undefined) expect([name, numbers.is]).toEqual([name, numbers.was]);
        expect(numbers.is.size).toBe(4);
        const differs = after.isNumber ? !before.isNumber : after.options !== undefined;
        expect([name, kept === 'lost']).toEqual([name, before.rowid !== undefined && differs]);
      } finally {
        await database.close();
        await place.remove();
      }
    }
  });
});
