import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openEngine } from 'ashlar/extend';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { oneOfEach, type Place } from '../../../../test/support/engines.js';
import { makeProject, type Project } from './cli.js';

const { withRoles } = oneOfEach(import.meta.url);

const dist = (path: string): string => new URL(`../../dist/${path}/index.js`, import.meta.url).href;

const config = `
import { appendOnly, audited, auditTrail } from '${dist('guarantees')}';
import { external, guard, native } from '${dist('guard')}';
import { pathToFileURL } from 'node:url';

const changes = auditTrail('changes');
const orders = external('orders', { id: z.int(), note: native('text').nullable() }, (c) => [ashlar.primaryKey(c.id)]);
const events = external('events', { id: z.int() }, (c) => [ashlar.primaryKey(c.id)]);
const shop = guard('shop', {
  tables: { changes, orders: orders.guarded(() => [audited({ into: changes })]), events: events.guarded(() => [appendOnly()]) },
  migrations: pathToFileURL(process.cwd() + '/guard/'),
});
const plain = table('plain', { id: id() });
const other = system('other', { tables: { plain }, migrations: pathToFileURL(process.cwd() + '/other/') });
export default { systems: process.env.BOTH ? [shop, other] : [shop] };
`;

describe.each(withRoles)('ashlar guard on $name', ({ name, place: makePlace }) => {
  let project: Project;
  let place: Place | undefined;
  let env: NodeJS.Dict<string>;
  const tool = async (sql: string): Promise<void> => {
    const engine = await openEngine({ url: String(env.DATABASE_URL) });
    await engine.asOwner((owner) => owner.script(sql));
    await engine.close();
  };
  beforeEach(async () => {
    project = await makeProject();
    await project.configure(config);
    place = name === 'postgres' ? await makePlace() : undefined;
    env = { DATABASE_URL: place?.url ?? `pglite:${join(project.folder, 'data')}` };
    await tool(
      'CREATE TABLE orders (id int PRIMARY KEY, note text); CREATE TABLE events (id int PRIMARY KEY)',
    );
  });
  afterEach(async () => {
    await project.remove();
    await place?.remove();
  });

  test('puts guarantees on another tool’s tables, finds what its migration removed, and restores it', async () => {
    const ok = async (...args: string[]): Promise<string> => {
      const ended = await project.ashlar(args, env);
      expect({ ...ended, args }).toMatchObject({ code: 0 });
      return ended.stdout;
    };
    expect(await project.json(['guard', 'check'], env)).toMatchObject({
      code: expect.any(Number),
      document: { error: { code: expect.any(String) } },
    });
    await ok('migrate', 'new', 'guard');
    expect(await ok('guard', 'up')).toContain('0001_guard');
    expect(await ok('guard', 'check')).toContain('ok shop');
    expect(await ok('guard', 'up')).toContain('nothing to do');
    await ok('up');
    await ok('status', '--check');
    await ok('prove');
    await ok('migrate', 'check');
    expect(await ok('migrate', 'sql', '--all')).toContain('CREATE SCHEMA IF NOT EXISTS ashlar');

    expect(await project.json(['migrate', 'new', 'more', '--expand'], env)).toMatchObject({
      code: 2,
      document: { error: { code: 'guard-refused' } },
    });
    expect(
      await project.json(
        ['move', '--from', String(env.DATABASE_URL), '--to', `pglite:${project.folder}/other`],
        env,
      ),
    ).toMatchObject({ code: 1, document: { error: { code: 'move-refused' } } });

    await tool('DROP TRIGGER events_append_only_update ON events; INSERT INTO orders VALUES (1, $$a$$)');
    expect(await ok('audit')).toContain('orders');
    const checked = await project.json(['guard', 'check'], env);
    expect(checked).toMatchObject({
      code: 1,
      document: {
        checks: [
          {
            system: 'shop',
            ok: false,
            found: [
              {
                kind: 'object',
                found: expect.stringContaining('events_append_only_update'),
                remedy: 'ashlar guard up',
              },
            ],
          },
        ],
        error: { code: 'guard-broken' },
      },
    });
    const text = await project.ashlar(['guard', 'check'], env);
    expect(text).toMatchObject({ code: 1, stderr: expect.stringContaining('events_append_only_update') });
    expect(await ok('guard', 'up')).toContain('restored events: add trigger events_append_only_update');
    expect(await ok('guard', 'check')).toContain('ok shop');

    await tool('ALTER TABLE orders DISABLE TRIGGER USER; UPDATE orders SET note = $$b$$');
    expect(await project.json(['guard', 'up'], env)).toMatchObject({
      code: 1,
      document: {
        systems: [{ meanwhile: [expect.stringContaining('orders, audited: the row 1')] }],
        error: { code: 'guard-broken' },
      },
    });
    expect(await ok('guard', 'check')).toContain('ok shop');
    expect(await ok('guard', 'up')).toContain('nothing to do');
  });

  // each command is a process, and no engine has a part in it
  if (name === 'postgres') {
    test('names the rows that were changed meanwhile before a step that fails', async () => {
      for (const args of [
        ['migrate', 'new', 'guard'],
        ['guard', 'up', '--no-prove'],
      ])
        expect(await project.ashlar(args, env)).toMatchObject({ code: 0 });
      await tool('INSERT INTO orders VALUES (1, $$a$$)');
      const step = join(project.folder, 'guard', '0002_fails');
      await mkdir(step);
      for (const direction of ['up', 'down'])
        await writeFile(join(step, `${direction}.postgres.sql`), 'SELECT 1 / 0;\n');
      await tool('ALTER TABLE orders DISABLE TRIGGER USER; UPDATE orders SET note = $$c$$');
      const failed = await project.ashlar(['guard', 'up'], env);
      expect(failed.code).not.toBe(0);
      expect(failed.stdout + failed.stderr).toContain(
        'changed while the guard was down orders, audited: the row 1',
      );
    });
  }

  test('beside a system that owns its tables, each command works on each of them', async () => {
    const both = { ...env, BOTH: '1' };
    for (const system of ['shop', 'other'])
      expect(await project.ashlar(['migrate', 'new', 'initial', '--system', system], both)).toMatchObject({
        code: 0,
      });
    for (const args of [
      ['up'],
      ['status', '--check'],
      ['prove'],
      ['guard', 'check'],
      ['guard', 'up'],
      ['roles', 'check'],
    ])
      expect({ args, ...(await project.ashlar(args, both)) }).toMatchObject({ code: 0 });
    expect(await project.json(['key', 'rotate', 'scope'], both)).toMatchObject({ code: 2 });
  });

  test('a project without a guard is told so', async () => {
    await project.configure('export default { systems: [] };');
    expect(await project.json(['guard', 'up'], env)).toMatchObject({
      code: 2,
      document: { error: { code: 'usage' } },
    });
  });
});
