import { AshlarError } from 'ashlar';
import Mustache from 'mustache';
import { z } from 'zod';
import { inexact } from './amounts.js';
import { gapIn, placeholderIn, textGapIn } from './gaps.js';
import { hasDefault, moneyProblems, printableSchema, printableValues } from './printable.js';
import {
  objectSchema,
  requiredSections,
  type TemplateToken,
  templateProblems,
} from './template-variables.js';

type Values = Readonly<Record<string, unknown>>;

const invalid = (what: string, problems: readonly string[], suggestion: string): AshlarError =>
  new AshlarError('input-invalid', {
    message: `${what}: ${problems[0]}.`,
    detail: problems.length > 1 ? problems.join('\n') : undefined,
    suggestion,
  });

/** Renders plain text instead of HTML, and collects what would leave a gap. */
class ClauseWriter extends Mustache.Writer {
  readonly gaps = new Set<string>();
  readonly #required: ReadonlySet<number>;

  /** @param required - where the sections begin whose text must not be left out */
  constructor(required: ReadonlySet<number>) {
    super();
    this.#required = required;
  }

  override escapedValue([, name = '']: string[], context: Mustache.Context): string {
    const value: unknown = context.lookup(name);
    if (value === undefined || value === null) this.gaps.add(`${name} is missing`);
    const gap =
      typeof value === 'string' ? gapIn(value) : typeof value === 'number' ? inexact(value) : undefined;
    if (gap !== undefined) this.gaps.add(`${name} ${gap}`);
    // a value is one line: more lines could be items, or lines to sign on, that no clause has
    return String(value).replaceAll(/\s*[\n\r\v\f\u0085\u2028\u2029]\s*/g, ' ');
  }

  override unescapedValue(token: string[], context: Mustache.Context): string {
    return this.escapedValue(token, context);
  }

  override renderSection(...given: Parameters<Mustache.Writer['renderSection']>): string {
    const [token, context] = given;
    const name = token[1] ?? '';
    const value: unknown = context.lookup(name);
    if (this.#required.has(Number(token[2]))) {
      const isEmpty = Array.isArray(value)
        ? value.length === 0
        : typeof value === 'string' && value.trim() === '';
      if (isEmpty) this.gaps.add(`${name} is empty`);
      if (value === 0) this.gaps.add(`${name} is 0, for which its section is left out`);
    }
    return super.renderSection(...given);
  }
}

const parseTemplate = (code: string, template: string): readonly TemplateToken[] => {
  try {
    return new Mustache.Writer().parse(template);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw invalid(
      `Invalid template of clause ${code}`,
      [problem],
      'Close every tag and every section: {{#a}}…{{/a}}.',
    );
  }
};

/**
 * Compiles the JSON Schema of variables.
 *
 * @param code - the clause's code, for error messages
 * @throws AshlarError `input-invalid`
 */
export function compileSchema(code: string, schema: Values): z.ZodType {
  const amounts = moneyProblems(schema);
  if (amounts.length > 0) {
    throw invalid(
      `Invalid variables_schema of clause ${code}`,
      amounts,
      'Declare an amount as { "type": "string", "format": "money" }, with a currency of two digits if it is not ZAR.',
    );
  }
  try {
    // an undeclared variable is usually a misspelling; a separate registry, because two schemas may share an $id
    const closed = {
      ...(printableSchema(schema) as Values),
      additionalProperties: false,
    } as z.core.JSONSchema.JSONSchema;
    return z.fromJSONSchema(closed, { registry: z.registry() });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw invalid(
      `Invalid variables_schema of clause ${code}`,
      [problem],
      'Use JSON Schema without `not`, `if` and references to other documents.',
    );
  }
}

/**
 * Asserts that a clause can be rendered: its template parses and has no placeholder, its schema can validate input, and
 * the schema declares each variable of the template with a type that fits its tag.
 *
 * @throws AshlarError `input-invalid`
 */
