import type { AdoptMark, AdoptReason, DeclaredType } from '../contract/adoption.js';
import type { Schema, SchemaColumn, SchemaObject, SchemaTable } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import type { ForeignKeyAction } from '../contract/table.js';
import { AshlarError } from '../errors.js';
import {
  assertColumnName,
  assertProperty,
  assertQuotedName,
  assertTableName,
  foldedName,
} from '../model/names.js';
import type { TypeOf } from './fit-types.js';
import { camelName, FreeNames } from './names.js';
import { type ReadDefault, readDefault } from './read-default.js';
import { type FoundKeys, type FoundReference, readKeys } from './read-keys.js';

/** A column as it is declared. */
export interface ReadColumn {
  readonly name: string;
  readonly property: string;
  readonly type: DeclaredType;
  readonly mark: AdoptMark | undefined;
  readonly nullable: boolean;
  readonly default: ReadDefault | undefined;
  /** Whether the database has a default that no declaration has. */
  readonly losesDefault: boolean;
  /** Whether its values decided the type. */
  readonly byValues: boolean;
}

/** A column that is not declared, with the reason. It stays as it is. */
export interface OtherColumn {
  readonly name: string;
  readonly type: string;
  readonly reason: AdoptReason;
  /** Whether no row can be inserted without it. */
  readonly isRequired: boolean;
}

/** A key or index as it is declared, by the names of its columns in the database. */
export interface ReadKey {
  readonly columns: readonly string[];
  /** The name that the declaration gives; `undefined` where Ashlar chooses the same. */
  readonly name: string | undefined;
  readonly object: SchemaObject | undefined;
}

/** An index as it is declared. */
export interface ReadIndex extends ReadKey {
  readonly unique: boolean;
}

/** A foreign key as it is declared. */
export interface ReadReference extends ReadKey {
  readonly target: string;
  readonly targetColumns: readonly string[];
  readonly onDelete: ForeignKeyAction;
  readonly onUpdate: ForeignKeyAction;
  readonly deferrable: boolean;
}

/** A table as it is declared. */
export interface ReadTable {
  readonly name: string;
  /** Its name in the file of tables. */
  readonly variable: string;
  readonly columns: readonly ReadColumn[];
  readonly others: readonly OtherColumn[];
  readonly primaryKey: ReadKey;
  readonly uniques: readonly ReadKey[];
  readonly indexes: readonly ReadIndex[];
  readonly references: readonly ReadReference[];
}

/** A table that is not declared, with the reason. */
export interface OtherTable {
  readonly name: string;
  readonly reason: AdoptReason;
}

/** The tables of a schema, as far as they can be declared; each after those that it refers to, but for circles. */
export interface ReadTables {
  readonly tables: readonly ReadTable[];
  readonly others: readonly OtherTable[];
}

/** How the tables of a schema are read. */
export interface Reading {
  readonly schema: Schema;
  readonly dialect: SqlName;
  readonly typeOf: TypeOf;
  /** Whether the names of keys in the description are those of the database. */
  readonly namesKeys: boolean;
  /** Whether a column of a table has NULLs, where that is known. */
  readonly hasNulls: (table: string, column: string) => boolean;
  /** Whether a column stays undeclared if its default cannot be declared. */
  readonly keepsValues: boolean;
}

/** Reads how the tables of a described schema are declared. */
export function readTables(reading: Reading): ReadTables {
  const { schema } = reading;
  const others: OtherTable[] = [];
  const variables = new FreeNames();
  const seen = new Set<string>();
  const drafts: Draft[] = [];
  for (const table of schema.tables) {
    const draft = draftOf(table, reading);
    const reason =
      typeof draft === 'string' ? draft : seen.has(foldedName(table.name)) ? 'folds-to-another' : undefined;
    seen.add(foldedName(table.name));
    if (typeof draft === 'string' || reason) others.push({ name: table.name, reason: reason ?? 'name' });
    else drafts.push({ ...draft, variable: variables.take(camelName(table.name), 'variable') });
  }
  const byName = new Map(drafts.map((draft) => [foldedName(draft.table.name), draft]));
  const tables = drafts.map((draft) => finished(draft, byName, reading.namesKeys));
  return { tables: targetsFirst(tables), others };
}

