/** The part of JSON Schema that Zod writes and a sample needs. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly minLength?: number;
  readonly format?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

const formats: Readonly<Record<string, string>> = {
  uuid: '019a0000-0000-7000-8000-000000000000',
  email: 'prove@example.org',
  uri: 'https://example.org/',
  'date-time': '2026-01-31T08:00:00.000Z',
  date: '2026-01-31',
  time: '08:00:00',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
};

const text = ({ format = '', minLength = 0 }: JsonSchema): string =>
  formats[format] ?? 'prove'.padEnd(minLength, 'e');

const number = ({ minimum, exclusiveMinimum, maximum }: JsonSchema): number =>
  minimum ?? (exclusiveMinimum === undefined ? Math.min(1, maximum ?? 1) : Math.floor(exclusiveMinimum) + 1);

const object = (schema: JsonSchema): Record<string, unknown> => {
  const { properties = {}, required = [], propertyNames, additionalProperties } = schema;
  // a record over an enum requires each of its keys
  const named = propertyNames?.enum?.map(String) ?? [];
  const each = typeof additionalProperties === 'object' ? additionalProperties : {};
  return Object.fromEntries([
    ...required.map((name) => [name, sampleOf(properties[name] ?? each)]),
    ...named.filter((name) => !required.includes(name)).map((name) => [name, sampleOf(each)]),
  ]);
};

const array = ({ items, prefixItems = [], minItems = 0 }: JsonSchema): unknown[] => {
  const each = typeof items === 'object' ? items : {};
  const rest = Math.max(0, minItems - prefixItems.length);
  return [...prefixItems.map(sampleOf), ...Array.from({ length: rest }, () => sampleOf(each))];
};

/** Creates a small value for a JSON Schema that Zod wrote, which most likely accepts it. The caller validates it. */
export function sampleOf(schema: JsonSchema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (choice) return sampleOf(choice);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => sampleOf(part)));
  switch ([schema.type].flat()[0]) {
    case 'string':
      return text(schema);
    case 'integer':
    case 'number':
      return number(schema);
    case 'boolean':
      return true;
    case 'array':
      return array(schema);
    case 'object':
      return object(schema);
    default:
      return null;
  }
}
