import { AshlarError } from 'ashlar';
import Mustache from 'mustache';
import { z } from 'zod';
import { scopeOf, type TemplateToken, templateProblems } from './template-scope.js';

type Values = Readonly<Record<string, unknown>>;

const refused = (what: string, problems: readonly string[], suggestion: string): AshlarError =>
  new AshlarError('input-invalid', {
    message: `${what}: ${problems[0]}.`,
    detail: problems.length > 1 ? problems.join('\n') : undefined,
    suggestion,
  });

/** Renders plain text, not HTML, and remembers which variables had no value when they were to be printed. */
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
    throw refused(`The template of ${code}`, [problem], 'Close every tag and every section: {{#a}}…{{/a}}.');
  }
};

const compileSchema = (code: string, schema: Values): z.ZodType => {
  try {
    // a variable nobody asked for is a misspelt one; a registry of its own, or two schemas with one $id would clash
    const closed = { ...schema, additionalProperties: false } as z.core.JSONSchema.JSONSchema;
    return z.fromJSONSchema(closed, { registry: z.registry() });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw refused(
      `The variables schema of ${code}`,
      [problem],
      'Use JSON Schema without not, if and $ref to elsewhere.',
    );
  }
};

/**
 * Checks that a clause can be rendered: its template parses, each variable in it is declared with a type that can stand
 * there, and its schema is one that input can be checked against.
 *
 * @throws AshlarError `input-invalid`
 */
export const assertTemplate = (code: string, template: string, schema: Values): void => {
  const tokens = parseTemplate(code, template);
  if (!scopeOf(schema)) {
    throw refused(
      `The variables schema of ${code}`,
      ['it is not the schema of an object with properties'],
      'Declare the variables: { type: "object", properties: { heir: { type: "string" } }, required: ["heir"] }.',
    );
  }
  compileSchema(code, schema);
  const problems = templateProblems(tokens, schema);
  if (problems.length > 0) {
    throw refused(
      `The template of ${code}`,
      problems,
      'Declare each variable in variables_schema, with its type.',
    );
  }
};

/**
 * The text of a template with its variables filled in, as they are: nothing is escaped, and a value that contains a tag
 * stays as it is.
 *
 * @throws AshlarError `input-invalid`, naming each variable that is missing, unknown or of the wrong type
 */
export const renderTemplate = (
  code: string,
  template: string,
  schema: Values,
  variables: unknown,
): string => {
  const checked = compileSchema(code, schema).safeParse(variables);
  if (!checked.success) {
    const problems = checked.error.issues.flatMap((issue) => variableProblems(issue, variables));
    throw refused(`The variables of ${code}`, problems, 'Give each variable that variables_schema declares.');
  }
  const writer = new ClauseWriter();
  const text = writer.render(template, checked.data);
  if (writer.missing.size > 0) {
    const problems = [...writer.missing].map((name) => `${name} is missing`);
    throw refused(`The variables of ${code}`, problems, 'The text would have had a gap there.');
  }
  return text;
};

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
