import type { SchemaColumn, SchemaObject, SchemaTable } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import type { ForeignKeyAction } from '../contract/table.js';
import { type CodeToken, codeOf, findWords, isName, line, nameOf, splitAtCommas } from '../sql/code.js';
import { foreignKeyOf } from '../sql/foreign-key.js';

/** A key as the database has it. */
export interface FoundKey {
  readonly columns: readonly string[];
  /** The constraint; `undefined` if the text of a column has the key. */
  readonly object: SchemaObject | undefined;
}

/** A foreign key as the database has it. */
export interface FoundReference extends FoundKey {
  readonly target: string;
  /** Empty where the text leaves them out: the primary key. */
  readonly targetColumns: readonly string[];
  readonly onDelete: ForeignKeyAction;
  readonly onUpdate: ForeignKeyAction;
  readonly deferrable: boolean;
}

/** An index over plain columns. */
export interface FoundIndex extends FoundKey {
  readonly object: SchemaObject;
  readonly unique: boolean;
}

/** The keys and indexes of a described table that a declaration can have. */
export interface FoundKeys {
  readonly primaryKey: FoundKey | undefined;
  readonly uniques: readonly FoundKey[];
  readonly references: readonly FoundReference[];
  readonly indexes: readonly FoundIndex[];
}

/** Reads the keys and indexes of a described table, from its constraints and the texts of its columns. */
export function readKeys(table: SchemaTable, dialect: SqlName): FoundKeys {
  const keys = table.constraints.flatMap((object) => keyIn(object.definition, object, dialect));
  const ofColumns = table.columns.flatMap((column) => keysOfColumn(column, dialect));
  const all = [...keys, ...ofColumns];
  return {
    primaryKey: all.find(({ kind }) => kind === 'primary')?.key,
    uniques: all.flatMap(({ kind, key }) => (kind === 'unique' ? [key] : [])),
    references: [
      ...table.constraints.flatMap((object) => referenceIn(object.definition, object, dialect)),
      ...table.columns.flatMap((column) => referenceOfColumn(column, dialect)),
    ],
    indexes: table.indexes.flatMap((object) => indexIn(object, dialect)),
  };
}

type Found = { readonly kind: 'primary' | 'unique'; readonly key: FoundKey };

const keyIn = (definition: string, object: SchemaObject, dialect: SqlName): readonly Found[] => {
  const match = /^(PRIMARY KEY|UNIQUE) ?(\(.*\))$/is.exec(definition);
  const columns = match && plainColumns(codeOf(match[2] ?? '', dialect).slice(1, -1));
  if (!match || !columns) return [];
  return [{ kind: /^P/i.test(match[1] ?? '') ? 'primary' : 'unique', key: { columns, object } }];
};

const keysOfColumn = ({ name, rest }: SchemaColumn, dialect: SqlName): readonly Found[] => {
  const tokens = codeOf(rest, dialect);
  const key = { columns: [name], object: undefined };
  if (findWords(tokens, 'PRIMARY', 'KEY') >= 0) return [{ kind: 'primary', key }];
  return findWords(tokens, 'UNIQUE') >= 0 ? [{ kind: 'unique', key }] : [];
};

/** The columns of a list; `undefined` where a part is more than a name. */
const plainColumns = (tokens: readonly CodeToken[]): readonly string[] | undefined => {
  const parts = splitAtCommas(tokens);
  const names = parts.flatMap(([first, ...more]) =>
    first && isName(first) && more.every(({ word }) => word === 'ASC' || word === 'AUTOINCREMENT')
      ? [nameOf(first)]
      : [],
  );
  return names.length > 0 && names.length === parts.length ? names : undefined;
};

const actions: Readonly<Record<string, ForeignKeyAction>> = {
  RESTRICT: 'restrict',
  CASCADE: 'cascade',
  'SET NULL': 'set null',
  'SET DEFAULT': 'set default',
  'NO ACTION': 'no action',
};

// PostgreSQL's other forms (MATCH FULL, a key that was not validated, SET NULL of some columns) have no declaration
const isPlain = (text: string): boolean =>
  !/\bMATCH (FULL|PARTIAL)\b|\bNOT VALID\b|\bNOT ENFORCED\b|\bSET (NULL|DEFAULT) \(|\bDEFERRABLE INITIALLY IMMEDIATE\b|\bDEFERRABLE$/i.test(
    text,
  );

const actionIn = (text: string, event: string): ForeignKeyAction => {
  const match = new RegExp(`\\bON ${event} (RESTRICT|CASCADE|SET NULL|SET DEFAULT|NO ACTION)`, 'i').exec(
    text,
  );
  return actions[match?.[1]?.toUpperCase() ?? 'NO ACTION'] ?? 'no action';
};

const referenceIn = (
  definition: string,
  object: SchemaObject | undefined,
  dialect: SqlName,
): readonly FoundReference[] => {
  const found = foreignKeyOf(definition, dialect);
  if (!found || !isPlain(definition)) return [];
  return [
    {
      columns: found.columns,
      object,
      target: found.target,
      targetColumns: found.targetColumns,
      onDelete: actionIn(definition, 'DELETE'),
      onUpdate: actionIn(definition, 'UPDATE'),
      deferrable: found.isDeferred,
    },
  ];
};

const referenceOfColumn = ({ name, rest }: SchemaColumn, dialect: SqlName): readonly FoundReference[] => {
  const tokens = codeOf(rest, dialect);
  const at = findWords(tokens, 'REFERENCES');
  if (at < 0) return [];
  const text = `FOREIGN KEY ("${name.replaceAll('"', '""')}") ${line(tokens.slice(at))}`;
  return referenceIn(text, undefined, dialect);
};

const indexIn = (object: SchemaObject, dialect: SqlName): readonly FoundIndex[] => {
  const tokens = codeOf(object.definition, dialect);
  const open = tokens.findIndex(({ text }) => text === '(');
  const isWhole = open > 0 && tokens.at(-1)?.text === ')' && findWords(tokens, 'USING') < 0;
  const columns = isWhole ? plainColumns(tokens.slice(open + 1, -1)) : undefined;
  return columns ? [{ columns, object, unique: tokens[1]?.word === 'UNIQUE' }] : [];
};
