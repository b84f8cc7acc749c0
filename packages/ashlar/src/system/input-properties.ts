import { z } from 'zod';

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
  readonly kind: 'text' | 'number' | 'bigint' | 'boolean' | 'json';
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
  const json = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: withBigints,
  }) as JsonSchema;
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

// JSON Schema has no bigint
function withBigints({ zodSchema, jsonSchema }: Override): void {
  const { def } = zodSchema._zod;
  if (def.type === 'bigint') Object.assign(jsonSchema, { type: 'integer', format: bigintFormat });
  if (def.type === 'default' && typeof def.defaultValue === 'bigint')
    jsonSchema.default = def.defaultValue.toString();
}

type Override = Parameters<NonNullable<z.core.ToJSONSchemaParams['override']>>[0];

const bigintFormat = 'bigint';

function withoutNull(schema: JsonSchema): JsonSchema {
  const others = schema.anyOf?.filter(({ type }) => type !== 'null') ?? [];
  const [only] = others;
  return only && others.length === 1 ? { ...schema, ...only } : schema;
}

function kindOf({ type, format, anyOf, enum: choices }: JsonSchema): InputProperty['kind'] {
  if (format === bigintFormat) return 'bigint';
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
  const formats: Readonly<Record<string, string>> = { 'date-time': 'time', uri: 'url', [bigintFormat]: 'n' };
  if (format !== undefined) return formats[format] ?? format;
  if (kindOf(schema) === 'json') return 'json';
  return type === 'integer' ? 'n' : type === 'number' ? 'number' : 'text';
}

/** Converts the name of a property to the name of its option: `maxPrice` and `max_price` → `max-price`. */
export function optionName(property: string): string {
  return property
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
}
