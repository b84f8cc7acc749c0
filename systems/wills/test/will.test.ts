import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  approvedTextHash,
  assembleWill,
  clauses as clausesTable,
  publishClause,
  queryEvents,
  sampleClauses,
  type Will,
  type WillClause,
  type WillRequest,
  willHtml,
  willPdf,
  willTypes,
} from '@ashlar/wills';
import type { Font } from 'fontkit';
import * as fontkit from 'fontkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { approval, fresh, type OpenWills, openWills, someClause, supersede } from './support.js';

const common = {
  testator_name: 'Thandi Ṋemutanzhela',
  testator_id: '8001015009087',
  executor_name: 'Pieter O’Brien',
  heir_name: 'my daughter, Ḽuvhengo',
  first_witness: 'A. van Wyk',
  second_witness: 'B. <Naidoo> & Co',
  place: 'Polokwane',
  date: '2026-11-27',
};
const legacies = [{ beneficiary: 'Anele', gift: 'my piano' }];
const legacies_of_money = [
  { beneficiary: 'Sipho', amount: '1234567.80' },
  { beneficiary: 'Zanele', amount: '5' },
];
const requests: Readonly<Record<(typeof willTypes)[number], WillRequest>> = {
  basic: {
    will_type: 'basic',
    include: ['BEN-01', 'BEN-02'],
    variables: { ...common, legacies, legacies_of_money, survival_days: 30 },
  },
  trust: {
    will_type: 'trust',
    include: ['TRUST-01'],
    variables: { ...common, trust_name: 'Family Trust', trustees: 'P. and Q.', vesting_age: 25 },
  },
  usufruct: {
    will_type: 'usufruct',
    include: ['USUF-01'],
    variables: {
      ...common,
      property: 'erf 12',
      owner_name: 'Sipho',
      usufructuary_name: 'my husband',
      ends_on: 'death',
    },
  },
  joint: { will_type: 'joint', variables: common },
};
const codes: Readonly<Record<(typeof willTypes)[number], string>> = {
  basic: 'REV-01 EXEC-01 BEN-01 BEN-02 RES-01 SIGN-01 WIT-01',
  trust: 'REV-01 EXEC-01 TRUST-01 RES-01 SIGN-01 WIT-01',
  usufruct: 'REV-01 EXEC-01 USUF-01 RES-01 SIGN-01 WIT-01',
  joint: 'REV-01 EXEC-01 RES-01 SIGN-01 WIT-01',
};

/** The hash of a will as its documentation says it is made. */
const hashOf = ({ will_type, clauses }: Pick<Will, 'will_type' | 'clauses'>): string => {
  const parts = clauses.map(({ code, version, name, text, approved_by, approved_at, text_sha256 }) => [
    code,
    version,
    name,
    text,
    approved_by,
    approved_at,
    text_sha256,
  ]);
  return createHash('sha256')
    .update(JSON.stringify([will_type, ...parts]))
    .digest('hex');
};

