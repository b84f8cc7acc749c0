import { cp } from 'node:fs/promises';
import { up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withRoles } from '../../../../test/support/engines.js';
import { loosely } from '../../src/engines/postgres/catalogue/loosely.js';
import { printing } from '../../src/engines/postgres/catalogue/printing.js';
import { asPrintedBy } from '../../src/migrations/catalogue/printed.js';
import { compareWithSteps, comparisonOf } from '../../src/migrations/catalogue/with-steps.js';
import { lineOf } from '../../src/migrations/catalogue/words.js';
import { packageVersion } from '../../src/migrations/foundation.js';
import { readHistory } from '../../src/migrations/history.js';
import { stateOfSteps } from '../../src/migrations/shadow.js';
import { readSteps } from '../../src/migrations/steps.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { everyFolder } from '../prove/every-folder.js';
import { asSystem } from '../prove/every-guarantee.js';
import { type InitialisedDatabase, initialise, systems } from '../prove/support.js';

let folder: Folder;
beforeAll(async () => {
  folder = await everyFolder();
});
afterAll(() => folder.remove());

/** Compares a database as one of another major version than that of the shadow. */
const comparedAsOther = async ({ engine, system }: InitialisedDatabase) => {
  const compared = await compareWithSteps(engine, system);
  if (!compared) throw new Error('The database is not initialised.');
  const { dialect } = engine;
  const steps = await readSteps(system.migrations, dialect.name);
  const version = packageVersion(dialect);
  const { found } = compared;
  const made = await stateOfSteps(dialect, steps, version);
  // the shadow of another version than the test's server has is one in any case
  const other = { ...made, catalogue: { ...made.catalogue, major: 'another' } };
  const history = await engine.asOwner((owner) => readHistory(owner, dialect));
  const { expected, loose } = await asPrintedBy(engine, { steps, version, expected: other, found });
  const of = { dialect, system, history, found };
  return {
    loose,
    expected,
    lines: comparisonOf({ ...of, expected }).differences.map((each) => lineOf(each)),
    ofText: comparisonOf({ ...of, expected: other }).differences.map((each) => lineOf(each)),
  };
};

const withDatabase = async (
  engine: (typeof withRoles)[number],
  system: InitialisedDatabase['system'],
  work: (database: InitialisedDatabase) => Promise<void>,
): Promise<void> => {
  const database = await initialise(engine, system);
  try {
    await work(database);
  } finally {
    await database.close();
  }
};

describe.each(withRoles)('a server of another major version, as $name', (engine) => {
  it.each([...systems.map(({ name }) => name), 'every guarantee'])(
    'prints what the steps of %s make of an empty schema, and leaves nothing there',
    (name) =>
      withDatabase(
        engine,
        systems.find((each) => each.name === name)?.system ?? asSystem(folder.url),
        async (database) => {
          const { loose, lines, ofText, expected } = await comparedAsOther(database);
          expect(loose).toBeUndefined();
          expect(lines).toEqual([]);
          // nor is there a difference where the texts are compared loosely
          expect(ofText).toEqual([]);
          expect(expected.catalogue.schema).toMatch(/^ashlar_scratch_/);
          expect(await database.run("SELECT FROM pg_namespace WHERE nspname LIKE 'ashlar%'")).toEqual([]);
        },
      ),
  );

  it('finds there what the shadow finds', () =>
    withDatabase(engine, asSystem(folder.url), async (database) => {
      await database.run('CREATE SCHEMA tools');
      await database.run(
        "CREATE FUNCTION tools.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT pg_catalog.now()'",
      );
      await database.run('ALTER TABLE letters ALTER at SET DEFAULT tools.now()');
      await database.run('CREATE PUBLICATION mirror FOR TABLE letters');
      const { lines, ofText } = await comparedAsOther(database);
      for (const found of [lines, ofText])
        expect(found.join('\n')).toMatch(
          /letters: the column at differs: .*depends on is tools\.now\(\)[\s\S]*publication mirror/,
        );
    }));

  it('is not believed where an event trigger changes what the steps make', () =>
    withDatabase(engine, asSystem(folder.url), async (database) => {
      // a release that is new on the server has nothing in the cache
      const own = await makeFolder();
      await cp(folder.path, own.path, { recursive: true });
      await own.step('0002_own', 'CREATE TABLE apart (id integer)');
      const system = asSystem(own.url);
      await up(database.engine, system);
      await database.run(`CREATE FUNCTION planted() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        IF current_schema() LIKE 'ashlar_scratch%' AND to_regclass('apart') IS NOT NULL AND to_regprocedure('planted_too()') IS NULL THEN
          CREATE FUNCTION planted_too() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
        END IF; END $$`);
      await database.run('CREATE EVENT TRIGGER planting ON ddl_command_end EXECUTE FUNCTION planted()');
      const { loose, lines } = await comparedAsOther({ ...database, system });
      expect(loose).toMatch(/has event triggers, and there the function planted_too is made by no step/);
      expect(lines.join()).toContain('the event trigger planting');
      await own.remove();
    }));

  it.each([
    ['CREATE INDEX CONCURRENTLY letters_by_body ON letters (body)', undefined, true],
    ['ALTER TABLE public.letters ADD COLUMN more integer', /reaches beyond its schema/, false],
    [
      "DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'public.' || 'letters ADD COLUMN more integer'; END $$",
      /reaches beyond its schema/,
      false,
    ],
    ['CREATE PUBLICATION everything FOR ALL TABLES', /reaches beyond its schema/, false],
  ] as const)('a step of its own: %s', async (sql, reason, isAlone) => {
    const own = await everyFolder();
    await own.step('0002_own', `${isAlone ? '-- ashlar: no-transaction\n' : ''}${sql};`);
    try {
      await withDatabase(engine, asSystem(own.url), async (database) => {
        const { loose, lines } = await comparedAsOther(database);
        if (reason) expect(loose).toMatch(reason);
        else expect(loose).toBeUndefined();
        expect(lines).toEqual([]);
      });
    } finally {
      await own.remove();
    }
  });
});

