import {
  type Approval,
  type ApprovedText,
  approvedTextHash,
  clauseHistory,
  clauses,
  publishClause,
  queryEvents,
  sampleClauses,
  supersedeClause,
} from '@ashlar/wills';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { checkApproval } from '../src/approval.js';
import { fresh, type OpenWills, openWills, someClause, supersede } from './support.js';

const now = '2026-11-27T20:00:00.000Z';
const given = { approved_by: 'A. Attorney', approved_at: '2026-01-05T08:00:00Z' };
const approved: ApprovedText = {
  name: 'Residue',
  template_text: 'All to {{heir}}.',
  variables_schema: {
    type: 'object',
    properties: { heir: { type: 'string', maxLength: 9 } },
    required: ['heir'],
  },
};
const check = (changes: Partial<Approval>, text = approved) =>
  checkApproval({ ...given, approved_text_sha256: approvedTextHash(text), ...changes }, text, now);

describe('an approval', () => {
  it.each([
    ['2026-01-05T08:00:00.000Z', '2026-01-05T08:00:00.000Z'],
    ['2026-01-05T10:00:00+02:00', '2026-01-05T08:00:00.000Z'],
    ['2026-01-05T10:00+0200', '2026-01-05T08:00:00.000Z'],
    ['2026-01-05T10:00+02', '2026-01-05T08:00:00.000Z'],
    ['2026-01-04T22:00:00-10:00', '2026-01-05T08:00:00.000Z'],
    ['20260105T080000Z', '2026-01-05T08:00:00.000Z'],
    ['20260105T100000+0200', '2026-01-05T08:00:00.000Z'],
    ['2026-W02-1T08:00Z', '2026-01-05T08:00:00.000Z'],
    ['2026-005T08:00Z', '2026-01-05T08:00:00.000Z'],
    ['2026-01-05T08:00:00,25Z', '2026-01-05T08:00:00.250Z'],
    ['2026-01-05T08:00:00.123456789Z', '2026-01-05T08:00:00.123Z'],
    ['2026-01-05t08:00:00z', '2026-01-05T08:00:00.000Z'],
    ['2026-01-05 08:00:00Z', '2026-01-05T08:00:00.000Z'],
    // without an offset: South African time
    ['2026-01-05T10:00', '2026-01-05T08:00:00.000Z'],
    ['2026-01-05', '2026-01-04T22:00:00.000Z'],
    ['20260105', '2026-01-04T22:00:00.000Z'],
    [now, now],
  ])('at %s is stored as %s', (approved_at, stored) => {
    expect(check({ approved_at })).toMatchObject({ approved_at: stored });
  });

  it.each([
    '',
    ' ',
    'yesterday',
    '2026',
    '2026-01',
    '2026-13-01',
    '2026-02-30',
    '05/01/2026',
    '2026-01-05T25:00Z',
    // times alone, a week, and years of other lengths
    '12:30',
    '12:30Z',
    'T12:30',
    '09',
    '0930',
    '09:30:15+02:00',
    '2026-W10',
    '2026W10',
    '+002026-01-05',
    '+012000-01-01',
    '-000001-01-01',
    '+012000-W01-1',
  ])('at %j is refused: it names no day', (approved_at) => {
    expect(() => check({ approved_at })).toThrow(expect.objectContaining({ code: 'input-invalid' }));
  });

  it.each([
    '2099-01-01',
    '2026-11-27T20:00:00.001Z',
    '2026-11-28',
    '2026-11-27T23:00+02:00',
    '9999-12-31T00:00Z',
  ])('at %s is refused: it is in the future', (approved_at) => {
    expect(() => check({ approved_at })).toThrow(
      expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining('in the future') }),
    );
  });

  it.each(['', ' ', '\u00a0\t', '—', '[NAME]', '{attorney}'])(
    'by %j is refused: nobody gave it',
    (approved_by) => {
      expect(() => check({ approved_by })).toThrow(expect.objectContaining({ code: 'input-invalid' }));
      expect(() => check({ approval_notes: approved_by })).toThrow(
        expect.objectContaining({ code: 'input-invalid' }),
      );
    },
  );

  it('names the heading, the text and the variables by their hash, and is refused for any other', () => {
    const hash = approvedTextHash(approved);
    expect(check({})).toMatchObject({ approved_text_sha256: hash });
    expect(check({ approved_text_sha256: hash.toUpperCase() })).toMatchObject({ approved_text_sha256: hash });
    // the order of keys is not part of it: PostgreSQL does not keep it
    const { required, properties, type } = approved.variables_schema;
    expect(approvedTextHash({ ...approved, variables_schema: { required, properties, type } as never })).toBe(
      hash,
    );
    const others: readonly Partial<ApprovedText>[] = [
      { name: 'Residue ' },
      { template_text: 'all to {{heir}}.' },
      { template_text: '' },
      { variables_schema: {} },
      { variables_schema: { ...approved.variables_schema, required: [] } },
      {
        variables_schema: {
          type,
          required,
          properties: { heir: { type: 'string', maxLength: 10 } },
        } as never,
      },
      { variables_schema: { type, required, properties: { heir: { maxLength: 9 } } } as never },
    ];
    for (const other of others)
      expect(() => check({ approved_text_sha256: hash }, { ...approved, ...other })).toThrow(
        expect.objectContaining({ message: expect.stringContaining('approved another text') }),
      );
  });

  it.each([undefined, null, '', ' '.repeat(64), 'a'.repeat(63), 'g'.repeat(64)])(
    'of the text %j is refused: it says of which text it is',
    (hash) => {
      expect(() => check({ approved_text_sha256: hash as string })).toThrow(
        expect.objectContaining({ code: 'input-invalid' }),
      );
    },
  );
});

