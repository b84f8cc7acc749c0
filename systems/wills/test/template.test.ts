import fc from 'fast-check';
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

  it('prints amounts of money exactly, whatever their size', () => {
    const money = { type: 'string', format: 'money' };
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
