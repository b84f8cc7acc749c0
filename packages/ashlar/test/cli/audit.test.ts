import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, id, system, table } from 'ashlar';
import { audited, auditTrail, scoped } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, type Place, server } from '../../../../test/support/engines.js';
import { makeUser } from '../../../../test/support/users.js';
import type { TrailPage } from '../../src/audit/query-trail.js';
import { makeProject, type Project } from './cli.js';

const guarantees = new URL('../../dist/guarantees/index.js', import.meta.url).href;
const config = (trail: string, clauses: string) => `
  import { audited, auditTrail, scoped } from '${guarantees}';
  const { primaryKey } = ashlar;
  const changes = auditTrail('changes'${trail});
  const clauses = table('clauses', { id: id(), client: z.string(), body: z.string(), pin: z.string().nullable() },
    (c) => [${clauses}audited({ into: changes, except: c.pin })]);
  const tags = table('tags', { clause: z.uuid(), tag: z.string() }, (c) => [primaryKey(c.clause, c.tag), audited({ into: changes, acrossScopes: true })]);
  export default { systems: [system('office', { tables: { changes, clauses, tags }, migrations: new URL('migrations/', import.meta.url) })] };`;
const scopedTrail = config(', (c) => [scoped(c.scope)]', 'scoped(c.client), ');

const changes = auditTrail('changes', (c) => [scoped(c.scope)]);
const clauses = table(
  'clauses',
  { id: id(), client: z.string(), body: z.string(), pin: z.string().nullable() },
  (c) => [scoped(c.client), audited({ into: changes, except: c.pin })],
);
const office = system('office', { tables: { changes, clauses }, migrations: new URL('file:///none/') });
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

/** Ann inserts a clause and updates it, then Bob inserts one and deletes it, each for a client. */
const work = async (place: Pick<Place, 'url' | 'key'>) => {
  const db = await connect(office, { url: place.url, key: place.key });
  const of = (actor: string, scope: string) => ({ actor, scope });
  await db.session(of('ann', 'a'), (s) =>
    s.insert(clauses, { id: uuid(1), client: 'a', body: 'old', pin: null }),
  );
  await db.session(of('ann', 'a'), (s) => s.update(clauses, uuid(1), { body: 'new', pin: '1234' }));
  await db.session(of('bob', 'b'), (s) =>
    s.insert(clauses, { id: uuid(2), client: 'b', body: 'x', pin: null }),
  );
  await db.session(of('bob', 'b'), (s) => s.delete(clauses, uuid(2)));
  await db.close();
};

const pageOf = ({ document }: { document: unknown }): TrailPage => document as TrailPage;

