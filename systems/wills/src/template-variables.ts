type JsonSchema = Readonly<Record<string, unknown>>;

/** A token from Mustache's parser: its kind, value, start and end and, for a section, its inner tokens. */
export type TemplateToken = readonly [
  kind: string,
  value: string,
  start: number,
  end: number,
  inner?: readonly TemplateToken[],
];

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns `schema` if it describes an object with `properties`; otherwise `undefined`. */
export function objectSchema(schema: unknown): JsonSchema | undefined {
  return isObject(schema) && schema.type === 'object' && isObject(schema.properties) ? schema : undefined;
}

const property = (schema: unknown, name: string): JsonSchema | undefined => {
  const properties = objectSchema(schema)?.properties;
  if (!isObject(properties) || !Object.hasOwn(properties, name)) return undefined;
  const found = properties[name];
  return isObject(found) ? found : undefined;
};

const schemaAt = (schema: JsonSchema, path: string): JsonSchema | undefined =>
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

// the stack of objects in which Mustache looks up a name, innermost first
type Contexts = readonly JsonSchema[];

const lookup = (contexts: Contexts, path: string): JsonSchema | string => {
  if (path === '') return 'a tag is empty';
  const current = contexts[0];
  if (path === '.') return current && contexts.length > 1 ? current : '{{.}} is used outside a section';
  // Mustache would look these names up on Object.prototype
  if (path.split('.').some((name) => name in Object.prototype))
    return `${path} cannot be the name of a variable`;
  const [found, another] = contexts
    .map((context) => schemaAt(context, path))
    .filter((schema) => schema !== undefined);
  if (!found) return `${path} is not declared`;
  // an item without this property would silently print the outer variable
  if (another) return `${path} is declared both inside the section and outside it; rename one of them`;
  return found;
};

const sectionContext = (schema: JsonSchema, path: string): JsonSchema | string | undefined => {
  const inner = schema.type === 'array' ? schema.items : schema;
  if (
    isObject(inner) &&
    (objectSchema(inner) ||
      (inner.type !== 'object' && isPrintable(inner) && !typesOf(inner).includes('null')))
  ) {
    return schema.type === 'boolean' ? undefined : inner;
  }
  return `${path} cannot open a section: declare it as boolean, text, number, object with properties, or an array of these`;
};

/** The object that declares a variable of a path: its `required` says whether the variable must be given. */
const parentOf = (contexts: Contexts, path: string): JsonSchema | undefined => {
  const names = path.split('.');
  const last = names.pop() ?? '';
  const above = names.join('.');
  return contexts
    .map((context) => (above === '' ? context : schemaAt(context, above)))
    .find((parent) => parent !== undefined && property(parent, last) !== undefined);
};

/**
 * Returns where the sections of a template begin that print a variable which must be given, and which has no inverted section
 * to say what holds without it.
 */
export function requiredSections(tokens: readonly TemplateToken[], schema: JsonSchema): ReadonlySet<number> {
  const required = new Map<number, JsonSchema>();
  const inverted = new Set<JsonSchema>();
  // a copy: variables may share one object as their schema, and are told apart by it here
  const own = JSON.parse(JSON.stringify(schema)) as JsonSchema;
  const visit = (within: readonly TemplateToken[], contexts: Contexts): void => {
    for (const [kind, path, start, , inner = []] of within) {
      if (kind !== '#' && kind !== '^') continue;
      const found = lookup(contexts, path);
      // a template that was published before templates were checked
      if (typeof found === 'string') continue;
      if (kind === '^') inverted.add(found);
      const needed: unknown = parentOf(contexts, path)?.required;
      if (kind === '#' && Array.isArray(needed) && needed.includes(path.split('.').at(-1)))
        required.set(start, found);
      const context = kind === '#' ? sectionContext(found, path) : undefined;
      visit(inner, typeof context === 'object' ? [context, ...contexts] : contexts);
    }
  };
  visit(tokens, [own]);
  return new Set([...required].filter(([, found]) => !inverted.has(found)).map(([start]) => start));
}

const tokenProblems = ([kind, value, , , inner = []]: TemplateToken, contexts: Contexts): string[] => {
  if (kind === 'text' || kind === '!') return [];
  if (kind === '>' || kind === '=') return [`{{${kind} ${value}}} is not available in clauses`];
  const schema = lookup(contexts, value);
  if (typeof schema === 'string') return [schema];
  if (kind === '^') return inner.flatMap((token) => tokenProblems(token, contexts));
  if (kind !== '#')
    return isPrintable(schema) ? [] : [`${value} is printed, but not declared as text, number or boolean`];
  const context = sectionContext(schema, value);
  if (typeof context === 'string') return [context];
  const within = context ? [context, ...contexts] : contexts;
  return inner.flatMap((token) => tokenProblems(token, within));
};

/**
 * Checks the variables of a parsed template against the JSON Schema that declares them.
 *
 * @returns the problems, each once; empty for a valid template
 */
export function templateProblems(tokens: readonly TemplateToken[], schema: JsonSchema): string[] {
  const undeclared = (Array.isArray(schema.required) ? schema.required : [])
    .filter((name) => typeof name === 'string' && !property(schema, name))
    .map((name) => `${name} is required but not declared`);
  return [...new Set([...undeclared, ...tokens.flatMap((token) => tokenProblems(token, [schema]))])];
}