export function assertTemplate(code: string, template: string, schema: Values): void {
  const tokens = parseTemplate(code, template);
  if (!objectSchema(schema)) {
    throw invalid(
      `Invalid variables_schema of clause ${code}`,
      ['the schema must describe an object with properties'],
      'Declare the variables: { type: "object", properties: { heir: { type: "string" } }, required: ["heir"] }.',
    );
  }
  compileSchema(code, schema);
  const placeholder = literalsOf(tokens)
    .map(placeholderIn)
    .find((found) => found !== undefined);
  if (placeholder !== undefined) {
    throw invalid(
      `Invalid template of clause ${code}`,
      [`its text has the placeholder ${placeholder}`],
      'Write a variable as {{name}}, and complete what is still to be filled in.',
    );
  }
  const problems = [
    ...(hasDefault(schema) ? ['a default would print what nobody gave'] : []),
    ...templateProblems(tokens, schema),
  ];
  if (problems.length > 0) {
    throw invalid(
      `Invalid template of clause ${code}`,
      problems,
      'Declare each variable in variables_schema with its type.',
    );
  }
}

// what a section's end says is part of no text
const literalsOf = (tokens: readonly TemplateToken[]): readonly string[] => [
  tokens.flatMap(([kind, text]) => (kind === 'text' ? [text] : ['\n'])).join(''),
  ...tokens.flatMap(([, , , , inner]) => (Array.isArray(inner) ? literalsOf(inner) : [])),
];

/**
 * Checks variables against the JSON Schema that declares them.
 *
 * @param what - what the variables are for, for the message: `clause EXEC-01`
 * @returns the variables
 * @throws AshlarError `input-invalid`, which names each variable that is missing, unknown or of the wrong type
 */
export function checkVariables(what: string, schema: Values, variables: unknown): Values {
  const checked = compileSchema(what, schema).safeParse(variables);
  if (checked.success) return checked.data as Values;
  const problems = checked.error.issues.flatMap((issue) => variableProblems(issue, variables));
  throw invalid(
    `Invalid variables for ${what}`,
    problems,
    'Pass each variable that variables_schema declares.',
  );
}

/**
 * Renders the template of a clause with the given variables, as plain text. Values are inserted verbatim: nothing is
 * escaped, and a tag inside a value is not interpreted. A text that `variables_schema` declares with the format `money` is
 * printed as an amount: `R 1 234,50`.
 *
 * No text is rendered with a gap: a value that is missing, empty or blank, a section of a required list without items or of
 * a required number that is 0, a placeholder such as `{beneficiary}` in the text or in a value, or a number whose digits
 * nobody wrote, such as 0.1 + 0.2. A `default` of the schema is not used. A value is printed on one line.
 *
 * @param code - the clause's code, for error messages
 * @param schema - the JSON Schema of `variables`
 * @throws AshlarError `input-invalid`, which names each variable that is missing, unknown, of the wrong type, or a gap
 */
export function renderTemplate(code: string, template: string, schema: Values, variables: unknown): string {
  const values = printableValues(checkVariables(`clause ${code}`, schema, variables), schema) as Values;
  const tokens = parseTemplate(code, template);
  const writer = new ClauseWriter(requiredSections(tokens, schema));
  const text = writer.render(template, values);
  if (writer.gaps.size > 0) {
    throw invalid(
      `Invalid variables for clause ${code}`,
      [...writer.gaps],
      'Pass a value, or put an optional variable inside a section: {{#a}}…{{/a}}.',
    );
  }
  const problem = textGapIn(text);
  if (problem === undefined) return text;
  // a version that was published before templates were checked
  throw invalid(
    `Clause ${code} cannot be rendered`,
    [`its text ${problem}`],
    'Supersede the clause with a complete text.',
  );
}

const variableProblems = (issue: z.core.$ZodIssue, variables: unknown): string[] => {
  const name = issue.path.join('.');
  const within = name === '' ? '' : ` in ${name}`;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${key} is not a variable${within}`);
  const value = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    variables,
  );
  if (value === undefined && name !== '') return [`${name} is missing`];
  return [name === '' ? issue.message : `${name}: ${issue.message}`];
};
