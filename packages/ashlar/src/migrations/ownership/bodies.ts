import type { Schema, SchemaTable } from '../../contract/schema.js';
import { type CodeToken, codeOf, isName, nameOf, stringOf } from '../../sql/code.js';
import { functionName, type KeyedObject, objectsOf } from './keys.js';

/** An object that PostgreSQL reads only when it runs, and the table or column that it names and that is no longer the same. */
export interface BrokenBody {
  readonly object: KeyedObject;
  /** `notes`, or `notes.title`. */
  readonly names: string;
}

/** A table that is gone under its name, or a column that is, or that has another type. */
interface Gone {
  readonly table: SchemaTable;
  /** What the table is called afterwards; `undefined` if it is dropped. */
  readonly now: SchemaTable | undefined;
  /** `undefined` for the table itself. */
  readonly column: string | undefined;
}

/**
 * Finds a function or trigger that names a table or column which a change renames, drops or converts. PostgreSQL follows a rename in
 * everything that it has parsed: views, policies, indexes, and functions with BEGIN ATOMIC. The body of any other function and
 * the arguments of a trigger are text to it.
 *
 * A name counts if it stands in the code of the body, or in its strings if the body runs text (EXECUTE). A column counts if
 * the function also names its table, has its row as an argument, or runs as a trigger of it.
 *
 * @param before - the schema before the change
 * @param after - the schema after it; its functions and triggers are read
 * @param tables - the renamed tables: former → current
 * @param isConcerned - whether an object is read
 * @param minds - whether another type of a column counts
 */
export function brokenBody(
  before: Schema,
  after: Schema,
  tables: ReadonlyMap<string, string>,
  isConcerned: (object: KeyedObject) => boolean,
  minds = true,
): BrokenBody | undefined {
  const gone = goneIn(before, after, tables, minds);
  if (gone.length === 0) return undefined;
  const headers = new Map(before.functions.map(({ name, definition }) => [plain(name), definition]));
  for (const object of objectsOf(after)) {
    if (!isConcerned(object)) continue;
    const found =
      object.type === 'function'
        ? goneInFunction(object, gone, before, headers.get(plain(object.name)) ?? '')
        : object.type === 'trigger'
          ? goneInArguments(object, gone)
          : undefined;
    if (found) return { object, names: textOf(found) };
  }
  return undefined;
}

const plain = (name: string): string => functionName(name).toLowerCase();

const textOf = ({ table, column }: Gone): string =>
  column === undefined ? table.name : `${table.name}.${column}`;

const goneIn = (
  before: Schema,
  after: Schema,
  tables: ReadonlyMap<string, string>,
  minds: boolean,
): readonly Gone[] => {
  const remaining = new Map(after.tables.map((table) => [table.name, table]));
  return before.tables.flatMap((table): Gone[] => {
    const now = remaining.get(tables.get(table.name) ?? table.name);
    const types = new Map(now?.columns.map(({ name, type }) => [name, type]));
    return [
      ...(now?.name === table.name ? [] : [{ table, now, column: undefined }]),
      ...table.columns.flatMap(({ name, type }) =>
        (minds ? types.get(name) === type : types.has(name)) ? [] : [{ table, now, column: name }],
      ),
    ];
  });
};

const goneInFunction = (
  { name, definition }: KeyedObject,
  gone: readonly Gone[],
  before: Schema,
  former: string,
): Gone | undefined => {
  const body = bodyOf(definition);
  // what PostgreSQL has parsed follows the renames, and cannot lose what it names
  if (body === undefined) return undefined;
  const code = codeOf(body, 'postgres');
  const named = namesOf(code);
  const header = namesOf(codeOf(former.slice(0, former.length - (bodyOf(former)?.length ?? 0)), 'postgres'));
  const called = plain(name);
  return gone.find(({ table, column }) => {
    if (column === undefined) return named.has(table.name.toLowerCase());
    const isAbout =
      named.has(table.name.toLowerCase()) ||
      header.has(table.name.toLowerCase()) ||
      table.triggers.some((trigger) => namesOf(codeOf(trigger.definition, 'postgres')).has(called));
    return isAbout && named.has(column.toLowerCase()) && !isOfOthers(code, table, column, before);
  });
};

// pg_get_functiondef: AS $function$ … $function$
const bodyOf = (definition: string): string | undefined => /\nAS (\$\w*\$)(.*)\1/s.exec(definition)?.[2];

/** The names in code, in lower case; also those in its strings, if it runs text. */
const namesOf = (code: readonly CodeToken[]): ReadonlySet<string> =>
  new Set([
    ...code.flatMap((token) => (isName(token) ? [nameOf(token).toLowerCase()] : [])),
    ...inStrings(code),
  ]);

const inStrings = (code: readonly CodeToken[]): ReadonlySet<string> =>
  code.some(({ word }) => word === 'EXECUTE')
    ? new Set(code.flatMap((token) => (token.kind === 'string' ? wordsOf(stringOf(token)) : [])))
    : new Set();

const wordsOf = (text: string): readonly string[] =>
  text.toLowerCase().match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];

/** Whether each column of the name is one of another table, as `people.name` and `p.name` after `FROM people p` are. */
const isOfOthers = (
  code: readonly CodeToken[],
  { name: own }: SchemaTable,
  column: string,
  before: Schema,
): boolean => {
  const words = code.map((token) => (isName(token) ? nameOf(token).toLowerCase() : ''));
  const others = new Set(
    before.tables.flatMap(({ name, columns }) =>
      name !== own && columns.some((each) => each.name === column) ? [name.toLowerCase()] : [],
    ),
  );
  const qualifiers = new Map<string, boolean>();
  for (const [at, word] of words.entries()) {
    const isOther = others.has(word);
    if (!isOther && word !== own.toLowerCase()) continue;
    const alias = words[at + (code[at + 1]?.word === 'AS' ? 2 : 1)] ?? '';
    for (const each of [word, alias]) qualifiers.set(each, isOther && qualifiers.get(each) !== false);
  }
  const found = [...words.keys()].filter((at) => words[at] === column.toLowerCase());
  return (
    found.length > 0 &&
    !inStrings(code).has(column.toLowerCase()) &&
    found.every((at) => code[at - 1]?.text === '.' && qualifiers.get(words[at - 2] ?? '') === true)
  );
};

/** A trigger may hand names of columns to its function as strings, as those of `tsvector_update_trigger` do. */
const goneInArguments = ({ table, definition }: KeyedObject, gone: readonly Gone[]): Gone | undefined => {
  const code = codeOf(definition, 'postgres');
  const given = new Set(
    code
      .slice(code.findIndex(({ word }) => word === 'EXECUTE'))
      .flatMap((token) => (token.kind === 'string' ? [stringOf(token)] : [])),
  );
  return gone.find(({ now, column }) => column !== undefined && now?.name === table && given.has(column));
};
