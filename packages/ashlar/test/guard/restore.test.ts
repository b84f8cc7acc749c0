import { failuresOf, prove } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withRoles } from '../../../../test/support/engines.js';
import { tableObjects } from '../../src/engines/postgres/schema/create-table.js';
import { checkGuard } from '../../src/guard/check.js';
import { identifier } from '../../src/model/index.js';
import { type Guarded, guardUp, makeGuarded, tables } from './support.js';

interface Sabotage {
  readonly name: string;
  /** Sabotages of one kind are of different objects, and are tried together. */
  readonly kind: string;
  readonly sql: string;
  /** What `guard check` names. */
  readonly names: string;
}

const role = 'ashlar_app';

/** What a migration of the tool can do to each object that the guard has: no sample, but all of them. */
const sabotages: readonly Sabotage[] = Object.values(tables).flatMap((table): Sabotage[] => {
  const on = identifier(table.name);
  const { external } = table;
  const ofObjects = tableObjects(table).flatMap(({ type, name, sql: made }): Sabotage[] => {
    const quoted = identifier(name);
    // a side table has triggers, too
    const [, of = on] = /^CREATE TRIGGER \S+ [A-Z ]+? ON (\S+)/m.exec(made) ?? [];
    const one = (what: string, sql: string): Sabotage => ({
      name: `${type} ${name} ${what}`,
      kind: `${type} ${what}`,
      sql,
      names: name,
    });
    switch (type) {
      case 'trigger':
        return [
          one('dropped', `DROP TRIGGER ${quoted} ON ${of}`),
          one('disabled', `ALTER TABLE ${of} DISABLE TRIGGER ${quoted}`),
          one('not on replicas', `ALTER TABLE ${of} ENABLE TRIGGER ${quoted}`),
        ];
      case 'policy':
        return [
          one('dropped', `DROP POLICY ${quoted} ON ${on}`),
          one('changed', `ALTER POLICY ${quoted} ON ${on} USING (true)`),
        ];
      case 'function':
        return [
          one('dropped with its triggers', `DROP FUNCTION ${quoted}() CASCADE`),
          one(
            'replaced',
            `CREATE OR REPLACE FUNCTION ${quoted}() RETURNS ${/RETURNS (\w+)/.exec(made)?.[1]} LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`,
          ),
          one('with another path', `ALTER FUNCTION ${quoted}() SET search_path TO public`),
        ];
      default:
        return [];
    }
  });
  const of = (kind: string, sql: string): Sabotage => ({
    name: `${table.name}: ${kind}`,
    kind,
    sql,
    names: table.name,
  });
  const ofTable: Sabotage[] = [
    ...(table.facts.scope
      ? [
          of('row security off', `ALTER TABLE ${on} DISABLE ROW LEVEL SECURITY`),
          of('not for the owner', `ALTER TABLE ${on} NO FORCE ROW LEVEL SECURITY`),
        ]
      : []),
    ...(external && table.guarantees.length > 0
      ? [
          of('all triggers off', `ALTER TABLE ${on} DISABLE TRIGGER USER`),
          of('GRANT ALL', `GRANT ALL ON ${on} TO ${role}`),
          of('GRANT to PUBLIC', `GRANT SELECT ON ${on} TO PUBLIC`),
          of(
            'made again',
            `CREATE TABLE public.copy (LIKE public.${on} INCLUDING ALL); DROP TABLE public.${on} CASCADE; ALTER TABLE public.copy RENAME TO ${on}`,
          ),
        ]
      : []),
  ];
  return [...ofObjects, ...ofTable];
});

const kinds = [...new Set(sabotages.map(({ kind }) => kind))].map((kind) => ({
  kind,
  ofKind: sabotages.filter((each) => each.kind === kind),
}));

describe.each(withRoles)('a migration of the tool against a guard on $name', (engine) => {
  let guarded: Guarded;
  beforeAll(async () => {
    guarded = await makeGuarded(engine);
  });
  afterAll(() => guarded?.close());

  test('the list has every kind of sabotage', () => {
    expect(sabotages.length).toBeGreaterThan(100);
  });

  test.each(kinds)(
    '$kind: `guard check` names each object, and `guard up` restores it',
    async ({ ofKind }) => {
      for (const { sql } of ofKind) await guarded.tool(sql);
      const found = await checkGuard(guarded.engine, guarded.shop);
      const text = found.map((each) => each.found).join('\n');
      expect(ofKind.filter(({ names }) => !text.includes(names)).map(({ name }) => name)).toEqual([]);
      await guardUp(guarded);
      expect(await checkGuard(guarded.engine, guarded.shop)).toEqual([]);
    },
  );

  test('prove is green afterwards, and nothing is left to restore', async () => {
    expect(await guardUp(guarded)).toEqual([]);
    expect(failuresOf(await prove(guarded.engine, guarded.shop))).toEqual([]);
  });

  test('what is the tool’s own stays, and what could lift a guarantee is named', async () => {
    await guarded.tool(`
      CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
      CREATE TRIGGER touch BEFORE UPDATE ON public."Order" FOR EACH ROW EXECUTE FUNCTION public.touch();
      CREATE TRIGGER touch BEFORE UPDATE ON public.untouched FOR EACH ROW EXECUTE FUNCTION public.touch();
      CREATE POLICY everybody ON public."Order" USING (true);
      CREATE VIEW public.all_orders AS SELECT * FROM public."Order"
    `);
    const found = await checkGuard(guarded.engine, guarded.shop);
    const text = found.map((each) => each.found).join('\n');
    for (const name of ['touch', 'everybody', 'all_orders']) expect(text).toContain(name);
    expect(text).not.toContain('untouched');
    expect(found.every(({ kind }) => kind === 'lifts')).toBe(true);
    expect(await guardUp(guarded)).toEqual([]);
    expect(await checkGuard(guarded.engine, guarded.shop)).toEqual(found);
  });
});
