import { z } from 'zod';
import { AshlarError } from '../errors.js';
import { type Command, optionName } from '../system/command.js';

/** The part of a JSON Schema that options and help are made from. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** A property of a command's input schema, described as an argument or option of the command line. */
export interface InputProperty {
  /** The name of the property in the schema, for example `maxPrice`. */
  readonly name: string;
  /** The name of the option without the two hyphens, for example `max-price`. */
  readonly option: string;
  readonly kind: 'text' | 'number' | 'boolean' | 'json';
  /** Whether the property is an array, so that the option may be repeated. */
  readonly list: boolean;
  /** The placeholder of the value in the help, for example `number`, `date` or `small|large`. */
  readonly placeholder: string;
  readonly required: boolean;
  /** The default value, which applies if none is given; `undefined` if there is no default. */
  readonly standard: unknown;
  readonly description: string;
}

/** Returns the properties of an object schema, in the order of their declaration. */
export function propertiesOf(schema: z.ZodObject): readonly InputProperty[] {
  // the input side: what has a default need not be given
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return Object.entries(json.properties ?? {}).map(([name, property]) => {
    const single = withoutNull(property);
    const list = single.type === 'array';
    const value = list ? withoutNull(single.items ?? {}) : single;
    return {
      name,
      option: optionName(name),
      kind: kindOf(value),
      list,
      placeholder: placeholderOf(value),
      required: json.required?.includes(name) ?? false,
      standard: property.default,
      description: property.description ?? single.description ?? '',
    };
  });
}

function withoutNull(schema: JsonSchema): JsonSchema {
  const others = schema.anyOf?.filter(({ type }) => type !== 'null') ?? [];
  const [only] = others;
  return only && others.length === 1 ? { ...schema, ...only } : schema;
}

function kindOf({ type, anyOf, enum: choices }: JsonSchema): InputProperty['kind'] {
  if (type === 'number' || type === 'integer') return 'number';
  if (type === 'boolean') return 'boolean';
  if (type === 'object' || type === 'array') return 'json';
  if (choices?.length && choices.every((choice) => typeof choice === 'number')) return 'number';
  return anyOf?.some(({ type: one }) => one === 'object' || one === 'array') ? 'json' : 'text';
}

function placeholderOf(schema: JsonSchema): string {
  const { type, format, enum: choices, const: constant } = schema;
  if (choices) return choices.map(String).join('|');
  if (constant !== undefined) return String(constant);
  const formats: Readonly<Record<string, string>> = { 'date-time': 'time', uri: 'url' };
  if (format !== undefined) return formats[format] ?? format;
  if (kindOf(schema) === 'json') return 'json';
  return type === 'integer' ? 'n' : type === 'number' ? 'number' : 'text';
}

/**
 * Converts the texts of the command line to the input of a command, and validates it.
 *
 * @param given - the text of each property that was given; several for a list, `true` or `false` for a switch
 * @param help - the command that shows its help, for the suggestion
 * @throws AshlarError `usage`, which names the options that are not valid and never repeats a value
 */
export function parseCommandInput(
  { input, positionals }: Command,
  given: Readonly<Record<string, string | readonly string[] | boolean | undefined>>,
  help: string,
): unknown {
  const label = (name: string) =>
    positionals.includes(name) ? `<${optionName(name)}>` : `--${optionName(name)}`;
  const values: Record<string, unknown> = {};
  for (const property of propertiesOf(input)) {
    const text = given[property.name];
    if (text === undefined) continue;
    if (typeof text === 'boolean') values[property.name] = text;
    else if (typeof text === 'string') values[property.name] = convert(text, property.kind);
    else values[property.name] = text.map((one) => convert(one, property.kind));
  }
  const result = input.safeParse(values);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path: [name, ...rest], message }) => {
    const at = name === undefined ? '' : [label(String(name)), ...rest].join('.');
    return `${at === '' ? '' : `${at}: `}${message}`;
  });
  throw new AshlarError('usage', {
    message: `${problems[0] ?? 'Invalid input'}.`,
    detail: problems.length > 1 ? problems.join('\n') : undefined,
    suggestion: `See ${help}.`,
  });
}

// a text that is not of its kind is left as it is, for the schema to refuse
function convert(text: string, kind: InputProperty['kind']): unknown {
  if (kind === 'number') return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (kind !== 'json') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