describe.each(engines)('a whole will on $name', (engine) => {
  let open: OpenWills;
  beforeAll(async () => {
    open = await openWills(engine);
    await open.db.session(async (s) => {
      for (const clause of sampleClauses) await publishClause(s, clause);
    });
  });
  afterAll(() => open.remove());

  const assemble = (request: WillRequest) => open.db.session((s) => assembleWill(s, request));
  const refusal = (request: WillRequest) =>
    assemble(request).then(
      () => undefined,
      (error: unknown) => error,
    );

  it.each(willTypes)(
    'of type %s has its required and included clauses in order, and records their versions',
    async (type) => {
      const actor = fresh('drafter');
      const will = await open.db.session({ actor }, (s) => assembleWill(s, requests[type]));
      expect(will.clauses.map(({ code }) => code).join(' ')).toBe(codes[type]);
      const text = will.clauses.map((clause) => clause.text).join('\n\n');
      expect(text).not.toMatch(/[{}[\]]|undefined|null/);
      expect(will.sha256).toBe(hashOf(will));
      const { events } = await open.db.read((s) => queryEvents(s, { user_id: actor }));
      expect(events).toMatchObject([
        {
          event_type: 'will.assembled',
          resource_id: will.sha256,
          details: {
            will_type: type,
            clauses: will.clauses.map(({ code, version, clause_id, text_sha256 }) => ({
              code,
              version,
              clause_id,
              text_sha256,
              is_text_approved: true,
            })),
          },
        },
      ]);
      // the log says which texts, and nothing of what the will says
      expect(JSON.stringify(events)).not.toMatch(/Thandi|8001015009087|Sipho/);
    },
  );

  it('uses the current version of each clause, and names it', async () => {
    const template_text = 'The whole residue goes to {{heir_name}}.';
    const next = await open.db.session((s) => supersede(s, 'RES-01', { template_text }));
    const { clauses } = await assemble(requests.joint);
    expect(clauses.find(({ code }) => code === 'RES-01')).toMatchObject({
      version: next.version,
      clause_id: next.id,
      approved_by: approval.approved_by,
      text_sha256: approvedTextHash(next),
      is_text_approved: true,
      text: 'The whole residue goes to my daughter, Ḽuvhengo.',
    });
  });

  it('checks the variables of all clauses once, and names every problem', async () => {
    const { heir_name: _, place: __, ...less } = common;
    expect(
      await refusal({ will_type: 'joint', variables: { ...less, testator_id: '12', spouse: 'x' } }),
    ).toMatchObject({
      code: 'input-invalid',
      detail: expect.stringMatching(
        /^(?=.*heir_name is missing)(?=.*place is missing)(?=.*testator_id)(?=.*spouse is not a variable)/s,
      ),
    });
    const blank = { ...common, heir_name: ' ', place: '{place}' };
    expect(await refusal({ will_type: 'joint', variables: blank })).toMatchObject({
      code: 'input-invalid',
      detail: expect.stringMatching(/^(?=.*heir_name is blank)(?=.*place has the placeholder)/s),
    });
  });

  it('needs a clause of each category of its type, and takes only clauses of its type', async () => {
    expect(await refusal({ ...requests.trust, include: [] })).toMatchObject({
      code: 'state-conflict',
      message: expect.stringContaining('none of trust'),
      detail: expect.stringContaining('TRUST-01'),
    });
    expect(await refusal({ ...requests.basic, include: ['USUF-01'] })).toMatchObject({
      code: 'row-not-found',
    });
    expect(await refusal({ ...requests.basic, include: ['NONE-01'] })).toMatchObject({
      code: 'row-not-found',
    });
  });

  it('is refused when two of its clauses declare a variable differently', async () => {
    const changes = {
      category: 'guardian' as const,
      template_text: 'Place: {{place}}.',
      variables_schema: { type: 'object', properties: { place: { type: 'integer' } }, required: ['place'] },
      will_types: ['joint' as const],
    };
    const { code } = await open.db.session((s) => publishClause(s, someClause(changes)));
    expect(await refusal({ ...requests.joint, include: [code] })).toMatchObject({
      code: 'state-conflict',
      message: expect.stringContaining('variable place differently'),
    });
  });

  it.each(['revocation', 'residue', 'witness', 'signature'] as const)(
    'is refused with two clauses of the category %s, which it names',
    async (category) => {
      const changes = { category, will_types: ['joint' as const] };
      const { code } = await open.db.session((s) => publishClause(s, someClause(changes)));
      const first = sampleClauses.find((clause) => clause.category === category)?.code;
      expect(await refusal({ ...requests.joint, include: [code] })).toMatchObject({
        code: 'state-conflict',
        message: expect.stringContaining(category),
        detail: expect.stringMatching(new RegExp(`^(?=.*${code})(?=.*${first})`)),
      });
    },
  );

  it('begins with the revocation and ends with what is signed, whatever the order of the rest', async () => {
    const clauses = await Promise.all(
      [-5, 0, 85, 1_000].map((display_order) =>
        open.db.session((s) =>
          publishClause(s, someClause({ category: 'guardian', will_types: ['joint'], display_order })),
        ),
      ),
    );
    const [first, second, third, last] = clauses.map(({ code }) => code);
    const variables = { ...common, heir: 'Ann' };
    const will = await assemble({ will_type: 'joint', variables, include: clauses.map(({ code }) => code) });
    expect(will.clauses.map(({ code }) => code)).toEqual([
      'REV-01',
      first,
      second,
      'EXEC-01',
      'RES-01',
      third,
      last,
      'SIGN-01',
      'WIT-01',
    ]);
  });

  it('says so of an approval without a text, and is refused with a clause that is not the approved one', async () => {
    const insert = (approved_text_sha256: string | null) =>
      open.db.session((s) =>
        s.insert(clausesTable, {
          ...someClause({ category: 'guardian', will_types: ['joint'] }),
          approved_text_sha256,
          version: 1,
          is_current: true,
        }),
      );
    const variables = { ...common, heir: 'Ann' };
    const { code: early } = await insert(null);
    const will = await assemble({ will_type: 'joint', variables, include: [early] });
    expect(will.clauses.map(({ code, is_text_approved }) => is_text_approved || code)).toContain(early);
    expect(willHtml(will)).toMatch(new RegExp(`${early}.*approval does not say that it is the approved one`));
    const { code: other } = await insert('a'.repeat(64));
    expect(await refusal({ will_type: 'joint', variables, include: [other] })).toMatchObject({
      code: 'state-conflict',
      message: expect.stringContaining(other),
    });
  });
});

const aWill = (texts: readonly string[], name = 'Clause <n> & more'): Will => {
  const clauses = texts.map((text, n) => clauseOf(n, text, name.replace('n', String(n))));
  return {
    will_type: 'basic',
    sha256: hashOf({ will_type: 'basic', clauses }),
    assembled_at: '2026-11-27T20:00:00.000Z',
    clauses,
  };
};
const clauseOf = (n: number, text: string, name: string): Will['clauses'][number] => ({
  clause_id: `id-${n}`,
  code: `C-${n}`,
  version: n + 1,
  name,
  category: 'residue',
  approved_by: 'A. Attorney',
  approved_at: '2026-01-05T08:00:00.000Z',
  text_sha256: 'b'.repeat(64),
  is_text_approved: true,
  text,
});