describe.each(engines)('the approval of a clause on $name', (engine) => {
  let open: OpenWills;
  beforeAll(async () => {
    open = await openWills(engine);
  });
  afterAll(() => open.remove());

  it('is stored and recorded with who, when and which text, for the first version and the next', async () => {
    const actor = fresh('attorney');
    const clause = someClause({ approved_at: '2026-01-05T10:00:00+02:00', approved_by: ' A. Attorney ' });
    const { approved_text_sha256 } = await open.db.session({ actor }, (s) => publishClause(s, clause));
    const template_text = 'I leave the rest to {{heir}}.';
    await open.db.session({ actor }, (s) =>
      supersedeClause(s, clause.code, {
        template_text,
        approved_by: 'B. Attorney',
        approved_at: '2026-02-05',
        approved_text_sha256: approvedTextHash({ ...clause, template_text }),
      }),
    );
    const approvals = [
      { approved_by: 'A. Attorney', approved_at: '2026-01-05T08:00:00.000Z', approved_text_sha256 },
      {
        approved_by: 'B. Attorney',
        approved_at: '2026-02-04T22:00:00.000Z',
        approved_text_sha256: approvedTextHash({ ...clause, template_text }),
      },
    ];
    expect(await open.db.read((s) => clauseHistory(s, clause.code))).toMatchObject(approvals);
    const { events } = await open.db.read((s) => queryEvents(s, { user_id: actor }));
    expect(events.map(({ details }) => details).reverse()).toMatchObject(approvals);
  });

  it.each([
    ['in 2099', { approved_at: '2099-01-01T00:00:00.000Z' }],
    ['by nobody', { approved_by: ' ' }],
    ['of another text', { approved_text_sha256: approvedTextHash({ ...approved, name: 'another' }) }],
  ])('%s is refused, on publishing and on superseding', async (_, changes) => {
    const refused = { code: 'input-invalid' };
    const clause = someClause(changes);
    await expect(open.db.session((s) => publishClause(s, clause))).rejects.toMatchObject(refused);
    const { code } = await open.db.session((s) => publishClause(s, someClause()));
    await expect(open.db.session((s) => supersede(s, code, changes))).rejects.toMatchObject(refused);
    expect(await open.db.read((s) => clauseHistory(s, code))).toHaveLength(1);
  });

  it('has a hash in hex, or none, also by other SQL', async () => {
    for (const hash of [' '.repeat(64), 'A'.repeat(64), `${'a'.repeat(63)}\n`])
      await expect(
        open.db.session((s) =>
          s.insert(clauses, { ...someClause({ approved_text_sha256: hash }), version: 1, is_current: true }),
        ),
      ).rejects.toMatchObject({ code: expect.stringMatching(/value-invalid|check-violation/) });
  });
});

it('the sample library says of each clause that no attorney approved it', () => {
  for (const { approved_by } of sampleClauses) expect(approved_by).toContain('not approved by an attorney');
});
