import { id, type System, system, table } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { audited, auditTrail, scoped } from 'ashlar/guarantees';
import { drift, maintain, newStep, status, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { checkRoles } from 'ashlar/roles';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { server } from '../../../../test/support/engines.js';
import { chooseSystems } from '../../src/cli/systems.js';
import { withProvenSchemas } from '../../src/migrations/catalogue/with-steps.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { everyFolder } from '../prove/every-folder.js';
import { asSystem } from '../prove/every-guarantee.js';
import { type InitialisedDatabase, initialise } from '../prove/support.js';

let folder: Folder;
let crmFolder: Folder;

const calls = auditTrail('calls', (c) => [scoped(c.scope)]);
const contacts = table('contacts', { id: id(), tenant: z.uuid(), name: z.string() }, (c) => [
  scoped(c.tenant),
  audited({ into: calls }),
]);
const crm = (): System =>
  system('crm', { tables: { calls, contacts }, migrations: crmFolder.url }) as unknown as System;

beforeAll(async () => {
  [folder, crmFolder] = [await everyFolder(), await makeFolder()];
  await newStep(crm(), crmFolder.url, 'initial');
});
afterAll(async () => {
  await folder.remove();
  await crmFolder.remove();
});

const findings = async (engine: Engine, of: System): Promise<string> => {
  const roles = await checkRoles(engine, await withProvenSchemas(engine, of));
  return [...(await drift(engine, of)), ...roles].join('\n');
};

describe.each(server)('systems of one project in one database, on $name', (tested) => {
  let first: InitialisedDatabase;
  const others: Engine[] = [];
  const inSchema = async (schema: string, of: System): Promise<Engine> => {
    await first.run(`CREATE SCHEMA "${schema}"`);
    const url = new URL(first.place.url);
    url.searchParams.set('schema', schema);
    const engine = await openEngine({ url: url.href });
    await up(engine, of);
    await maintain(engine, Object.values(of.tables), new Date());
    others.push(engine);
    return engine;
  };
  let every: System;
  let beside: System;
  let another: Engine;
  beforeAll(async () => {
    [every, beside] = chooseSystems([], { systems: [asSystem(folder.url), crm()] }) as [System, System];
    first = await initialise(tested, asSystem(folder.url));
    another = await inSchema('An odd.crm', crm());
  });
  afterAll(async () => {
    for (const each of others) await each.close();
    await first.close();
  });
  const undone = async (sql: readonly string[], undo: readonly string[], work: () => Promise<void>) => {
    for (const each of sql) await first.run(each);
    try {
      await work();
    } finally {
      for (const each of undo) await first.run(each);
    }
  };

  it('have no finding in the schema of each', async () => {
    expect(failuresOf(await prove(first.engine, every))).toEqual([]);
    expect(failuresOf(await prove(another, beside))).toEqual([]);
    expect((await status(first.engine, every)).problems).toEqual([]);
  });

  it('are findings for a project that does not declare the other', async () => {
    expect(await findings(first.engine, asSystem(folder.url))).toMatch(
      /may call "An odd\.crm"\.ashlar_context/,
    );
  });

  it.each([
    [
      'a function more',
      [
        `CREATE FUNCTION "An odd.crm".run(s text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE s; END'`,
      ],
      ['DROP FUNCTION "An odd.crm".run(text)'],
      /may call "An odd\.crm"\.run\(s text\)/,
    ],
    [
      'a function that differs',
      ['ALTER FUNCTION "An odd.crm".ashlar_context(name) VOLATILE'],
      ['ALTER FUNCTION "An odd.crm".ashlar_context(name) STABLE'],
      /may call "An odd\.crm"\.ashlar_context/,
    ],
    [
      'a step that no folder has',
      ['DELETE FROM "An odd.crm".ashlar_migrations WHERE system = \'crm\''],
      [],
      /may call "An odd\.crm"\.ashlar_context/,
    ],
  ])('with %s in the other schema it is a finding', async (_, sql, undo, line) => {
    const rows = (await first.run(
      `SELECT system, step, checksum, applied_at::text, applied_by, duration_ms FROM "An odd.crm".ashlar_migrations`,
    )) as readonly Record<string, string>[];
    const restore = rows.map(
      (row) =>
        `INSERT INTO "An odd.crm".ashlar_migrations (system, step, checksum, applied_at, applied_by, duration_ms) VALUES (${Object.values(
          row,
        )
          .map((value) => `'${value}'`)
          .join(', ')}) ON CONFLICT DO NOTHING`,
    );
    await undone(sql, [...undo, ...restore], async () => {
      expect(await findings(first.engine, every)).toMatch(line);
    });
    expect(await findings(first.engine, every)).toBe('');
  });

  it('have no finding where one of them is in two schemas', async () => {
    const second = await inSchema('second', asSystem(folder.url));
    expect(await findings(first.engine, every)).toBe('');
    expect(await findings(second, every)).toBe('');
    expect(await findings(another, beside)).toBe('');
  });

  it('accept in a schema that they share what their steps make, and nothing else', async () => {
    await up(first.engine, crm());
    expect(await findings(first.engine, every)).toBe('');
    expect(await findings(first.engine, beside)).toBe('');
    expect(failuresOf(await prove(first.engine, every))).toEqual([]);
    expect(await findings(first.engine, asSystem(folder.url))).toMatch(/contacts: the trigger/);
    const trigger = `CREATE FUNCTION hush() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END'`;
    await undone(
      [trigger, 'CREATE TRIGGER hushing BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION hush()'],
      ['DROP FUNCTION hush() CASCADE'],
      async () => {
        expect(await findings(first.engine, every)).toMatch(/the function hush is made by no step/);
      },
    );
    await undone(
      ['CREATE INDEX by_hand ON visits_default (path)', 'CREATE POLICY open ON visits_default USING (true)'],
      ['DROP INDEX by_hand', 'DROP POLICY open ON visits_default'],
      async () => {
        expect(await findings(first.engine, every)).toMatch(
          /visits_default: the policy open is made by no step/,
        );
      },
    );
  });
});
