import type { OtherObject, Schema, SchemaObject, SchemaTable } from '../../contract/schema.js';
import { identifier } from '../../model/index.js';
import { folded } from '../../sql/code.js';

/** An object of a schema under the text that names it in a directive: `trigger orders.orders_audited`. */
export interface KeyedObject {
  readonly key: string;
  readonly type: string;
  readonly name: string;
  /** The table or view that the object belongs to. */
  readonly table: string | undefined;
  /** What describes the object; empty for a table, whose parts are objects themselves. */
  readonly definition: string;
}

/** Returns the text that names an object in a directive. */
export function objectKey(type: string, name: string, table?: string): string {
  return `${type} ${table === undefined ? '' : `${identifier(table)}.`}${identifier(name)}`;
}

/** Returns the text that names a function in a directive; a described function's name has its arguments already. */
export function functionKey(name: string): string {
  // a directive is read in lower case; PostgreSQL writes the modes of arguments in upper case
  const modes = /(?<=[(,]\s*)(?:INOUT|IN|OUT|VARIADIC)(?=\s)/g;
  return `function ${folded(name, 'postgres').replaceAll(modes, (mode) => mode.toLowerCase())}`;
}

/** Returns the plain name of a described function, whose name is quoted and has its arguments. */
export function functionName(name: string): string {
  return name.replace(/\(.*$/s, '').replaceAll('"', '');
}

/** Returns the text that names a view, a type or another such object in a directive. */
export function otherKey({ type, name, on }: Pick<OtherObject, 'type' | 'name' | 'on'>): string {
  return objectKey(type, name, type === 'index' ? undefined : on);
}

/** Returns the text under which the owner of a comment is known: `comment on column orders.note`. */
export function commentKey(on: string): string {
  return `comment on ${on}`;
}

/** Lists the comments of a schema by their keys. */
export function commentsOf(schema: Schema): ReadonlyMap<string, string> {
  const comments = schema.tables.flatMap(({ name, comment, columns }) => [
    [objectKey('table', name), comment] as const,
    ...columns.map((column) => [objectKey('column', column.name, name), column.comment] as const),
  ]);
  return new Map(comments.flatMap(([on, text]) => (text === undefined ? [] : [[commentKey(on), text]])));
}

/** Returns the name of an object in lower case: of a function without its arguments. */
export function nameOnly(name: string): string {
  return functionName(name).toLowerCase();
}

const partTypes = ['column', 'constraint', 'trigger', 'policy', 'rule'];

/**
 * Returns what a directive calls an object after a rename; a renamed table takes along the objects that carry its name.
 *
 * @param from - the key of the renamed object
 * @param to - its key afterwards
 */
export function renamedKey(key: string, from: string, to: string): string {
  const comment = commentKey('');
  if (key.startsWith(comment)) return commentKey(renamedKey(key.slice(comment.length), from, to));
  if (key === from) return to;
  if (!from.startsWith('table ')) return key;
  const part = partTypes.find((type) => key.startsWith(`${type} ${from.slice('table '.length)}.`));
  if (part === undefined) return key;
  const rest = key.slice(`${part} ${from.slice('table '.length)}`.length);
  return `${part} ${to.slice('table '.length)}${rest}`;
}

/** Returns what directives call an object after all given renames, one after another. */
export function afterRenames(key: string, renames: ReadonlyMap<string, string>): string {
  return [...renames].reduce((name, [from, to]) => renamedKey(name, from, to), key);
}

const keyed = (
  type: string,
  { name, definition }: SchemaObject,
  table: string,
  qualified = true,
): KeyedObject => ({
  key: objectKey(type, name, qualified ? table : undefined),
  type,
  name,
  table,
  definition,
});

const partsOf = (table: SchemaTable): readonly KeyedObject[] => [
  { key: objectKey('table', table.name), type: 'table', name: table.name, table: undefined, definition: '' },
  ...table.columns.map(({ name, type, rest, default: standard, notNull }) =>
    keyed(
      'column',
      { name, definition: [type, rest, standard ?? '', notNull ? 'NOT NULL' : ''].join(' ') },
      table.name,
    ),
  ),
  ...table.constraints.map((each) => keyed('constraint', each, table.name)),
  ...table.indexes.map((each) => keyed('index', each, table.name, false)),
  ...table.triggers.map((each) => keyed('trigger', each, table.name)),
  ...(table.rowSecurity?.policies ?? []).map((each) => keyed('policy', each, table.name)),
];

/** Lists the objects of a schema: tables with their parts, functions, and all others. */
export function objectsOf(schema: Schema): readonly KeyedObject[] {
  return [
    ...schema.tables.flatMap(partsOf),
    ...schema.functions.map(({ name, definition }) => ({
      key: functionKey(name),
      type: 'function',
      name,
      table: undefined,
      definition,
    })),
    ...schema.objects.map(({ type, name, on, definition }) => ({
      key: otherKey({ type, name, on }),
      type,
      name,
      table: on,
      definition,
    })),
  ];
}

/** Returns the keys of all objects of a schema. */
export function keysOf(schema: Schema): ReadonlySet<string> {
  return new Set(objectsOf(schema).map(({ key }) => key));
}
