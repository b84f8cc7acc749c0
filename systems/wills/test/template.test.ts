import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { Font } from 'fontkit';
import * as fontkit from 'fontkit';
import { describe, expect, it } from 'vitest';
import { assertTemplate, renderTemplate } from '../src/clause-template.js';
import { gapIn } from '../src/gaps.js';

const object = (properties: Record<string, unknown>, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
});
const text = { type: 'string' };
const people = { type: 'array', items: object({ name: text, note: text }, ['name']) };

describe('a clause’s template is accepted', () => {
  it.each([
    ['without variables', 'I revoke all.', object({})],
    [
      'with text, numbers and choices',
      '{{a}} {{{b}}} {{& c}}',
      object({ a: text, b: { type: 'integer' }, c: { enum: ['x', 'y'] } }),
    ],
    ['with a comment', '{{! why }}x', object({})],
    [
      'with a list of objects',
      '{{#heirs}}{{name}} of {{place}}{{/heirs}}',
      object({ heirs: people, place: text }),
    ],
    ['with a list of texts', '{{#heirs}}{{.}} {{/heirs}}', object({ heirs: { type: 'array', items: text } })],
    ['with a path', '{{testator.name}}', object({ testator: object({ name: text }) })],
    ['with an inverted section', '{{^heirs}}no heirs{{/heirs}}', object({ heirs: people })],
    [
      'with a switch',
      '{{#joint}}We{{/joint}}{{^joint}}I{{/joint}}',
      object({ joint: { type: 'boolean' } }, []),
    ],
    ['with an optional text', '{{#other}}or {{other}}{{/other}}', object({ other: text }, [])],
  ])('%s', (_, template, schema) => {
    expect(() => assertTemplate('X', template, schema)).not.toThrow();
  });
});

describe('a clause’s template is refused', () => {
  it.each([
    ['an open tag', '{{a', object({ a: text }), /Unclosed tag/],
    ['an open section', '{{#a}}', object({ a: text }), /Unclosed section/],
    ['an undeclared variable', '{{b}}', object({ a: text }), /b is not declared/],
    ['an undeclared section', '{{#b}}{{/b}}', object({ a: text }), /b is not declared/],
    [
      'an undeclared name in a section',
      '{{#heirs}}{{age}}{{/heirs}}',
      object({ heirs: people }),
      /age is not declared/,
    ],
    ['a partial', '{{> other}}', object({}), /not available/],
    ['other delimiters', '{{=<% %>=}}', object({}), /not available/],
    ['an object printed', '{{a}}', object({ a: object({}) }), /a is printed, but not declared as text/],
    ['a list printed', '{{a}}', object({ a: people }), /a is printed/],
    ['a variable of any type', '{{a}}', object({ a: {} }), /a is printed/],
    [
      'a section over a list of anything',
      '{{#a}}{{/a}}',
      object({ a: { type: 'array' } }),
      /a cannot open a section/,
    ],
    ['{{.}} outside a section', '{{.}}', object({}), /outside a section/],
    ['an empty tag', '{{}}', object({}), /a tag is empty/],
    [
      'a name of Object.prototype',
      '{{constructor}}',
      object({ constructor: text }, []),
      /constructor cannot be the name/,
    ],
    [
      'a name that is declared in two places',
      '{{#heirs}}{{note}}{{/heirs}}',
      object({ heirs: people, note: text }),
      /note is declared both inside the section and outside it/,
    ],
    [
      'a required variable without a type',
      'x',
      { type: 'object', properties: {}, required: ['a'] },
      /a is required but not declared/,
    ],
    ['a schema of something else', 'x', { type: 'string' }, /the schema must describe an object/],
    ['a schema beyond Zod', '{{a}}', object({ a: { ...text, pattern: '(' } }), /regular expression/],
  ])('for %s', (_, template, schema, message) => {
    expect(() => assertTemplate('X', template, schema)).toThrow(
      expect.objectContaining({ code: 'input-invalid', message: expect.stringMatching(message) }),
    );
  });

  it('with every problem in the detail', () => {
    const expected = expect.objectContaining({ detail: 'b is not declared\nc is not declared' });
    expect(() => assertTemplate('X', '{{a}} {{b}} {{c}} {{b}}', object({ a: text }))).toThrow(expected);
  });
});