describe('the page of a will', () => {
  const will = aWill([
    'I leave:\n- to <b>Ann</b>: "my" piano & stool;\n- to Bob: R 5,00;\nThat is all.',
    'Signed.\n\n______________________\nThandi <script>alert(1)</script>, testator',
  ]);

  it('as HTML has every clause in order, lists, lines to sign on, and the versions; and escapes every value', () => {
    const html = willHtml(will);
    expect(html).toMatch(/^<!doctype html>\n<html lang="en-ZA">/);
    expect(html).toContain('<h2>1. Clause &lt;0&gt; &amp; more</h2>');
    expect(html).toContain(
      '<ul>\n<li>to &lt;b&gt;Ann&lt;/b&gt;: &quot;my&quot; piano &amp; stool;</li>\n<li>to Bob: R 5,00;</li>\n</ul>',
    );
    expect(html).toContain('<p class="signature">Thandi &lt;script&gt;alert(1)&lt;/script&gt;, testator</p>');
    expect(html).not.toContain('<script');
    expect(html).toContain('C-1, version 2, approved by A. Attorney on 2026-01-05');
    expect(html.indexOf('Clause &lt;0&gt;')).toBeLessThan(html.indexOf('Clause &lt;1&gt;'));
  });

  it('as PDF has numbered pages, and embeds a font with the letters of the names', async () => {
    const long = aWill(
      Array.from({ length: 60 }, () => 'Ḓakalo Ṋe Ṱhivhi Ḽu Šebola ê ë ô. '.repeat(8).trim()),
    );
    const bytes = Buffer.from(await willPdf(long));
    expect(bytes.subarray(0, 5).toString()).toBe('%PDF-');
    expect(bytes.includes('%%EOF')).toBe(true);
    expect(bytes.includes('/FontFile2')).toBe(true);
    expect(bytes.toString('latin1').match(/\/Type \/Page\b/g)?.length).toBeGreaterThan(3);
    expect(Buffer.from(await willPdf(long)).length).toBe(bytes.length);
  });

  it('as PDF is refused when the font lacks a letter, which would leave a gap', async () => {
    await expect(willPdf(aWill(['All to 王小明.']))).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('王'),
      detail: expect.stringContaining('U+738B'),
    });
  });

  it('as PDF is refused when the font of a heading lacks a letter that the font of texts has', async () => {
    const [text, bold] = ['DejaVuSerif', 'DejaVuSerif-Bold'].map(
      (name) =>
        fontkit.create(
          readFileSync(fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`))),
        ) as Font,
    ) as [Font, Font];
    const letters = text.characterSet
      .filter((code) => !bold.hasGlyphForCodePoint(code))
      .map((code) => String.fromCodePoint(code));
    const letter = letters.find((each) => /\p{L}/u.test(each)) ?? '';
    expect((await willPdf(aWill([letter]))).length).toBeGreaterThan(1_000);
    await expect(willPdf(aWill(['x'], letter))).rejects.toMatchObject({ code: 'input-invalid' });
  });

  it.each([
    ['two lines in a row', '____\n____\nAnn', ['', 'Ann']],
    ['a blank line under the line', '____\n\n  \nAnn\nrest', ['Ann']],
    ['a line at the end', 'x\n____', ['']],
    ['three lines', '____\nA\n____\n\n____\nC', ['A', '', 'C']],
  ])('has what stands under %s to sign on', (_, text, expected) => {
    const labels = [...willHtml(aWill([text])).matchAll(/<p class="signature">(.*?)<\/p>/g)];
    expect(labels.map(([, label]) => label)).toEqual(expected);
  });

  const changed: readonly (readonly [string, (will: Will) => Will])[] = [
    ['a heading', (each) => ({ ...each, clauses: each.clauses.map((clause) => ({ ...clause, name: 'x' })) })],
    [
      'a text',
      (each) => ({ ...each, clauses: each.clauses.map((clause) => ({ ...clause, text: 'All to me.' })) }),
    ],
    [
      'an approval',
      (each) => ({ ...each, clauses: each.clauses.map((clause) => ({ ...clause, approved_by: 'X' })) }),
    ],
    ['the order', (each) => ({ ...each, clauses: each.clauses.toReversed() })],
    ['fewer clauses', (each) => ({ ...each, clauses: each.clauses.slice(1) })],
    ['the type', (each) => ({ ...each, will_type: 'joint' })],
    [
      'two texts that are one when joined',
      (each) => ({
        ...each,
        clauses: [
          { ...each.clauses[0], text: each.clauses.map(({ text }) => text).join('\n\n') } as WillClause,
        ],
      }),
    ],
  ];
  it.each(changed)(
    'is not printed with %s that was changed after the will was assembled',
    async (_, change) => {
      const refused = expect.objectContaining({ code: 'input-invalid' });
      expect(() => willHtml(change(will))).toThrow(refused);
      await expect(willPdf(change(will))).rejects.toEqual(refused);
    },
  );
});