interface Draft {
  readonly table: SchemaTable;
  readonly variable: string;
  readonly columns: readonly ReadColumn[];
  readonly others: readonly OtherColumn[];
  readonly keys: FoundKeys;
  readonly primaryKey: readonly string[];
}

const isAllowed = (assert: () => void): boolean => {
  try {
    assert();
    return true;
  } catch (error) {
    if (error instanceof AshlarError) return false;
    throw error;
  }
};

const draftOf = (
  table: SchemaTable,
  { dialect, typeOf, hasNulls, keepsValues }: Reading,
): Omit<Draft, 'variable'> | AdoptReason => {
  if (/^PARTITION BY/i.test(table.options)) return 'partitioned';
  if (!isAllowed(() => assertTableName(table.name))) return 'name';
  const keys = readKeys(table, dialect);
  // the engines compare these names without case
  const nameIn = (name: string): string =>
    table.columns.find((column) => foldedName(column.name) === foldedName(name))?.name ?? name;
  const primaryKey = keys.primaryKey?.columns.map(nameIn);
  if (!primaryKey) return 'no-primary-key';
  if (primaryKey.some((column) => hasNulls(table.name, column))) return 'key-null';
  const properties = new FreeNames();
  const columns: ReadColumn[] = [];
  const others: OtherColumn[] = [];
  for (const column of table.columns) {
    const isKey = primaryKey.includes(column.name);
    const found = typeOf(table, column);
    const isNamed = isAllowed(() => assertColumnName(table.name, column.name));
    if ('reason' in found || !isNamed) {
      others.push({
        name: column.name,
        type: column.type,
        reason: 'reason' in found ? found.reason : 'name',
        isRequired: column.notNull && column.default === undefined && !/\bGENERATED\b/i.test(column.rest),
      });
      continue;
    }
    const read = readColumn(column, found, { isKey, dialect });
    if (read.losesDefault && keepsValues && !isKey) {
      others.push({ name: column.name, type: column.type, reason: 'default', isRequired: false });
      continue;
    }
    columns.push({ ...read, property: propertyOf(table, column, properties) });
  }
  if (
    !primaryKey.every((name) => columns.some((column) => column.name === name && column.type.as !== 'array'))
  )
    return 'key-not-declared';
  return { table, columns, others, keys, primaryKey };
};

const propertyOf = (table: SchemaTable, { name }: SchemaColumn, free: FreeNames): string => {
  const isPlain = /^[a-z_][a-z0-9_]*$/.test(name) && isAllowed(() => assertProperty(table.name, name));
  return free.take(isPlain ? name : camelName(name), 'property');
};

