type JsonSchema = Readonly<Record<string, unknown>>;

/** A token as Mustache's parser gives it: kind, value, start, end, and for a section what is in it. */
export type TemplateToken = readonly [
  kind: string,
  value: string,
  start: number,
  end: number,
  inner?: readonly TemplateToken[],
];

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema itself when names can be looked up in it: it is an object's, and lists properties. */
export const scopeOf = (schema: unknown): JsonSchema | undefined =>
  isObject(schema) && schema.type === 'object' && isObject(schema.properties) ? schema : undefined;

const property = (schema: unknown, name: string): JsonSchema | undefined => {
  const properties = scopeOf(schema)?.properties;
  if (!isObject(properties) || !Object.hasOwn(properties, name)) return undefined;
  const found = properties[name];
  return isObject(found) ? found : undefined;
};

const walk = (schema: JsonSchema, path: string): JsonSchema | undefined =>
  path.split('.').reduce<JsonSchema | undefined>((at, name) => property(at, name), schema);

const scalars = new Set<unknown>(['string', 'number', 'integer', 'boolean']);

const typesOf = ({ type, enum: options, const: only }: JsonSchema): readonly unknown[] => {
  if (type !== undefined) return [type].flat();
  const values = Array.isArray(options) ? options : [only];
  return values.map((value) => (value === null ? 'null' : typeof value));
};

const isPrintable = (schema: JsonSchema): boolean =>
  typesOf(schema).every((type) => scalars.has(type) || type === 'null') &&
  typesOf(schema).some((type) => scalars.has(type));

type Scopes = readonly JsonSchema[];

const lookup = (scopes: Scopes, path: string): JsonSchema | string => {
  if (path === '') return 'a tag is empty';
  const current = scopes[0];
  if (path === '.') return current && scopes.length > 1 ? current : '{{.}} stands outside a section';
  // Mustache would find what every object inherits
  if (path.split('.').some((name) => name in Object.prototype))
    return `${path} is not a name a variable can have`;
  const [found, another] = scopes.map((scope) => walk(scope, path)).filter((schema) => schema !== undefined);
  if (!found) return `${path} is not declared`;
  // an item without the one would silently be printed with the other
  if (another) return `${path} is declared inside the section and around it; give one of them another name`;
  return found;
};

const sectionScope = (schema: JsonSchema, path: string): JsonSchema | string | undefined => {
  const inner = schema.type === 'array' ? schema.items : schema;
  if (
    isObject(inner) &&
    (scopeOf(inner) || (inner.type !== 'object' && isPrintable(inner) && !typesOf(inner).includes('null')))
  ) {
    return schema.type === 'boolean' ? undefined : inner;
  }
  return `${path} cannot open a section: declare it as boolean, text, number, object with properties, or an array of these`;
};

const tokenProblems = ([kind, value, , , inner = []]: TemplateToken, scopes: Scopes): string[] => {
  if (kind === 'text' || kind === '!') return [];
  if (kind === '>' || kind === '=') return [`{{${kind} ${value}}} is not available in clauses`];
  const schema = lookup(scopes, value);
  if (typeof schema === 'string') return [schema];
  if (kind === '^') return inner.flatMap((token) => tokenProblems(token, scopes));
  if (kind !== '#')
    return isPrintable(schema) ? [] : [`${value} is printed, but not declared as text, number or boolean`];
  const scope = sectionScope(schema, value);
  if (typeof scope === 'string') return [scope];
  const within = scope ? [scope, ...scopes] : scopes;
  return inner.flatMap((token) => tokenProblems(token, within));
};

/** What is wrong with the variables of a parsed template, given the schema of its input; each problem once. */
export const templateProblems = (tokens: readonly TemplateToken[], schema: JsonSchema): string[] => {
  const undeclared = (Array.isArray(schema.required) ? schema.required : [])
    .filter((name) => typeof name === 'string' && !property(schema, name))
    .map((name) => `${name} is required but not declared`);
  return [...new Set([...undeclared, ...tokens.flatMap((token) => tokenProblems(token, [schema]))])];
};