describe('texts that are compared loosely', () => {
  it.each([
    ['FROM ashlar_context(CURRENT_USER)', 'FROM tools.ashlar_context(CURRENT_USER)'],
    ['EXECUTE FUNCTION public.t()', 'EXECUTE FUNCTION tools.t()'],
    ['now()', 'tools.now()'],
    ['SELECT id FROM public.clients', 'SELECT id FROM tools.clients'],
    ['SELECT clients.id FROM public.clients', 'SELECT clients.id FROM clients.clients'],
    ['((a AND (b OR c)))', '((a AND b) OR c)'],
    ['((a + b) * c)', '(a + (b * c))'],
    ['(x <= 1.5)', '(x <= 99.5)'],
    ["(x = 'in review'::text)", "(x = 'inreview'::text)"],
    ["(x = 'ashlar.scope'::text)", "(x = 'evil.scope'::text)"],
    ["(x = 'y'::text) AND NOT deleted", "(x = 'y'::text)"],
    ["('x'::text)", "('x'::public.text)"],
    ["nextval('public.a'::regclass)", "nextval('public.b'::regclass)"],
    ["nextval('public.a'::regclass)", "nextval('public.a')"],
    ['f(x)', 'x'],
    ['(x)::text', '(x)::bytea'],
  ])('%s is not %s', (one, other) => {
    expect(loosely(one)).not.toBe(loosely(other));
  });

  it.each([
    ["(x = 'y'::text)", "(x = 'y')"],
    ["(x = ANY ('{1,2}'::integer[]))", "(x = ANY ('{1,2}'))"],
    ["('2020-01-01'::timestamp(3) with time zone)", "'2020-01-01'"],
    ['((x > 1))', '(x > 1)'],
    ['SELECT clients.id FROM public.clients', 'SELECT id FROM public.clients'],
    ['SELECT c.id FROM public.clients c', 'SELECT id FROM public.clients c'],
  ])('%s is %s', (one, other) => {
    expect(loosely(one)).toBe(loosely(other));
  });
});

describe('texts of another schema', () => {
  const inSchema = (text: string, qualifier: string): string | undefined =>
    printing.inSchema(
      {
        major: '18',
        schema: 'public',
        qualifier: 'public',
        parts: [{ kind: 'x', name: 'x', facts: { default: text } }],
      },
      { schema: 'any', qualifier },
    ).parts[0]?.facts.default;

  it.each([
    ['SELECT shop.id FROM public.shop', 'shop', 'SELECT shop.id FROM shop.shop'],
    ["nextval('public.a_id_seq'::regclass)", '"An odd"', `nextval('"An odd".a_id_seq'::regclass)`],
    [`nextval('public."It''s"'::regclass)`, 'shop', `nextval('shop."It''s"'::regclass)`],
    ["f('public.a'::text)", 'shop', "f('public.a'::text)"],
    ['"public.".x', 'shop', '"public.".x'],
    ['a.public.b', 'shop', 'a.public.b'],
    ["'public'::regnamespace", 'shop', "'shop'::regnamespace"],
    ['x OPERATOR(public.=) y', 'shop', 'x OPERATOR(shop.=) y'],
  ])('%s in %s is %s', (text, qualifier, now) => {
    expect(inSchema(text, qualifier)).toBe(now);
  });

  it('have the form that a dump and a restore leave', () => {
    const made =
      "((status)::text = ANY ((ARRAY['a'::character varying, 'it''s'::character varying])::text[]))";
    const dumped =
      "((status)::text = ANY (ARRAY[('a'::character varying)::text, ('it''s'::character varying)::text]))";
    expect(printing.restored(made)).toBe(dumped);
    expect(printing.restored(dumped)).toBe(dumped);
  });
});
