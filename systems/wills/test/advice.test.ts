import { adviceIn, adviceRules, holdBackAdvice, queryEvents } from '@ashlar/wills';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { fresh, type OpenWills, openWills } from './support.js';

describe('the filter of legal advice', () => {
  it.each(adviceRules.flatMap((rule) => rule.examples.map((example) => [rule.id, example] as const)))(
    'has a rule %s that holds back: %s',
    (id, example) => {
      expect(adviceIn(example).map(({ rule }) => rule)).toContain(id);
    },
  );

  it.each([
    'YOU   SHOULD\nleave it to her.',
    'You\u00a0should leave it to her.',
    'You sho\u00aduld leave it to her.',
    'You \u200bshould leave it to her.',
    'Ｙｏｕ ｓｈｏｕｌｄ leave it to her.',
    'You *should* leave it to her.',
  ])('holds back another spelling: %j', (text) => {
    expect(adviceIn(text)).toMatchObject([{ rule: 'tells-what-to-do' }]);
  });

  it.each([
    'I leave the residue of my estate to my wife.',
    'A testamentary trust holds what a minor inherits.',
    'Please ask an attorney.',
    'What is the name of your executor?',
  ])('releases: %s', (text) => {
    expect(adviceIn(text)).toEqual([]);
  });

  // what the README says of it
  it('is a filter of words and no lawyer: advice in other words passes, and harmless words are held back', () => {
    expect(adviceIn('Smart people put the house into a trust.')).toEqual([]);
    expect(adviceIn('You should see the form on page two.')).toHaveLength(1);
  });

  it('takes time that grows with the text, and not faster', () => {
    for (const piece of ['you ', 'i would ', 'the court ', "' ", 'your will is ', '\u200b'])
      expect(adviceIn(piece.repeat(Math.floor(100_000 / piece.length))).length).toBeLessThan(3);
  });
});

describe.each(engines)('what the filter holds back on $name', (engine) => {
  let open: OpenWills;
  beforeAll(async () => {
    open = await openWills(engine);
  });
  afterAll(() => open.remove());

  it('is logged, each hit with its rule, and without the text', async () => {
    const actor = fresh('assistant');
    const subject_id = fresh('person');
    const text = 'You should disinherit Thandi. The court will uphold it.';
    const result = await open.db.session({ actor }, (s) => holdBackAdvice(s, { text, subject_id }));
    expect(result).toMatchObject({
      released: false,
      hits: [
        { rule: 'tells-what-to-do', words: 'you should' },
        { rule: 'predicts-the-law', words: 'the court will' },
      ],
    });
    expect(result).not.toHaveProperty('text');
    const { events } = await open.db.read((s) => queryEvents(s, { user_id: actor }));
    expect(
      events.map(({ event_type, details }) => [event_type, details.rule, details.subject_id]).sort(),
    ).toEqual([
      ['advice.held', 'predicts-the-law', subject_id],
      ['advice.held', 'tells-what-to-do', subject_id],
    ]);
    expect(JSON.stringify(events)).not.toContain('Thandi');
  });

  it('depends on rules that are data', async () => {
    const actor = fresh('assistant');
    const rules = [{ id: 'house', pattern: '\\bpiano\\b', reason: 'r', examples: ['a piano'] }];
    const held = await open.db.session({ actor }, (s) => holdBackAdvice(s, { text: 'My PIANO.', rules }));
    expect(held).toMatchObject({ released: false, hits: [{ rule: 'house' }] });
    const text = 'You should leave it.';
    expect(await open.db.session({ actor }, (s) => holdBackAdvice(s, { text, rules }))).toEqual({
      released: true,
      text,
    });
    const { events } = await open.db.read((s) => queryEvents(s, { user_id: actor }));
    expect(events).toHaveLength(1);
    for (const wrong of [{ rules: [] }, { rules: [{ id: 'X' }] }, { text: 'x'.repeat(100_001) }])
      await expect(
        open.db.session((s) => holdBackAdvice(s, { text, ...wrong } as Parameters<typeof holdBackAdvice>[1])),
      ).rejects.toMatchObject({ code: 'input-invalid' });
  });
});
