import { adviceIn, adviceRules, filterAdvice, holdBackAdvice, queryEvents } from '@ashlar/wills';
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

  // templates of sentences, each with every form of its verb
  const sentences: Readonly<Record<string, readonly string[]>> = {
    'tells-what-to-do': [
      ...[
        'should',
        'shouldn’t',
        'should not',
        'must',
        'mustn’t',
        'must never',
        'ought to',
        'need to',
        'needn’t',
      ],
      ...['had better', 'have to', 'really should', 'should really', 'definitely must', 'better'],
    ]
      .map((verb) => `You ${verb} sign it.`)
      .concat([
        'You’d better sign it.',
        'I’d recommend a trust.',
        'I strongly advise it.',
        'It’s best to sign.',
      ]),
    'predicts-the-law': [
      '’ll',
      ' will',
      ' won’t',
      ' would',
      ' would not',
      ' can’t',
      ' cannot',
      ' will probably',
    ].flatMap((verb) => [`You${verb} inherit everything.`, `They${verb} succeed.`]),
    'states-entitlement': [
      ' are',
      '’re',
      ' are not',
      '’re not',
      ' aren’t',
      ' are always',
      ' are legally',
    ].map((verb) => `You${verb} entitled to half.`),
    'judges-validity': [' is', '’s', ' isn’t', ' is not', ' is clearly', ' would be', ' won’t be'].map(
      (verb) => `This will${verb} valid.`,
    ),
  };
  it.each(Object.entries(sentences))('holds back what %s in any form of its verb', (id, forms) => {
    const passed = forms.filter((form) => !adviceIn(form).some(({ rule }) => rule === id));
    expect(passed).toEqual([]);
  });

  // what a reader reads as the same words
  const spellings: readonly ((words: string) => string)[] = [
    (words) => words.toUpperCase(),
    (words) => words.replaceAll(' ', ' \n\t '),
    (words) => words.replaceAll(' ', '\u00a0'),
    (words) => words.replaceAll(' ', ', '),
    (words) => words.replaceAll(' ', '-'),
    (words) => words.replaceAll(' ', ' — '),
    (words) => words.replaceAll(' ', ' … '),
    (words) => words.replaceAll(' ', '&nbsp;'),
    (words) => words.replaceAll(' ', '<br>'),
    (words) => words.replaceAll('’', "'"),
    (words) => words.replace(/(\p{L}+) (\p{L}+)/u, '$1 <b class="x">$2</b>'),
    (words) => words.replace(/ ([\p{L}’]+)/u, ' **$1**'),
    (words) => words.replace(/ ([\p{L}’]+)/u, ' “$1”'),
    (words) => words.replace(/(\p{L})(\p{L})/u, (_, a, b) => `${a}&#${b.codePointAt(0)};`),
    (words) => [...words].map((letter) => (/[a-z]/i.test(letter) ? `${letter}\u0301` : letter)).join(''),
    (words) =>
      words.replace(/[!-~]/g, (letter) => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0)),
    ...['\u00ad', '\u200b', '\u034f', '\u3164', '\ufe0f', '\u{e0041}'].map(
      (unseen) => (words: string) => words.replace(/(\p{L})(\p{L})/gu, `$1${unseen}$2`),
    ),
    (words) => words.replaceAll('o', 'о').replaceAll('e', 'е').replaceAll('a', 'а').replaceAll('i', 'і'),
    (words) => words.replaceAll('o', 'ο').replaceAll('u', 'υ').replaceAll('Y', 'Υ'),
  ];
  it.each(spellings.map((spelling) => [spelling('You should leave.'), spelling] as const))(
    'holds back another spelling: %j',
    (_, spelling) => {
      const forms = Object.values(sentences).flat();
      const passed = forms.filter((form) => adviceIn(spelling(form)).length === 0).map(spelling);
      expect(passed).toEqual([]);
    },
  );

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
    for (const piece of [
      'you ',
      'not ',
      'you not ',
      '<',
      '<b',
      '&#1',
      '&a',
      'i would ',
      'the court ',
      "' ",
      'your will is ',
      '\u200b',
    ])
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

  it('is logged also when the caller throws afterwards, where the filter has a session of its own', async () => {
    const text = 'You should sign it.';
    const [inside, outside] = [fresh('assistant'), fresh('assistant')];
    const throwing = open.db.session({ actor: inside }, async (s) => {
      await holdBackAdvice(s, { text });
      throw new Error('held');
    });
    await expect(throwing).rejects.toThrow('held');
    await filterAdvice(open.db, { actor: outside }, { text });
    const events = async (user_id: string) =>
      (await open.db.read((s) => queryEvents(s, { user_id }))).events.length;
    expect([await events(inside), await events(outside)]).toEqual([0, 1]);
    const nested = open.db.session(() => filterAdvice(open.db, {}, { text }));
    await expect(nested).rejects.toMatchObject({ code: 'usage' });
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
    const broken = rules.map((rule) => ({ ...rule, pattern: '(' }));
    expect(() => adviceIn(text, broken)).toThrow(expect.objectContaining({ code: 'input-invalid' }));
    for (const wrong of [
      { rules: broken },
      { rules: [] },
      { rules: [{ id: 'X' }] },
      { text: 'x'.repeat(100_001) },
    ])
      await expect(
        open.db.session((s) => holdBackAdvice(s, { text, ...wrong } as Parameters<typeof holdBackAdvice>[1])),
      ).rejects.toMatchObject({ code: 'input-invalid' });
  });
});
