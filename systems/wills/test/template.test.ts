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
    ['with an inverted section', '{{^heirs}}nobody{{/heirs}}', object({ heirs: people })],
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
    ['the item outside a list', '{{.}}', object({}), /outside a section/],
    ['an empty tag', '{{}}', object({}), /a tag is empty/],
    [
      'what every object inherits',
      '{{constructor}}',
      object({ constructor: text }, []),
      /constructor is not a name/,
    ],
    [
      'a name that is declared in two places',
      '{{#heirs}}{{note}}{{/heirs}}',
      object({ heirs: people, note: text }),
      /note is declared inside the section and around it/,
    ],
    [
      'a required variable without a type',
      'x',
      { type: 'object', properties: {}, required: ['a'] },
      /a is required but not declared/,
    ],
    ['a schema of something else', 'x', { type: 'string' }, /not the schema of an object/],
    ['a schema beyond Zod', '{{a}}', object({ a: { ...text, pattern: '(' } }), /regular expression/],
  ])('for %s', (_, template, schema, message) => {
    expect(() => assertTemplate('X', template, schema)).toThrow(
      expect.objectContaining({ code: 'input-invalid', message: expect.stringMatching(message) }),
    );
  });

  it('naming every problem', () => {
    const refusal = expect.objectContaining({ detail: 'b is not declared\nc is not declared' });
    expect(() => assertTemplate('X', '{{a}} {{b}} {{c}} {{b}}', object({ a: text }))).toThrow(refusal);
  });
});

describe('rendering', () => {
  const render = (template: string, schema: Record<string, unknown>, variables: unknown) => {
    assertTemplate('X', template, schema);
    return renderTemplate('X', template, schema, variables);
  };
  const refusal = (message: string | RegExp) =>
    expect.objectContaining({ code: 'input-invalid', message: expect.stringMatching(message) });

  it('escapes nothing and reads no tag in a value', () => {
    const schema = object({ heir: text, n: { type: 'integer' }, sure: { type: 'boolean' } });
    const variables = { heir: 'O’Brien & <Sons> "{{n}}"', n: 1_000_000, sure: true };
    expect(render('{{heir}}|{{{heir}}}|{{n}}|{{sure}}', schema, variables)).toBe(
      `${variables.heir}|${variables.heir}|1000000|true`,
    );
  });

  it('repeats, leaves out and switches', () => {
    const template =
      '{{#heirs}}- {{name}}{{#note}} ({{note}}){{/note}}\n{{/heirs}}{{^heirs}}nobody{{/heirs}}';
    expect(
      render(template, object({ heirs: people }), { heirs: [{ name: 'A', note: 'son' }, { name: 'B' }] }),
    ).toBe('- A (son)\n- B\n');
    expect(render(template, object({ heirs: people }), { heirs: [] })).toBe('nobody');
  });

  it('leaves no gap where an optional variable has no value', () => {
    const schema = object({ heir: text, other: { type: ['string', 'null'] } }, ['heir']);
    expect(() => render('{{heir}} or {{other}}', schema, { heir: 'A' })).toThrow(refusal(/other is missing/));
    expect(() => render('{{heir}} or {{other}}', schema, { heir: 'A', other: null })).toThrow(
      refusal(/other is missing/),
    );
  });

  it('names a variable inside a list by its path', () => {
    const template = '{{#heirs}}{{name}}{{/heirs}}';
    expect(() => render(template, object({ heirs: people }), { heirs: [{ name: 'A' }, {}] })).toThrow(
      refusal(/heirs\.1\.name is missing/),
    );
  });

  it('checks two schemas that share an $id', () => {
    const schema = { ...object({ a: text }), $id: 'https://example.org/clause', id: 'same' };
    expect([render('{{a}}', schema, { a: 'x' }), render('{{a}}', schema, { a: 'y' })]).toEqual(['x', 'y']);
  });

  it.each([[null], [undefined], ['text'], [[]]])('refuses %j for the variables', (variables) => {
    expect(() => render('x', object({}), variables)).toThrow(refusal(/The variables of X/));
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

  it('gives the template with its values put in, whatever they are', () => {
    fc.assert(
      fc.property(given, ({ template, schema, variables, text: expected }) => {
        expect(render(template, schema, variables)).toBe(expected);
      }),
    );
  });

  it('names any variable that is missing, unknown or of the wrong type', () => {
    fc.assert(
      fc.property(given, ({ keys, template, schema, variables }) => {
        const [key = ''] = keys;
        const { [key]: _, ...less } = variables;
        expect(() => render(template, schema, less)).toThrow(refusal(`: ${key} is missing`));
        expect(() => render(template, schema, { ...variables, unasked: 'x' })).toThrow(
          refusal('unasked is not a variable'),
        );
        expect(() => render(template, schema, { ...variables, [key]: 5 })).toThrow(
          refusal(`: ${key}: .*string`),
        );
      }),
    );
  });
});