// the command line runs in a process of its own, which a database in memory would not outlive
describe.each(engines.filter(({ name }) => name !== 'pglite'))('ashlar audit on $name', (engine) => {
  let project: Project;
  let place: Place;
  let env: NodeJS.Dict<string>;
  const audit = (...args: string[]) => project.json(['audit', ...args], env);
  const operationsOf = async (...args: string[]) =>
    pageOf(await audit(...args)).changes.map(({ operation }) => operation);

  beforeAll(async () => {
    [project, place] = [await makeProject(), await engine.place()];
    env = { DATABASE_URL: place.url, DATABASE_KEY: place.key };
    await project.configure(scopedTrail);
    await mkdir(join(project.folder, 'migrations'));
    expect(await project.ashlar(['migrate', 'new', 'initial'])).toMatchObject({ code: 0 });
    expect(await audit()).toMatchObject({ code: engine.name === 'postgres' ? 1 : 3 });
    expect(await project.ashlar(['up', '--no-prove'], env)).toMatchObject({ code: 0 });
    await work(place);
  }, 240_000);
  afterAll(async () => {
    await project.remove();
    await place.remove();
  });

  test('shows the changes of every scope, the newest first, as data and for people', async () => {
    const page = pageOf(await audit());
    expect(page.next).toBeNull();
    expect(page.changes).toMatchObject([
      { operation: 'delete', actor: 'bob', scope: 'b', before: { body: 'x' }, after: null, unseen: [] },
      { operation: 'insert', actor: 'bob', before: null, after: { body: 'x', client: 'b' } },
      { operation: 'update', before: { body: 'old' }, after: { body: 'new' }, unseen: ['pin'] },
      {
        system: 'office',
        trail: 'changes',
        table: 'clauses',
        operation: 'insert',
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
        row_key: { id: uuid(1) },
      },
    ]);
    const { stdout } = await project.ashlar(['audit', '--actor', 'ann'], env);
    expect(stdout).toMatch(
      /^\S+Z {2}ann \(\w+\) updated clauses \S+0001 · scope a\n {4}body {2}old → new\n/m,
    );
    expect(stdout).toContain('    changed, and kept out of the trail: pin\n');
    expect(stdout).not.toMatch(/bob|1234/);
  });

  test('chooses by table, row, actor and time', async () => {
    expect(await operationsOf('--table', 'clauses', '--row', uuid(2))).toEqual(['delete', 'insert']);
    expect(await operationsOf('--table', 'tags', '--row', JSON.stringify([uuid(1), 'x']))).toEqual([]);
    expect(await operationsOf('--actor', 'ann')).toEqual(['update', 'insert']);
    expect(await operationsOf('--since', '2100-01-01')).toEqual([]);
    expect(await operationsOf('--until', '2000-01-01T00:00:00+02:00')).toEqual([]);
    expect(await operationsOf('--since', '2000-01-01', '--until', '2100-01-01')).toHaveLength(4);
    const [newest] = pageOf(await audit()).changes;
    expect(await operationsOf('--since', newest?.at ?? '')).toContain('delete');
    expect(await operationsOf('--until', newest?.at ?? '')).not.toContain('delete');
  });

  test('pages: each change once, in order', async () => {
    const all = pageOf(await audit()).changes;
    const seen: unknown[] = [];
    let next: string | null = null;
    for (let pages = 0; pages < 4; pages++) {
      const page = pageOf(await audit('--limit', '1', ...(next === null ? [] : ['--after', next])));
      expect(page.changes).toHaveLength(1);
      seen.push(...page.changes);
      next = page.next;
    }
    expect(next).toBeNull();
    expect(seen).toEqual(all);
  });
});

describe('ashlar audit, asked wrongly', () => {
  let project: Project;
  beforeAll(async () => {
    project = await makeProject();
    await project.configure(scopedTrail);
  });
  afterAll(() => project.remove());

  // exit 2 and not 3: each is refused before a database is opened
  const audit = (...args: string[]) => project.json(['audit', ...args, '--url', 'sqlite:none.db']);

  test.each([
    ['a time that is none', ['--since', 'yesterday']],
    ['a day that does not exist', ['--since', '2026-02-30']],
    ['an unknown table', ['--table', 'nothing']],
    ['a row without its table', ['--row', uuid(1)]],
    ['a row with too few columns', ['--table', 'tags', '--row', uuid(1)]],
    ['too many changes', ['--limit', '1001']],
    ['a cursor that is none', ['--after', 'here']],
  ])('exits 2 for %s', async (_, args) => {
    expect(await audit(...args)).toMatchObject({ code: 2, document: { error: { code: 'usage' } } });
  });

  test('says how to declare an audit trail where no system has one', async () => {
    await project.configure(
      `export default { systems: [system('bare', { tables: {}, migrations: new URL('migrations/', import.meta.url) })] };`,
    );
    expect(await audit()).toMatchObject({
      code: 2,
      document: { error: { code: 'usage', suggestion: expect.stringContaining('auditTrail(') } },
    });
  });
});

describe.each(server)('ashlar audit with users of a server', (engine) => {
  test('reads as the owner or as the auditor', async () => {
    const project = await makeProject();
    const place = await engine.place();
    const [app, auditor] = [await makeUser('app'), await makeUser('auditor')];
    await project.configure(scopedTrail);
    await mkdir(join(project.folder, 'migrations'));
    await project.ashlar(['migrate', 'new', 'initial']);
    const env = {
      DATABASE_URL: app.at(place),
      DATABASE_MIGRATE_URL: place.url,
      DATABASE_AUDITOR_ROLE: auditor.name,
    };
    expect(await project.ashlar(['up', '--no-prove'], env)).toMatchObject({ code: 0 });
    await work({ url: app.at(place) });
    for (const by of [env, { DATABASE_URL: auditor.at(place) }])
      expect(pageOf(await project.json(['audit'], by)).changes).toHaveLength(4);
    await place.remove();
    for (const user of [app, auditor]) await user.drop();
    await project.remove();
  }, 240_000);
});
