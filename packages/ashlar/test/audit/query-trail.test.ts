import { setTimeout } from 'node:timers/promises';
import { type Database, id, primaryKey, table } from 'ashlar';
import { queryTrail, type TrailChange, type TrailQuery } from 'ashlar/audit';
import { audited, auditTrail, scoped } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { mergePages } from '../../src/audit/query-trail.js';

const changes = auditTrail('changes', (c) => [scoped(c.scope)]);
const tagChanges = auditTrail('tag_changes');
const clauses = table(
  'clauses',
  { id: id(), client: z.string(), body: z.string(), pin: z.string().nullable() },
  (c) => [scoped(c.client), audited({ into: changes, except: c.pin })],
);
const tags = table('tags', { clause: z.uuid(), number: z.int() }, (c) => [
  primaryKey(c.clause, c.number),
  audited({ into: tagChanges }),
]);
const tables = { changes, tagChanges, clauses, tags };
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

describe.each(engines)('an audit trail on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  const query = (of: TrailQuery = {}) => queryTrail(db.engine, db.system, of);
  const operations = async (of: TrailQuery): Promise<readonly string[]> =>
    (await query(of)).changes.map(({ table: name, operation }) => `${operation} ${name}`);

  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
    const [ann, bob] = [
      { actor: 'ann', scope: 'a' },
      { actor: 'bob', scope: 'b' },
    ];
    // SQLite records milliseconds: two trails have no common order within one
    const tick = () => setTimeout(3);
    await db.session(ann, (s) => s.insert(clauses, { id: uuid(1), client: 'a', body: 'old', pin: null }));
    await tick();
    await db.session(ann, (s) => s.update(clauses, uuid(1), { body: 'new', pin: '1234' }));
    await tick();
    await db.session(bob, (s) => s.insert(clauses, { id: uuid(2), client: 'b', body: 'x', pin: null }));
    await tick();
    await db.session(bob, (s) => s.insert(tags, { clause: uuid(2), number: 7 }));
    await tick();
    await db.session(bob, (s) => s.delete(clauses, uuid(2)));
  });
  afterAll(() => remove());

  it('is read across scopes and trails, the newest change first', async () => {
    const { changes: all, next } = await query();
    expect(next).toBeNull();
    expect(all).toMatchObject([
      { operation: 'delete', actor: 'bob', scope: 'b', before: { body: 'x' }, after: null, unseen: [] },
      { operation: 'insert', table: 'tags', trail: 'tag_changes', row_key: { clause: uuid(2), number: 7 } },
      { operation: 'insert', actor: 'bob', before: null, after: { body: 'x', client: 'b' } },
      { operation: 'update', before: { body: 'old' }, after: { body: 'new' }, unseen: ['pin'] },
      {
        system: 'testing',
        trail: 'changes',
        table: 'clauses',
        operation: 'insert',
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
        row_key: { id: uuid(1) },
      },
    ]);
    expect(JSON.stringify(all)).not.toContain('1234');
  });

  it('is restricted by table, row, actor and time', async () => {
    expect(await operations({ table: 'tags' })).toEqual(['insert tags']);
    expect(await operations({ table: 'clauses', row: { id: uuid(2) } })).toEqual([
      'delete clauses',
      'insert clauses',
    ]);
    expect(await operations({ table: 'clauses', row: uuid(2) })).toHaveLength(2);
    expect(await operations({ table: 'tags', row: { clause: uuid(2), number: '7' } })).toHaveLength(1);
    expect(await operations({ table: 'tags', row: { number: 7, clause: uuid(2) } })).toHaveLength(1);
    expect(await operations({ table: 'tags', row: { clause: uuid(2), number: '8' } })).toEqual([]);
    expect(await operations({ actor: 'ann' })).toEqual(['update clauses', 'insert clauses']);
    const [newest] = (await query()).changes;
    expect(await operations({ since: newest?.at })).toContain('delete clauses');
    expect(await operations({ until: newest?.at })).not.toContain('delete clauses');
    const moment = new Date(newest?.at ?? '');
    expect(await operations({ since: new Date(moment.getTime() + 1) })).toEqual([]);
    expect(await operations({ until: new Date(moment.getTime() + 1) })).toHaveLength(5);
    expect(await operations({ since: '2000-01-01', until: '2100-01-01T00:00:00+02:00' })).toHaveLength(5);
    expect(await operations({ since: '2100-01-01T00:00:00.000000Z' })).toEqual([]);
  });

  it.each([1, 2, 3, 5, 6])('is read in pages of %i: each change once, in order', async (limit) => {
    const seen: TrailChange[] = [];
    let after: string | undefined;
    do {
      const page = await query({ limit, after });
      expect(page.changes.length).toBeLessThanOrEqual(limit);
      seen.push(...page.changes);
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(seen).toEqual((await query()).changes);
  });

  it.each<TrailQuery>([
    { limit: 0 },
    { limit: 1.5 },
    { limit: 1_001 },
    { after: 'here' },
    { table: 'nothing' },
    { table: 'changes' },
    { row: uuid(1) },
    { table: 'tags', row: uuid(2) },
    { table: 'tags', row: { clause: uuid(2) } },
    { table: 'tags', row: { clause: uuid(2), number: 7, body: 'x' } },
    { table: 'clauses', row: { client: 'a' } },
    { since: 'yesterday' },
    { until: '2026-02-30' },
    { since: new Date(Number.NaN) },
  ])('refuses %j', async (of) => {
    await expect(query(of)).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('pages of several systems', () => {
  const change = (system: string, at: string): TrailChange => ({
    ...{ system, trail: 'changes', id: 1, at, actor: null, scope: null, role: 'session', table: 't' },
    ...{ operation: 'insert', row_key: {}, before: null, after: {}, unseen: [] },
  });

  it('become one page, which has a next one where any of them has', () => {
    const [a, b, c] = [change('a', '2026-01-03'), change('b', '2026-01-02'), change('a', '2026-01-01')];
    const pages = [
      { changes: [a, c], next: null },
      { changes: [b], next: null },
    ];
    expect(mergePages(pages, 3)).toEqual({ changes: [a, b, c], next: null });
    expect(mergePages(pages, 2)).toEqual({ changes: [a, b], next: '2026-01-02,b/changes,1' });
    expect(mergePages([{ changes: [a], next: 'x' }], 1).next).toBe('2026-01-03,a/changes,1');
  });
});
