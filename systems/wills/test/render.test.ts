import { currentClauses, publishClause, renderClause, sampleClauses } from '@ashlar/wills';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { fresh, type OpenWills, openWills, someClause, supersede } from './support.js';

describe.each(engines)('rendering on $name', (engine) => {
  let open: OpenWills;
  beforeAll(async () => {
    open = await openWills(engine);
  });
  afterAll(() => open.remove());

  it('renders the current or the requested version, and returns which', async () => {
    const first = await open.db.session((s) => publishClause(s, someClause()));
    const { code } = first;
    const second = await open.db.session((s) => supersede(s, code, { template_text: 'All to {{heir}}!' }));
    const variables = { heir: 'M. & N. Dlamini' };
    const rendered = await open.db.read(async (s) => [
      await renderClause(s, { code, variables }),
      await renderClause(s, { code, version: 1, variables }),
    ]);
    expect(rendered).toEqual([
      { clause_id: second.id, code, version: 2, text: 'All to M. & N. Dlamini!' },
      { clause_id: first.id, code, version: 1, text: 'I leave everything to M. & N. Dlamini.' },
    ]);
  });

  it('refuses variables that the stored schema refuses, and unknown clauses', async () => {
    const { code } = await open.db.session((s) => publishClause(s, someClause()));
    await expect(open.db.read((s) => renderClause(s, { code, variables: {} }))).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('heir is missing'),
    });
    for (const input of [{ code: fresh('NONE') }, { code, version: 2 }]) {
      const attempt = open.db.read((s) => renderClause(s, { ...input, variables: { heir: 'x' } }));
      await expect(attempt).rejects.toMatchObject({ code: 'row-not-found' });
    }
  });

  it('publishes the sample library in one session, each clause marked as a placeholder', async () => {
    await open.db.session(async (s) => {
      for (const clause of sampleClauses) await publishClause(s, clause);
    });
    const codes = sampleClauses.map((clause) => clause.code);
    const published = (await open.db.read((s) => currentClauses(s))).filter((clause) =>
      codes.includes(clause.code),
    );
    expect(published.map((clause) => clause.code)).toEqual(codes);
    expect(new Set(published.map((clause) => clause.approved_by))).toEqual(
      new Set(['PLACEHOLDER — not approved by an attorney']),
    );
    expect(new Set(published.map((clause) => clause.category)).size).toBe(9);
    const { text } = await open.db.read((s) =>
      renderClause(s, {
        code: 'BEN-01',
        variables: { legacies: [{ beneficiary: 'Thandi', gift: 'my piano' }], survival_days: 30 },
      }),
    );
    expect(text).toBe(
      'I leave the following:\n- to Thandi: my piano;\nA legacy lapses when its beneficiary does not survive me by 30 days.',
    );
  });
});
