import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import type { Engine } from '../../src/contract/engine.js';
import type { Schema, SchemaChange } from '../../src/contract/schema.js';
import { openEngine } from '../../src/engines/open.js';
import { assertConvertible } from '../../src/migrations/retypes.js';
import { conversionBetween, converted, sameForm } from '../../src/model/conversions.js';
import { primaryKey, type Table, table } from '../../src/model/index.js';
import { isPlain, type KindOfColumn, kindsOfColumns } from './difficult-values.js';

const { engines } = oneOfEach(import.meta.url);

const tableOf = ({ type }: KindOfColumn): Table =>
  table('clauses', { id: z.int(), v: type.nullable() }, (c) => [primaryKey(c.id)]) as unknown as Table;

class RolledBack extends Error {}

describe.each(engines)('a change of the kind of a column on $name', ({ place: newPlace }) => {
  let engine: Engine;
  let remove: () => Promise<void>;
  const described = new Map<KindOfColumn, Schema>();

  const create = async (kind: KindOfColumn, values: readonly unknown[]): Promise<void> => {
    const model = tableOf(kind);
    engine.register([model]);
    await engine.asOwner(async (owner) => {
      for (const statement of engine.dialect.createTable(model)) await owner.script(statement);
      if (values.length === 0) return;
      const rows = values.map((value, id) => `(${id}, ${literal(model, value)})`);
      await owner.script(`INSERT INTO clauses (id, v) VALUES ${rows.join(', ')}`);
    });
  };
  const literal = (model: Table, value: unknown): string => {
    const column = model.columns.v;
    if (!column) throw new TypeError('no column v');
    return engine.dialect.proving.literal(value === null ? null : engine.encode(column, value));
  };
  const drop = () => engine.asOwner((owner) => owner.script('DROP TABLE clauses'));
  const run = async (changes: readonly SchemaChange[], direction: 'up' | 'down'): Promise<void> => {
    const ordered = direction === 'up' ? changes : changes.toReversed();
    await engine.asOwner((owner) =>
      owner.atomically(
        async () => {
          for (const change of ordered) for (const sql of change[direction]) await owner.script(sql);
        },
        { rebuild: true },
      ),
    );
  };
  // for each value alone in an emptied table: the error with which the step refuses it
  const refusals = (kind: KindOfColumn, all: readonly unknown[], changes: readonly SchemaChange[]) => {
    const model = tableOf(kind);
    return engine.asOwner(async (owner) => {
      await owner.run('DELETE FROM clauses');
      const errors: (Error | undefined)[] = [];
      for (const value of all) {
        const tried = owner.atomically(
          async () => {
            await owner.script(`INSERT INTO clauses (id, v) VALUES (0, ${literal(model, value)})`);
            for (const change of changes) for (const sql of change.up) await owner.script(sql);
            throw new RolledBack(JSON.stringify(await owner.run('SELECT CAST(v AS text) FROM clauses')));
          },
          { rebuild: true },
        );
        errors.push(
          await tried.then(
            () => undefined,
            (error: Error) => error,
          ),
        );
      }
      return errors;
    });
  };
  const values = async (kind: KindOfColumn): Promise<unknown[]> => {
    engine.register([tableOf(kind)]);
    const { rows } = await engine.read('SELECT v FROM clauses ORDER BY id', []);
    // in the stored form
    return rows.map(({ v }) => (typeof v === 'bigint' ? String(v) : v));
  };
  const changesOf = (from: KindOfColumn, to: KindOfColumn): readonly SchemaChange[] =>
    engine.dialect.changes(schemaOf(from), schemaOf(to), [tableOf(to)], {});
  const schemaOf = (kind: KindOfColumn): Schema =>
    described.get(kind) ?? { tables: [], functions: [], objects: [] };

  beforeAll(async () => {
    const place = await newPlace();
    engine = await openEngine({ url: place.url, key: place.key });
    remove = place.remove;
    for (const kind of kindsOfColumns) {
      await create(kind, []);
      described.set(kind, await engine.asOwner((owner) => engine.introspect(owner)));
      await drop();
    }
  });
  afterAll(async () => {
    await engine.close();
    await remove();
  });

  test('is known from the described columns', () => {
    for (const kind of kindsOfColumns) {
      const [owner] = schemaOf(kind).tables;
      const column = owner?.columns.find(({ name }) => name === 'v');
      const expected =
        engine.dialect.name === 'sqlite' && kind.name === 'inet' ? { ...kind.form, kind: 'text' } : kind.form;
      expect(owner && column && engine.dialect.storedForm(owner, column), kind.name).toEqual(expected);
    }
  });

  describe.each(kindsOfColumns)('from $name', (from) => {
    const others = kindsOfColumns.filter(
      (to) =>
        !sameForm(from.form, to.form) &&
        // the same refusals as of any integer
        (conversionBetween(from.form, to.form) || ![from, to].some(({ name }) => /small|or zero/.test(name))),
    );
    test.each(others)('to $name', async (to) => {
      const changes = changesOf(from, to);
      const conversion = conversionBetween(from.form, to.form);
      const check = (): void =>
        assertConvertible({ dialect: engine.dialect, before: schemaOf(from), after: schemaOf(to) }, {}, []);
      if (!conversion) {
        // SQLite stores an address as text
        const isSeen =
          engine.dialect.name === 'postgres' || ![from, to].every(({ name }) => /^(text|inet)$/.test(name));
        if (!isSeen) return expect(changes).toEqual([]);
        const asText = ({ name }: KindOfColumn) =>
          engine.dialect.name === 'sqlite' && name === 'inet' ? kindsOfColumns[0]?.form : undefined;
        if (conversionBetween(asText(from) ?? from.form, asText(to) ?? to.form))
          return expect(check).not.toThrow();
        expect(check).toThrow(
          expect.objectContaining({
            code: 'conversion-unknown',
            facts: { table: 'clauses', columns: ['v'] },
          }),
        );
        // and a step that runs all the same loses nothing
        await create(from, [null]);
        try {
          await run(changes, 'up');
          await run(changes, 'down');
          for (const error of await refusals(from, from.values.slice(0, 2), changes))
            expect(error).not.toBeInstanceOf(RolledBack);
        } finally {
          await drop();
        }
        return;
      }
      expect(check).not.toThrow();
      const fits = (value: unknown): boolean =>
        isPlain(value) &&
        allowed(to, converted(conversion, value)) &&
        converted(conversion, value) !== undefined;
      const kept = [...from.values.filter(fits), null];
      await create(from, kept);
      try {
        await run(changes, 'up');
        expect(await values(to)).toEqual(
          kept.map((value) => (isPlain(value) || value === null ? converted(conversion, value) : undefined)),
        );
        await run(changes, 'down');
        expect(await values(from)).toEqual(kept);
        const refused = from.values.filter((one) => !fits(one));
        for (const [i, error] of (await refusals(from, refused, changes)).entries()) {
          const value = refused[i];
          expect(error, `${String(value)} became ${error?.message}`).not.toBeInstanceOf(RolledBack);
          const text = String(value);
          if (text.length > 3)
            expect(JSON.stringify(error, ['code', 'message', 'detail', 'suggestion'])).not.toContain(text);
        }
      } finally {
        await drop();
      }
    });
  });
});

// what the CHECK of the new kind allows beyond its form
const allowed = ({ name }: KindOfColumn, value: unknown): boolean => {
  if (name === 'small integer') return Math.abs(Number(value)) <= 2147483647 || value === -2147483648;
  if (name === 'longest decimal') return !/^-(?!0|1\.0*$)/.test(String(value));
  if (name === 'positive bigint') return !String(value).startsWith('-');
  return name !== 'one or zero' || value === 0 || value === 1;
};
