import { openEngine } from 'ashlar/extend';
import { drift, up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { server, type TestEngine, withRoles } from '../../../../test/support/engines.js';
import type { Folder } from '../migrations/folder.js';
import { everyFolder } from '../prove/every-folder.js';
import { asSystem } from '../prove/every-guarantee.js';

/** The names of a function of one text, of the type `text`, and of the operator by which texts are equal. */
interface Names {
  readonly f: string;
  readonly t: string;
  readonly equals: string;
}

/** A place in which PostgreSQL prints an expression or a type. */
interface ExpressionPlace {
  readonly part: string;
  readonly make: (names: Names) => string;
  readonly drop: string;
}

// the table and the view have names that PostgreSQL quotes
const places: readonly ExpressionPlace[] = [
  {
    part: 'the constraint order_check',
    make: ({ f }) => `ALTER TABLE "order" ADD CONSTRAINT order_check CHECK (${f}(name) > 0 OR name = 'x')`,
    drop: 'ALTER TABLE "order" DROP CONSTRAINT order_check',
  },
  {
    part: 'the constraint order_equal',
    make: ({ equals }) => `ALTER TABLE "order" ADD CONSTRAINT order_equal CHECK (name ${equals} code)`,
    drop: 'ALTER TABLE "order" DROP CONSTRAINT order_equal',
  },
  {
    part: 'the policy equal',
    make: ({ equals }) => `CREATE POLICY equal ON "order" USING (name ${equals} code)`,
    drop: 'DROP POLICY equal ON "order"',
  },
  {
    part: 'the constraint order_excluded',
    make: ({ f }) =>
      `ALTER TABLE "order" ADD CONSTRAINT order_excluded EXCLUDE USING btree (${f}(code) WITH =)`,
    drop: 'ALTER TABLE "order" DROP CONSTRAINT order_excluded',
  },
  {
    part: 'the column size',
    make: ({ f }) => `ALTER TABLE "order" ALTER size SET DEFAULT ${f}('abc')`,
    drop: 'ALTER TABLE "order" ALTER size DROP DEFAULT',
  },
  {
    part: 'the column made',
    make: ({ f }) => `ALTER TABLE "order" ADD COLUMN made integer GENERATED ALWAYS AS (${f}(code)) STORED`,
    drop: 'ALTER TABLE "order" DROP COLUMN made',
  },
  {
    part: 'the column typed',
    make: ({ t }) => `ALTER TABLE "order" ADD COLUMN typed ${t}`,
    drop: 'ALTER TABLE "order" DROP COLUMN typed',
  },
  {
    part: 'the index order_by_length',
    make: ({ f }) => `CREATE INDEX order_by_length ON "order" (${f}(name))`,
    drop: 'DROP INDEX order_by_length',
  },
  {
    part: 'the index order_of_some',
    make: ({ f }) => `CREATE INDEX order_of_some ON "order" (name) WHERE ${f}(name) > 1`,
    drop: 'DROP INDEX order_of_some',
  },
  {
    part: 'the statistics order_statistics',
    make: ({ f }) => `CREATE STATISTICS order_statistics ON (${f}(name)), size FROM "order"`,
    drop: 'DROP STATISTICS order_statistics',
  },
  {
    part: 'the policy readers',
    make: ({ f }) => `CREATE POLICY readers ON "order" USING (${f}(name) > 0)`,
    drop: 'DROP POLICY readers ON "order"',
  },
  {
    part: 'the policy writers',
    make: ({ f }) => `CREATE POLICY writers ON "order" FOR INSERT WITH CHECK (${f}(name) > 0)`,
    drop: 'DROP POLICY writers ON "order"',
  },
  {
    part: 'the trigger order_when',
    make: ({ f }) =>
      `CREATE TRIGGER order_when BEFORE INSERT ON "order" FOR EACH ROW WHEN (${f}(new.name) > 0) EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    drop: 'DROP TRIGGER order_when ON "order"',
  },
  {
    part: 'the rule order_rule',
    make: ({ f }) =>
      `CREATE RULE order_rule AS ON DELETE TO "order" WHERE ${f}(old.name) > 0 DO INSTEAD NOTHING`,
    drop: 'DROP RULE order_rule ON "order"',
  },
  {
    part: 'the view select',
    make: ({ f }) =>
      `CREATE VIEW "select" AS SELECT o.id, ${f}(o.name) AS length FROM "order" o WHERE ${f}(o.code) > 0`,
    drop: 'DROP VIEW "select"',
  },
  {
    part: 'the materialized view lengths',
    make: ({ f }) => `CREATE MATERIALIZED VIEW lengths AS SELECT ${f}(name) AS length FROM "order"`,
    drop: 'DROP MATERIALIZED VIEW lengths',
  },
  {
    part: 'the domain word',
    make: ({ f }) => `CREATE DOMAIN word AS pg_catalog.text CHECK (${f}(VALUE) > 0)`,
    drop: 'DROP DOMAIN word',
  },
  {
    part: 'the domain size_of',
    make: ({ f }) => `CREATE DOMAIN size_of AS integer DEFAULT ${f}('abc')`,
    drop: 'DROP DOMAIN size_of',
  },
  {
    part: 'the domain base_of',
    make: ({ t }) => `CREATE DOMAIN base_of AS ${t}`,
    drop: 'DROP DOMAIN base_of',
  },
  {
    part: 'the type pair',
    make: ({ t }) => `CREATE TYPE pair AS (a integer, b ${t})`,
    drop: 'DROP TYPE pair',
  },
  {
    part: 'the function half(name text)',
    make: ({ t }) => `CREATE FUNCTION half(name ${t}) RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
    drop: 'DROP FUNCTION half',
  },
  {
    part: 'the function returned ',
    make: ({ t }) => `CREATE FUNCTION returned() RETURNS ${t} LANGUAGE sql AS $$SELECT 'x'$$`,
    drop: 'DROP FUNCTION returned',
  },
  {
    part: 'the function usual(a integer)',
    make: ({ f }) =>
      `CREATE FUNCTION usual(a integer DEFAULT ${f}('abc')) RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
    drop: 'DROP FUNCTION usual',
  },
  {
    part: 'the function atomic ',
    make: ({ f }) =>
      `CREATE FUNCTION atomic() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT ${f}('abc'); END`,
    drop: 'DROP FUNCTION atomic',
  },
];

const table = `CREATE TABLE "order" (id integer PRIMARY KEY, name pg_catalog.text NOT NULL, code pg_catalog.text, size integer);
ALTER TABLE "order" ENABLE ROW LEVEL SECURITY;
`;
const namesOf = (schema: string): Names => ({
  f: `${schema}.char_length`,
  t: `${schema}.text`,
  equals: `OPERATOR(${schema}.=)`,
});
const ofServer = namesOf('pg_catalog');

let folder: Folder;
beforeAll(async () => {
  folder = await everyFolder();
  await folder.step('0002_places', `${table}${places.map(({ make }) => `${make(ofServer)};`).join('\n')}`);
  await folder.write({
    '0002_places/up.sqlite.sql': 'CREATE TABLE "order" (id INTEGER NOT NULL PRIMARY KEY)',
  });
});
afterAll(() => folder.remove());

/** The objects of another schema that look like those of the server. */
const decoys = (schema: string): string => `
  CREATE FUNCTION ${schema}.char_length(pg_catalog.text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 7';
  CREATE DOMAIN ${schema}.text AS pg_catalog.text;
  CREATE OPERATOR ${schema}.= (LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text, FUNCTION = pg_catalog.texteq);
`;

const cases: readonly (readonly [TestEngine, string])[] = [
  ...withRoles.map((engine) => [engine, 'public'] as const),
  ...server.flatMap((engine) =>
    (['An odd.schema', 'order'] as const).map((schema) => [engine, schema] as const),
  ),
];

describe.each(cases.map(([engine, schema]) => ({ engine, schema, name: engine.name })))(
  'a function or a type that is called like one of the server, on $name in the schema $schema',
  ({ engine, schema }) => {
    it('is named in every place in which the server prints an expression', async () => {
      const system = asSystem(folder.url);
      const place = await engine.place();
      const url = new URL(place.url);
      if (schema !== 'public') {
        const first = await openEngine({ url: place.url });
        await first.asOwner((owner) => owner.run(`CREATE SCHEMA "${schema}"`));
        await first.close();
        url.searchParams.set('schema', schema);
      }
      const opened = await openEngine({ url: schema === 'public' ? place.url : url.href });
      try {
        await up(opened, system);
        const run = (...sql: readonly string[]) =>
          opened.asOwner((owner) => owner.atomically(() => owner.script(sql.join(';\n'))));
        await run('CREATE SCHEMA tools', decoys('tools'), decoys(`"${schema}"`));
        const before = await drift(opened, system);
        expect(before.filter((line) => places.some(({ part }) => line.includes(part)))).toEqual([]);
        const drops = places.map(({ drop }) => drop);
        for (const other of ['tools', `"${schema}"`]) {
          await run(...drops.toReversed(), ...places.map(({ make }) => make(namesOf(other))));
          const lines = await drift(opened, system);
          const silent = places.filter(({ part }) => !lines.some((line) => line.includes(part)));
          expect(silent.map(({ part }) => `${part} with ${other}`)).toEqual([]);
          await run(...drops.toReversed(), ...places.map(({ make }) => make(ofServer)));
        }
        expect(await drift(opened, system)).toEqual(before);
      } finally {
        await opened.close();
        await place.remove();
      }
    });
  },
);
