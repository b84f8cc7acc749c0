import { AshlarError } from 'ashlar';
import Mustache from 'mustache';
import { z } from 'zod';
import { objectSchema, type TemplateToken, templateProblems } from './template-variables.js';

type Values = Readonly<Record<string, unknown>>;

const invalid = (what: string, problems: readonly string[], suggestion: string): AshlarError =>
  new AshlarError('input-invalid', {
    message: `${what}: ${problems[0]}.`,
    detail: problems.length > 1 ? problems.join('\n') : undefined,
    suggestion,
  });

/** Renders plain text instead of HTML, and collects the printed variables that have no value. */
class ClauseWriter extends Mustache.Writer {
  readonly missing = new Set<string>();

  override escapedValue([, name = '']: string[], context: Mustache.Context): string {
    const value: unknown = context.lookup(name);
    if (value === undefined || value === null) this.missing.add(name);
    return String(value);
  }

  override unescapedValue(token: string[], context: Mustache.Context): string {
    return this.escapedValue(token, context);
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

const compileSchema = (code: string, schema: Values): z.ZodType => {
  try {
    // an undeclared variable is usually a misspelling; a separate registry, because two schemas may share an $id
    const closed = { ...schema, additionalProperties: false } as z.core.JSONSchema.JSONSchema;
    return z.fromJSONSchema(closed, { registry: z.registry() });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw invalid(
      `Invalid variables_schema of clause ${code}`,
      [problem],
      'Use JSON Schema without `not`, `if` and references to other documents.',
    );
  }
};

/**
 * Asserts that a clause can be rendered: its template parses, its schema can validate input, and the schema declares
 * each variable of the template with a type that fits its tag.
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
  const problems = templateProblems(tokens, schema);
  if (problems.length > 0) {
    throw invalid(
      `Invalid template of clause ${code}`,
      problems,
      'Declare each variable in variables_schema with its type.',
    );
  }
}

/**
 * Renders the template of a clause with the given variables, as plain text. Values are inserted verbatim: nothing is
 * escaped, and a tag inside a value is not interpreted.
 *
 * @param code - the clause's code, for error messages
 * @param schema - the JSON Schema of `variables`
 * @throws AshlarError `input-invalid`, which names each variable that is missing, unknown or of the wrong type
 */
export function renderTemplate(code: string, template: string, schema: Values, variables: unknown): string {
  const checked = compileSchema(code, schema).safeParse(variables);
  if (!checked.success) {
    const problems = checked.error.issues.flatMap((issue) => variableProblems(issue, variables));
    throw invalid(
      `Invalid variables for clause ${code}`,
      problems,
      'Pass each variable that variables_schema declares.',
    );
  }
  const writer = new ClauseWriter();
  const text = writer.render(template, checked.data);
  if (writer.missing.size > 0) {
    const problems = [...writer.missing].map((name) => `${name} is missing`);
    throw invalid(
      `Invalid variables for clause ${code}`,
      problems,
      'Pass a value, or put an optional variable inside a section: {{#a}}…{{/a}}.',
    );
  }
  return text;
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
