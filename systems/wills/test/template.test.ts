import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertTemplate, renderTemplate } from '../src/clause-template.js';

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

  it('inserts values verbatim, including tags', () => {
    const schema = object({ heir: text, n: { type: 'integer' }, sure: { type: 'boolean' } });
    const variables = { heir: 'O’Brien & <Sons> "{{n}}"', n: 1_000_000, sure: true };
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

  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}_v$/), { minLength: 1, maxLength: 5 });
  const filled = names.chain((keys) =>
    fc.tuple(fc.constant(keys), fc.tuple(...keys.map(() => fc.string({ unit: 'grapheme' })))),
  );
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
