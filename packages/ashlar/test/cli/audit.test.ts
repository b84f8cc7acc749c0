import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, id, system, table } from 'ashlar';
import { audited, auditTrail, scoped } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Place, server } from '../../../../test/support/engines.js';
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
  await db.session(of('\u001b[31meve\u001b[0m\nann', 'c'), (s) =>
    s.insert(clauses, { id: uuid(3), client: 'c', body: 'one\u001b[2J\u0007\u202etwo', pin: null }),
  );
  await db.close();
};

const pageOf = ({ document }: { document: unknown }): TrailPage => document as TrailPage;

describe('ashlar audit', () => {
  let project: Project;
  const env = { DATABASE_URL: 'sqlite:office.db' };
  const audit = (...args: string[]) => project.json(['audit', ...args], env);

  beforeAll(async () => {
    project = await makeProject();
    await project.configure(scopedTrail);
    await mkdir(join(project.folder, 'migrations'));
    expect(await project.ashlar(['migrate', 'new', 'initial'])).toMatchObject({ code: 0 });
    expect(await audit()).toMatchObject({ code: 3, document: { error: { code: 'database-missing' } } });
    expect(await project.ashlar(['up', '--no-prove'], env)).toMatchObject({ code: 0 });
    await work({ url: `sqlite:${join(project.folder, 'office.db')}` });
  }, 240_000);
  afterAll(() => project.remove());

  test('shows who changed what, when, and from what to what', async () => {
    const { stdout } = await project.ashlar(['audit', '--actor', 'ann'], env);
    expect(stdout).toMatch(
      /^\S+Z {2}ann \(\w+\) updated clauses \S+0001 · scope a\n {4}body {2}old → new\n/m,
    );
    expect(stdout).toContain('    changed columns whose values the trail does not record: pin\n');
    expect(stdout).not.toMatch(/bob|1234/);
  });

  test('shows control characters of an actor and of values as escapes', async () => {
    const { stdout } = await project.ashlar(['audit', '--row', uuid(3), '--table', 'clauses'], env);
    expect(stdout).toContain(String.raw`\u001b[31meve\u001b[0m\u000aann (`);
    expect(stdout).toContain(String.raw`one\u001b[2J\u0007\u202etwo`);
  });

  test('takes its options, and pages as data', async () => {
    const since = ['--since', '2000-01-01', '--until', '2100-01-01T00:00:00+02:00'];
    const page = pageOf(await audit('--table', 'clauses', '--row', uuid(2), '--limit', '1', ...since));
    expect(page).toMatchObject({ changes: [{ operation: 'delete' }], next: expect.any(String) });
    expect(
      pageOf(await audit('--table', 'clauses', '--row', uuid(2), '--after', page.next ?? '')),
    ).toMatchObject({
      changes: [{ operation: 'insert' }],
      next: null,
    });
    expect(await audit('--table', 'tags', '--row', JSON.stringify([uuid(1), 'x']))).toMatchObject({
      document: { changes: [], next: null },
    });
  });
});

describe('ashlar audit, with wrong usage', () => {
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
      expect(pageOf(await project.json(['audit'], by)).changes).toHaveLength(5);
    await place.remove();
    for (const user of [app, auditor]) await user.drop();
    await project.remove();
  }, 240_000);
});