const readColumn = (
  column: SchemaColumn,
  {
    type,
    mark,
    byValues,
  }: { readonly type: DeclaredType; readonly mark?: AdoptMark; readonly byValues: boolean },
  { isKey, dialect }: { readonly isKey: boolean; readonly dialect: SqlName },
): Omit<ReadColumn, 'property'> => {
  const { name, default: text } = column;
  const hasDefault = text !== undefined && type.as !== 'autoincrement' && !/^\(?NULL\b/i.test(text);
  const standard = hasDefault ? readDefault(text, type, dialect) : undefined;
  return {
    name,
    type,
    mark,
    nullable: !column.notNull && !isKey,
    default: standard,
    losesDefault: hasDefault && standard === undefined,
    byValues,
  };
};

const finished = (
  { table, variable, columns, others, keys, primaryKey }: Draft,
  byName: ReadonlyMap<string, Draft>,
  namesKeys: boolean,
): ReadTable => {
  const known = new Map(columns.map((column) => [foldedName(column.name), column]));
  const declared = (names: readonly string[]): readonly string[] | undefined => {
    // no key and no ordered index has an array
    const found = names.map((name) => {
      const column = known.get(foldedName(name));
      return column?.type.as === 'array' ? undefined : column?.name;
    });
    return found.every((name) => name !== undefined) && new Set(found).size === found.length
      ? (found as string[])
      : undefined;
  };
  const key = (
    given: readonly string[],
    object: SchemaObject | undefined,
    ending: string,
    always = false,
  ) => {
    const names = declared(given);
    if (!names) return [];
    const name = object && (namesKeys || always) ? object.name : undefined;
    if (name !== undefined && !isAllowed(() => assertQuotedName('A key', name))) return [];
    const chosen = `${table.name}_${names.join('_')}_${ending}`;
    return [{ columns: names, object, name: name === chosen ? undefined : name }];
  };
  const references = keys.references.flatMap((found): ReadReference[] => {
    const target = targetOf(found, byName);
    const [own] = key(found.columns, found.object, 'fkey');
    if (
      !target ||
      !own ||
      !target.columns.every((each, at) => isSameType(known.get(foldedName(own.columns[at] ?? '')), each))
    )
      return [];
    const { onDelete, onUpdate, deferrable } = found;
    const targetColumns = target.columns.map(({ name }) => name);
    return [{ ...own, target: target.name, targetColumns, onDelete, onUpdate, deferrable }];
  });
  return {
    name: table.name,
    variable,
    // a key has one type at both ends
    columns: columns.map((column) => ({ ...column, type: typeAtTarget(column, references, byName) })),
    others,
    primaryKey: { columns: primaryKey, object: keys.primaryKey?.object, name: undefined },
    uniques: keys.uniques.flatMap(({ columns: names, object }) => key(names, object, 'key')),
    indexes: keys.indexes.flatMap(({ columns: names, object, unique }) =>
      key(names, object, 'idx', true).map((each) => ({ ...each, unique })),
    ),
    references,
  };
};

/** The declared columns that a foreign key refers to; `undefined` if they are no key that is declared. */
const targetOf = (
  { target, targetColumns, columns }: FoundReference,
  byName: ReadonlyMap<string, Draft>,
): { readonly name: string; readonly columns: readonly ReadColumn[] } | undefined => {
  const draft = byName.get(foldedName(target));
  if (!draft) return undefined;
  const folded = (names: readonly string[]): string => names.map(foldedName).sort().join();
  const names = targetColumns.length > 0 ? targetColumns : draft.primaryKey;
  const isKey = [draft.primaryKey, ...draft.keys.uniques.map((key) => key.columns)].some(
    (key) => folded(key) === folded(names),
  );
  const found = names.flatMap(
    (name) => draft.columns.find((column) => foldedName(column.name) === foldedName(name)) ?? [],
  );
  return isKey && found.length === columns.length ? { name: draft.table.name, columns: found } : undefined;
};

const isNumber = ({ as }: DeclaredType): boolean =>
  as === 'integer' || as === 'bigint' || as === 'autoincrement';

const isSameType = (own: ReadColumn | undefined, target: ReadColumn): boolean => {
  if (!own) return false;
  if (isNumber(own.type) && isNumber(target.type)) return true;
  const isText = ({ as }: DeclaredType): boolean => as === 'text' || as === 'enum';
  return own.type.as === target.type.as || (isText(own.type) && isText(target.type));
};

const typeAtTarget = (
  { name, type }: ReadColumn,
  references: readonly ReadReference[],
  byName: ReadonlyMap<string, Draft>,
): DeclaredType => {
  if (type.as !== 'bigint') return type;
  const isOfNumbers = references.some(({ columns, target, targetColumns }) => {
    const at = columns.indexOf(name);
    const end = byName.get(foldedName(target))?.columns.find((each) => each.name === targetColumns[at]);
    return at >= 0 && end !== undefined && end.type.as !== 'bigint';
  });
  return isOfNumbers ? { as: 'integer' } : type;
};

const targetsFirst = (tables: readonly ReadTable[]): readonly ReadTable[] => {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const sorted = new Set<ReadTable>();
  const under = new Set<ReadTable>();
  const visit = (table: ReadTable): void => {
    if (sorted.has(table) || under.has(table)) return;
    under.add(table);
    for (const { target } of table.references) {
      const other = byName.get(target);
      if (other) visit(other);
    }
    sorted.add(table);
  };
  for (const table of tables) visit(table);
  return [...sorted];
};
