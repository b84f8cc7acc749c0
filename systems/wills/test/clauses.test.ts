import {
  approvedTextHash,
  type Clause,
  type ClauseChanges,
  clauseHistory,
  currentClauses,
  diffClause,
  publishClause,
  queryEvents,
} from '@ashlar/wills';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { approval, fresh, type OpenWills, openWills, someClause, supersede, superseded } from './support.js';

describe.each(engines)('clauses on $name', (engine) => {
  let open: OpenWills;
  beforeAll(async () => {
    open = await openWills(engine);
  });
  afterAll(() => open.remove());

  const history = (code: string) => open.db.read((s) => clauseHistory(s, code));
  const expectOneChain = (versions: readonly Clause[], length: number) => {
    expect(versions.map((clause) => clause.version)).toEqual(Array.from({ length }, (_, i) => i + 1));
    expect(versions.filter((clause) => clause.is_current).map((clause) => clause.version)).toEqual([length]);
    expect(versions.map((clause) => clause.previous_version_id)).toEqual([
      null,
      ...versions.slice(0, -1).map((clause) => clause.id),
    ]);
  };

  it('publishes the first version', async () => {
    const clause = someClause({ is_required: true, display_order: 7, approval_notes: 'Read twice.' });
    const published = await open.db.session((s) => publishClause(s, clause));
    expect(published).toMatchObject({ ...clause, version: 1, is_current: true, previous_version_id: null });
    expect(await history(clause.code)).toEqual([published]);
  });

  it('refuses to publish a code twice, and the session stays usable', async () => {
    const clause = someClause();
    await open.db.session((s) => publishClause(s, clause));
    await open.db.session(async (s) => {
      await expect(publishClause(s, clause)).rejects.toMatchObject({ code: 'state-conflict' });
      await supersede(s, clause.code);
    });
    expectOneChain(await history(clause.code), 2);
  });

  it('lets one of two concurrent publications succeed', async () => {
    const clause = someClause();
    const publish = () => open.db.session((s) => publishClause(s, clause));
    const outcomes = await Promise.allSettled([publish(), publish()]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find((outcome) => outcome.status === 'rejected')).toMatchObject({
      reason: { code: 'state-conflict' },
    });
  });

  it('supersedes: changes the given fields, keeps the others, and takes a new approval', async () => {
    const clause = someClause({ approval_notes: 'Read twice.', is_required: true });
    const first = await open.db.session((s) => publishClause(s, clause));
    const second = await open.db.session((s) =>
      supersede(s, clause.code, { name: 'Residue of the estate', category: undefined }),
    );
    expect(second).toMatchObject({
      ...clause,
      ...approval,
      name: 'Residue of the estate',
      approved_text_sha256: approvedTextHash(second),
      approval_notes: null,
      version: 2,
      is_current: true,
      previous_version_id: first.id,
    });
    expect(await history(clause.code)).toEqual([superseded(first, second), second]);
  });

  it('keeps versions 1, 2 and 3 of one code with exactly one current', async () => {
    const { code } = await open.db.session((s) => publishClause(s, someClause()));
    await open.db.session((s) => supersede(s, code));
    await open.db.session((s) => supersede(s, code));
    expectOneChain(await history(code), 3);
  });

  it('gives fifty concurrent changes the versions 2 to 51, with one current', async () => {
    const { code } = await open.db.session((s) => publishClause(s, someClause()));
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        open.db.session((s) => supersede(s, code, { name: `Version by ${i}` })),
      ),
    );
    expect(new Set(made.map((clause) => clause.version)).size).toBe(50);
    expectOneChain(await history(code), 51);
  });

  it('refuses to supersede an unknown code', async () => {
    const attempt = open.db.session((s) => supersede(s, fresh('NONE')));
    await expect(attempt).rejects.toMatchObject({ code: 'row-not-found' });
  });

  it.each([
    ['a template that does not parse', { template_text: '{{#heir}} left open' }, 'Unclosed section "heir"'],
    [
      'a variable that is not declared',
      { template_text: '{{heir}} and {{spouse}}' },
      'spouse is not declared',
    ],
    [
      'a schema that cannot validate input',
      { variables_schema: { type: 'object', properties: { heir: { type: 'string', not: { const: 'x' } } } } },
      'not is not supported',
    ],
  ])('refuses %s, on publishing and on superseding', async (_, changes, message) => {
    const expected = { code: 'input-invalid', message: expect.stringContaining(message) };
    await expect(open.db.session((s) => publishClause(s, someClause(changes)))).rejects.toMatchObject(
      expected,
    );
    const { code } = await open.db.session((s) => publishClause(s, someClause()));
    await expect(open.db.session((s) => supersede(s, code, { ...changes }))).rejects.toMatchObject(expected);
    expectOneChain(await history(code), 1);
  });

  it('lists the current clauses by category and will type, in display order', async () => {
    const publish = (code: string, changes: Parameters<typeof someClause>[0]) =>
      open.db.session((s) =>
        publishClause(s, someClause({ code: `${code}-${mark}`, category: 'guardian', ...changes })),
      );
    const mark = fresh('').slice(1, 9);
    await publish('LAST', { display_order: 30, will_types: ['trust', 'joint'] });
    await publish('B', { display_order: 20, will_types: ['joint'] });
    await publish('A', { display_order: 20, will_types: ['basic', 'joint'] });
    await publish('FIRST', { display_order: -1, will_types: ['basic'] });
    await open.db.session((s) => supersede(s, `A-${mark}`, { name: 'A again' }));
    const found = async (wanted: Parameters<typeof currentClauses>[1]) =>
      (await open.db.read((s) => currentClauses(s, wanted))).map((clause) => clause.code.split('-')[0]);
    expect(await found({ category: 'guardian' })).toEqual(['FIRST', 'A', 'B', 'LAST']);
    expect(await found({ category: 'guardian', will_type: 'joint' })).toEqual(['A', 'B', 'LAST']);
    expect(await found({ category: 'guardian', will_type: 'usufruct' })).toEqual([]);
    expect(await found({ category: 'usufruct' })).toEqual([]);
    expect(await found({})).toEqual(expect.arrayContaining(['FIRST', 'A', 'B', 'LAST']));
  });

  it('compares two versions by fields and by text', async () => {
    const { code } = await open.db.session((s) =>
      publishClause(s, someClause({ template_text: 'I leave\neverything\nto {{heir}}.\n' })),
    );
    const changes: Partial<ClauseChanges> = {
      ...approval,
      template_text: 'I leave\nthe residue\nto {{heir}}.\n',
      will_types: ['basic', 'joint'],
    };
    await open.db.session((s) => supersede(s, code, changes));
    const diff = await open.db.read((s) => diffClause(s, code, 1, 2));
    expect(diff.fields).toEqual([
      { field: 'will_types', from: ['basic'], to: ['basic', 'joint'] },
      { field: 'approved_by', from: 'A. Attorney', to: 'B. Attorney' },
      { field: 'approved_at', from: '2026-01-05T08:00:00.000Z', to: '2026-02-05T08:00:00.000Z' },
    ]);
    expect(diff.text.split('\n').slice(1)).toEqual([
      `--- ${code} v1`,
      `+++ ${code} v2`,
      '@@ -1,3 +1,3 @@',
      ' I leave',
      '-everything',
      '+the residue',
      ' to {{heir}}.',
      '',
    ]);
    expect(await open.db.read((s) => diffClause(s, code, 2, 2))).toMatchObject({ fields: [], text: '' });
    await expect(open.db.read((s) => diffClause(s, code, 2, 3))).rejects.toMatchObject({
      code: 'row-not-found',
    });
  });

  it('does not report another order of a schema’s keys as a change', async () => {
    const { code } = await open.db.session((s) => publishClause(s, someClause()));
    const variables_schema = { required: ['heir'], properties: { heir: { type: 'string' } }, type: 'object' };
    await open.db.session((s) => supersede(s, code, { variables_schema }));
    const { fields } = await open.db.read((s) => diffClause(s, code, 1, 2));
    expect(fields.map((change) => change.field)).toEqual(['approved_by', 'approved_at']);
  });

  it('records who published and who superseded', async () => {
    const actor = fresh('attorney');
    const { code } = await open.db.session({ actor }, (s) => publishClause(s, someClause()));
    const second = await open.db.session({ actor }, (s) => supersede(s, code));
    const { events } = await open.db.read((s) => queryEvents(s, { user_id: actor }));
    expect(events).toMatchObject([
      { event_type: 'clause.superseded', resource_id: second.id, details: { code, version: 2 } },
      {
        event_type: 'clause.published',
        resource_id: second.previous_version_id,
        details: { code, version: 1 },
      },
    ]);
  });
});
