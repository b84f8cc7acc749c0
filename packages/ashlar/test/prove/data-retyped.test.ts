import { type Database, primaryKey, type Table, table } from 'ashlar';
import { audited, auditTrail } from 'ashlar/guarantees';
import { proveData } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { conversionBetween, converted, sameForm } from '../../src/model/conversions.js';
import { isPlain, type KindOfColumn, kindsOfColumns } from '../engines/difficult-values.js';

const { engines } = oneOfEach(import.meta.url);

const trail = auditTrail('trail');
const note = z.string();

const tableOf = (name: string, { type }: KindOfColumn): Table =>
  table(name, { id: z.int(), v: type.nullable(), note }, (c) => [
    primaryKey(c.id),
    audited({ into: trail }),
  ]) as unknown as Table;

/** Every change of a column's type that a generated step makes. */
const changes = kindsOfColumns.flatMap((from) =>
  kindsOfColumns.flatMap((to) => {
    const conversion = sameForm(from.form, to.form) ? undefined : conversionBetween(from.form, to.form);
    return conversion ? [{ from, to, conversion }] : [];
  }),
);
const all = changes.map((change, at) => ({
  ...change,
  name: `${change.from.name} → ${change.to.name}`,
  before: tableOf(`before_${at}`, change.from),
  after: tableOf(`after_${at}`, change.to),
}));
const tables = {
  trail,
  ...Object.fromEntries(all.flatMap(({ before, after }) => [before, after].map((one) => [one.name, one]))),
};

describe.each(engines)('the trail of a table whose columns changed their type on $name', (engine) => {
  const dialect = sqlOf(engine);
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  const run = (sql: string) => db.engine.asOwner((owner) => owner.run(sql));
  const prove = async (...own: readonly Table[]) => {
    const system = {
      name: 'testing',
      tables: Object.fromEntries([...own, trail].map((one) => [one.name, one])),
    };
    return (await proveData(db.engine, system as never)).findings;
  };

  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables as never));
    const value = ({ name }: KindOfColumn, of: unknown): unknown =>
      name.includes('bigint') && of !== null ? BigInt(String(of)) : of;
    for (const { from, to, conversion, before, after } of all) {
      const values = [null, ...from.values].flatMap((given) => {
        const made = given === null || isPlain(given) ? converted(conversion, given as never) : undefined;
        return made === undefined ? [] : [{ given, made }];
      });
      await db.session({ actor: 'a' }, async (s) => {
        for (const [id, { given, made }] of values.entries())
          await s
            .session(async (inner) => {
              await inner.insert(before as never, { id, v: value(from, given), note: 'x' } as never);
              await inner.insert(after as never, { id, v: value(to, made), note: 'x' } as never);
              if (id % 2 === 0) await inner.update(after as never, id as never, { note: 'y' } as never);
            })
            .catch(() => undefined);
      });
    }
    await db.engine.asOwner(async (owner) => {
      if (dialect === 'postgres') await owner.run('ALTER TABLE trail DISABLE TRIGGER USER');
      else
        for (const { name } of await owner.run(
          "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'trail'",
        ))
          await owner.run(`DROP TRIGGER "${name}"`);
      // the lines of inserts as they were before the change of the type
      for (const { before, after } of all)
        await owner.run(
          `UPDATE trail SET after = (SELECT old.after FROM trail AS old WHERE old.table_name = '${before.name}' AND old.row_key = trail.row_key)
            WHERE table_name = '${after.name}' AND operation = 'insert'`,
        );
    });
  });
  afterAll(() => remove());

  it.each(all)('$name has no finding', async ({ after }) => {
    const [count] = await run(`SELECT count(*) AS n FROM ${after.name}`);
    expect(Number(count?.n)).toBeGreaterThan(1);
    expect(await prove(after)).toEqual([]);
  });

  it('finds a number that differs in its last digit', async () => {
    const { after } = all.find(({ name }) => name === 'integer → real') ?? {};
    if (!after) return expect.unreachable();
    for (const [id, off] of [
      [1, '1.0000000000000002'],
      [2, '1.9999999999999998'],
    ] as const) {
      const [row] = await run(`SELECT v FROM ${after.name} WHERE id = ${id}`);
      await db.engine.asOwner(async (owner) => {
        if (dialect === 'postgres') await owner.run(`ALTER TABLE ${after.name} DISABLE TRIGGER USER`);
        else
          for (const { name } of await owner.run(
            `SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '${after.name}'`,
          ))
            await owner.run(`DROP TRIGGER "${name}"`);
        await owner.run(`UPDATE ${after.name} SET v = ${off} WHERE id = ${id}`);
      });
      expect(await prove(after), String(row?.v)).toContainEqual(
        expect.objectContaining({ guarantee: 'audited', keys: expect.arrayContaining([String(id)]) }),
      );
    }
  });
});