describe('rendering', () => {
  const render = (template: string, schema: Record<string, unknown>, variables: unknown) => {
    assertTemplate('X', template, schema);
    return renderTemplate('X', template, schema, variables);
  };
  const invalidInput = (message: string | RegExp) =>
    expect.objectContaining({ code: 'input-invalid', message: expect.stringMatching(message) });

  it('inserts values verbatim', () => {
    const schema = object({ heir: text, n: { type: 'integer' }, sure: { type: 'boolean' } });
    const variables = { heir: 'O’Brien & <Sons> "Ltd"', n: 1_000_000, sure: true };
    expect(render('{{heir}}|{{{heir}}}|{{n}}|{{sure}}', schema, variables)).toBe(
      `${variables.heir}|${variables.heir}|1000000|true`,
    );
  });

  it('repeats, omits and inverts sections', () => {
    const template =
      '{{#heirs}}- {{name}}{{#note}} ({{note}}){{/note}}\n{{/heirs}}{{^heirs}}no heirs{{/heirs}}';
    expect(
      render(template, object({ heirs: people }), { heirs: [{ name: 'A', note: 'son' }, { name: 'B' }] }),
    ).toBe('- A (son)\n- B\n');
    expect(render(template, object({ heirs: people }), { heirs: [] })).toBe('no heirs');
  });

  const gaps: readonly (readonly [string, unknown, RegExp])[] = [
    ['an empty text', '', /heir is blank/],
    ['a blank text', ' \t\u00a0\u200b', /heir is blank|no letter/],
    ['a line to fill in', '_______', /heir has no letter/],
    ['dots', '…', /heir has no letter/],
    ['a placeholder', '{beneficiary}', /placeholder \{beneficiary\}/],
    ['a placeholder of a script', ['$', '{beneficiary}'].join(''), /placeholder/],
    ['a tag', 'Ann {{n}}', /placeholder/],
    ['half of a placeholder', 'Ann}', /placeholder/],
    ['a form to complete', '[NAME OF HEIR]', /placeholder \[NAME OF HEIR\]/],
    ['another form to complete', '<<name>>', /placeholder/],
    ['TBD', 'TBD', /placeholder TBD/],
    ['undefined', 'undefined', /the word undefined/],
    ['null', 'null', /the word null/],
    ['an object', '[object Object]', /the word|placeholder/],
    ['a hidden change of direction', 'Ann \u202eeB\u202c', /not seen/],
    ['a control character', 'Ann\u0007', /not seen/],
    ['a letter that prints nothing', '\u3164', /not seen|no letter/],
    ['a title without a name', 'Mr undefined', /the word undefined/],
    ['a date of a program', 'Invalid Date', /the word Invalid Date/],
    ['an amount of a program', 'RNaN', /the word NaN/],
    ['tbd', 'tbd', /placeholder tbd/],
    ['n/a', ' N/A ', /the word N\/A/],
    ['another form to complete by a person', 'Ann (insert surname)', /placeholder \(insert/],
    ['a form in angle brackets', 'Ann <surname>', /placeholder <surname>/],
    ['brackets of full width', '［NAME］', /placeholder \[NAME\]/],
    ['a label with a line', 'Name: ____', /line to be filled in/],
    ['a label with dots', 'Name: ........', /line to be filled in/],
  ];
  it.each(gaps)('refuses to print %s', (_, heir, message) => {
    expect(() => render('All to {{heir}}.', object({ heir: text }), { heir })).toThrow(invalidInput(message));
    const list = object({ heirs: { type: 'array', items: text } });
    expect(() => render('All to {{#heirs}}{{.}}, {{/heirs}}.', list, { heirs: ['Ann', heir] })).toThrow(
      invalidInput(new RegExp(message.source.replaceAll('heir', '\\.'))),
    );
    const inner = object({ heirs: people });
    expect(() =>
      render('{{#heirs}}{{name}}{{/heirs}}', inner, { heirs: [{ name: 'Ann' }, { name: heir }] }),
    ).toThrow(invalidInput(new RegExp(message.source.replaceAll('heir', 'name'))));
  });

  it('refuses a character that is not seen at any place of a name, whatever it is', () => {
    // what a font draws nothing for, besides spaces: another list of the same kind
    const font = fontkit.create(
      readFileSync(fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSerif.ttf'))),
    );
    const empty = (font as Font).characterSet.filter(
      (code) => (font as Font).glyphForCodePoint(code).path.commands.length === 0,
    );
    const unseen = empty
      .map((code) => String.fromCodePoint(code))
      .filter((each) => !/\p{Zs}|[\n\r\t]/u.test(each));
    const others = [
      '\u00ad',
      '\u034f',
      '\u115f',
      '\u17b4',
      '\u180e',
      '\u200b',
      '\u200e',
      '\u2060',
      '\u2800',
      '\u3164',
    ];
    const more = ['\ufe0f', '\ufeff', '\uffa0', '\ud800', '\u{e0041}', '\u{1d173}', '\u{f0000}', '\uffff'];
    expect(unseen.length).toBeGreaterThan(5);
    const passed = [...unseen, ...others, ...more].filter((each) =>
      [`An${each}n`, `${each}Ann`, `Ann ${each}`, each].some((name) => gapIn(name) === undefined),
    );
    expect(passed.map((each) => each.codePointAt(0)?.toString(16))).toEqual([]);
  });

  it('accepts names and texts of people', () => {
    const names = [
      'Thandi Ṋemutanzhela',
      'Pieter O’Brien & Sons',
      'Ḽuvhengo (my daughter)',
      'Nan Null',
      'D. Na',
    ];
    for (const name of [
      ...names,
      'erf 12, “Rus en Vrede”',
      'N’wa-Mhinga',
      '50% of it',
      'A <Sons> B',
      'No. 5...',
    ])
      expect([name, gapIn(name)]).toEqual([name, undefined]);
  });

  it('refuses a required list without items and a required number of 0, by its name or by a path', () => {
    const lists = { heirs: { type: 'array', items: text }, days: { type: 'integer' } };
    const template = (at: string) =>
      `Legacies: {{#${at}heirs}}{{.}}{{/${at}heirs}}{{#${at}days}} {{${at}days}} days{{/${at}days}} end.`;
    const inner = object({ estate: object(lists) });
    const optional = object({ estate: object(lists) }, []);
    const items = object({ estates: { type: 'array', items: object(lists) } });
    const full = { heirs: ['Ann'], days: 1 };
    for (const [changes, gap] of [
      [{ heirs: [] }, 'heirs is empty'],
      [{ days: 0 }, 'days is 0'],
    ] as const) {
      const given = { ...full, ...changes };
      expect(() => render(template(''), object(lists), given)).toThrow(invalidInput(gap));
      for (const schema of [inner, optional])
        expect(() => render(template('estate.'), schema, { estate: given })).toThrow(
          invalidInput(`estate.${gap}`),
        );
      const each = `{{#estates}}${template('')}{{/estates}}`;
      expect(() => render(each, items, { estates: [full, given] })).toThrow(invalidInput(gap));
      const other = `{{#estate}}${template('')}{{/estate}}`;
      expect(() => render(other, inner, { estate: given })).toThrow(invalidInput(gap));
    }
    expect(render(template('estate.'), inner, { estate: full })).toBe('Legacies: Ann 1 days end.');
    // what is optional may be left out, and what has an inverted section says what then
    const loose = object({ estate: object(lists, []) });
    expect(render(template('estate.'), loose, { estate: { heirs: [] } })).toBe('Legacies:  end.');
    const said = `${template('estate.')}{{^estate.heirs}}none{{/estate.heirs}}`;
    expect(render(said, inner, { estate: { ...full, heirs: [] } })).toBe('Legacies:  1 days end.none');
  });

  it('prints a value on one line, whatever ends of lines it has', () => {
    for (const end of ['\n', '\r\n', '\r', ' \n\n ', '\n- '])
      expect(render('To {{heir}}.', object({ heir: text }), { heir: `Ann${end}Signed` })).toBe(
        `To Ann ${end === '\n- ' ? '- ' : ''}Signed.`,
      );
  });

  it('does not print a default, which nobody gave, and refuses to publish one', () => {
    const schema = object({ what: { ...text, default: 'everything' }, default: text }, ['default']);
    const given = { default: 'Ann' };
    expect(() => renderTemplate('X', 'I give {{what}} to {{default}}.', schema, given)).toThrow(
      invalidInput('what is missing'),
    );
    for (const properties of [
      { a: { ...text, default: 'x' } },
      { a: { type: 'array', items: { ...text, default: 'x' } } },
      { a: { ...object({ b: { ...text, prefault: 'x' } }), default: {} } },
    ])
      expect(() => assertTemplate('X', 'x', object(properties))).toThrow(invalidInput('default'));
    expect(render('To {{default}}.', object({ default: text }), given)).toBe('To Ann.');
  });

  it('refuses a required list without items and a required text that is empty, unless the text says what then', () => {
    const heirs = object({ heirs: { type: 'array', items: text } });
    expect(() => render('I leave all to: {{#heirs}}{{.}} {{/heirs}}', heirs, { heirs: [] })).toThrow(
      invalidInput(/heirs is empty/),
    );
    const one = object({ heir: text });
    expect(() => render('All to {{#heir}}{{heir}}{{/heir}}.', one, { heir: '' })).toThrow(
      invalidInput(/heir is empty/),
    );
    const optional = object({ heir: text }, []);
    expect(render('All to my wife{{#heir}} or {{heir}}{{/heir}}.', optional, {})).toBe('All to my wife.');
  });

  it.each([
    'All to {beneficiary}.',
    'All to { {{heir}} }.',
    'All to [NAME].',
    'All to <<heir>>.',
    'All to «heir».',
    'All to TBD.',
    'All to %s.',
  ])('refuses a template with a placeholder: %s', (template) => {
    expect(() => assertTemplate('X', template, object({ heir: text }, []))).toThrow(
      invalidInput(/its text has the placeholder/),
    );
    // a version that was published before templates were checked
    expect(() => renderTemplate('X', template, object({ heir: text }), { heir: 'Ann' })).toThrow(
      invalidInput(/Clause X cannot be rendered: its text has the placeholder/),
    );
  });

  const money = { type: 'string', format: 'money' };
  const unprintable: readonly (readonly [string, unknown])[] = [
    ['without a type', { format: 'money' }],
    ['as a number', { type: 'number', format: 'money' }],
    ['as text or number', { type: ['string', 'number'], format: 'money' }],
    ['with a pattern of its own', { ...money, pattern: '.*' }],
    ['with choices', { ...money, enum: ['1234.567'] }],
    ['with one value', { ...money, const: '1' }],
    ['in a choice of schemas', { anyOf: [money, { type: 'null' }] }],
    ['in one of schemas', { oneOf: [money] }],
    ['in all of schemas', { allOf: [money] }],
    ['in other properties', { type: 'object', properties: {}, additionalProperties: money }],
    ['in a list of another kind', { type: 'array', prefixItems: [money] }],
    ...['RANDS', 'rand', '', 5, null, 'JPY', 'KWD', 'CLF', 'XAU'].map(
      (currency) => [`in the currency ${currency}`, { ...money, currency }] as const,
    ),
  ];
  it.each(unprintable)('refuses an amount of money that is declared %s', (_, amount) => {
    const schemas = [object({ amount }), object({ legacies: { type: 'array', items: object({ amount }) } })];
    for (const schema of schemas) {
      expect(() => assertTemplate('X', 'x', schema)).toThrow(invalidInput(/money|currency/));
      // a version that was published before
      expect(() => renderTemplate('X', '{{amount}}', schema, { amount: '1234.50' })).toThrow(
        expect.objectContaining({ code: 'input-invalid' }),
      );
    }
  });

  it('prints an amount of money that may be null, and checks it', () => {
    const schema = object({ amount: { ...money, type: ['string', 'null'] } });
    const print = (amount: unknown) => render('{{amount}}', schema, { amount });
    expect(print('1234.50').replaceAll(/\s/gu, ' ')).toBe('R 1 234,50');
    expect(print('0')).toMatch(/0,00/);
    for (const wrong of ['abc', '1234.567', '1,50'])
      expect(() => print(wrong)).toThrow(invalidInput(/amount/));
  });

  it('prints amounts of money exactly, whatever their size', () => {
    const schema = object({ amount: money, dollars: { ...money, currency: 'USD' } }, ['amount']);
    const print = (amount: string) => render('{{amount}}', schema, { amount }).replaceAll(/\s/gu, ' ');
    expect(print('0.30')).toBe('R 0,30');
    expect(print('1234.50')).toBe('R 1 234,50');
    expect(print('7')).toBe('R 7,00');
    expect(print('999999999999999.99')).toBe('R 999 999 999 999 999,99');
    expect(render('{{dollars}}', schema, { amount: '1', dollars: '5.00' })).toMatch(/5,00/);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 17n - 1n }), (cents) => {
        const digits = String(cents).padStart(3, '0');
        const printed = print(`${digits.slice(0, -2)}.${digits.slice(-2)}`);
        expect(printed.replaceAll(/[^0-9]/g, '').replace(/^0+(?=\d{3})/, '')).toBe(digits);
      }),
    );
  });

  it.each([
    '0.1',
    '1,50',
    '-1.00',
    '1e3',
    'R100',
    '',
    ' 1.00',
    '01.00',
    '1.005',
    '0.30000000000000004',
    '1000000000000000',
  ])('refuses %j as an amount of money', (amount) => {
    const schema = object({ amount: { type: 'string', format: 'money' } });
    expect(() => render('{{amount}}', schema, { amount })).toThrow(invalidInput(/amount/));
    expect(() => render('{{amount}}', schema, { amount: Number(amount) })).toThrow(invalidInput(/amount/));
  });

  it.each([0.1 + 0.2, 1e21, 1e-7, 2 ** 53, 1 / 3, 1.1 * 3])(
    'refuses to print %d, whose digits nobody wrote',
    (share) => {
      const schema = object({ share: { type: 'number' } });
      expect(() => render('{{share}} percent', schema, { share })).toThrow(
        invalidInput(/share .*exact|share: /),
      );
      expect(render('{{share}} percent', schema, { share: 33.3 })).toBe('33.3 percent');
    },
  );

  it('refuses to print an optional variable without a value', () => {
    const schema = object({ heir: text, other: { type: ['string', 'null'] } }, ['heir']);
    expect(() => render('{{heir}} or {{other}}', schema, { heir: 'A' })).toThrow(
      invalidInput(/other is missing/),
    );
    expect(() => render('{{heir}} or {{other}}', schema, { heir: 'A', other: null })).toThrow(
      invalidInput(/other is missing/),
    );
  });

  it('names a variable inside a list by its path', () => {
    const template = '{{#heirs}}{{name}}{{/heirs}}';
    expect(() => render(template, object({ heirs: people }), { heirs: [{ name: 'A' }, {}] })).toThrow(
      invalidInput(/heirs\.1\.name is missing/),
    );
  });

  it('checks two schemas that share an $id', () => {
    const schema = { ...object({ a: text }), $id: 'https://example.org/clause', id: 'same' };
    expect([render('{{a}}', schema, { a: 'x' }), render('{{a}}', schema, { a: 'y' })]).toEqual(['x', 'y']);
  });

  it.each([[null], [undefined], ['text'], [[]]])('refuses %j as variables', (variables) => {
    expect(() => render('x', object({}), variables)).toThrow(invalidInput(/Invalid variables for clause X/));
  });

  // any text but one that would be a gap
  const printable = fc
    .string({ unit: 'grapheme' })
    .map((each) => `Ann ${each}`)
    .filter((each) => gapIn(each) === undefined);
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}_v$/), { minLength: 1, maxLength: 5 });
  const filled = names.chain((keys) => fc.tuple(fc.constant(keys), fc.tuple(...keys.map(() => printable))));
  const given = filled.map(([keys, values]) => ({
    keys,
    schema: object(Object.fromEntries(keys.map((key) => [key, text]))),
    variables: Object.fromEntries(keys.map((key, i) => [key, values[i]])),
    template: keys.map((key) => `{{${key}}}`).join(' · '),
    text: values.join(' · '),
  }));

  it('inserts any values into the template', () => {
    fc.assert(
      fc.property(given, ({ template, schema, variables, text: expected }) => {
        expect(render(template, schema, variables)).toBe(expected);
      }),
    );
  });

  it('names each variable that is missing, unknown or of the wrong type', () => {
    fc.assert(
      fc.property(given, ({ keys, template, schema, variables }) => {
        const [key = ''] = keys;
        const { [key]: _, ...less } = variables;
        expect(() => render(template, schema, less)).toThrow(invalidInput(`: ${key} is missing`));
        expect(() => render(template, schema, { ...variables, undeclared: 'x' })).toThrow(
          invalidInput('undeclared is not a variable'),
        );
        expect(() => render(template, schema, { ...variables, [key]: 5 })).toThrow(
          invalidInput(`: ${key}: .*string`),
        );
      }),
    );
  });
});
