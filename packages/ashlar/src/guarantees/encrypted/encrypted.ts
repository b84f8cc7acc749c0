import type { Column } from '../../contract/column.js';
import type { DeclaredColumns, Guarantee } from '../../contract/guarantee.js';
import type { BlindIndex, GuaranteeFacts, TableFacts } from '../../contract/table.js';
import { identifier, isFilledByClock } from '../../model/index.js';
import { invalidTable } from '../../model/invalid-table.js';
import { columnsIn } from '../../sql/declared-indexes.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, raise as raiseOnPostgres, triggerFunction } from '../../sql/postgres-triggers.js';
import { raise as raiseOnSqlite, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { assertOwn, list } from '../shared/declaration.js';
import { encryptedAttacks } from './attacks.js';
import { encryptedData } from './data.js';

/** A blind index: a keyed hash by which a query finds rows with equal values of an encrypted column. */
export interface BlindIndexOptions {
  /** The encrypted column. */
  readonly of: Column;
  /**
   * The column that holds the keyed hash, declared as `bytes().nullable()`; Ashlar fills it in. It shows which rows of
   * a scope have equal values.
   */
  readonly into: Column;
  /** Normalises a value before it is hashed: `(email) => email.toLowerCase()`. Default: the value itself. */
  readonly fold?: (value: string) => string;
}

/** How a table's encrypted columns are encrypted. */
export interface EncryptedOptions {
  /** The scope column: its value, which never changes, determines the data key with which the row is encrypted. */
  readonly scope: Column;
  /** The keyring that holds the data keys: a table declared by `keyring(…)`. */
  readonly keys: TableFacts;
  readonly blindIndex?: BlindIndexOptions | readonly BlindIndexOptions[];
  /**
   * The former names of the table and its columns, if they were renamed after rows were written: each ciphertext is
   * bound to the names at the time of its encryption. `columns`: name now → name then.
   */
  readonly bound?: { readonly table?: string; readonly columns?: Readonly<Record<string, string>> };
}

/**
 * Guarantees that the plaintext of an encrypted column never reaches the database, and that shredding the key of a
 * scope makes the data of the scope unreadable.
 *
 * Every column declared with `ciphertext(…)` is encrypted by XAES-256-GCM under its scope's data key and bound to its
 * table, column, scope and row. The database refuses other values than ciphertexts, and a change of a row's scope or
 * primary key.
 *
 * @throws AshlarError `table-invalid`, when the table is declared, if a column does not suit its part
 *
 * @example
 * export const dataKeys = keyring('data_keys');
 * export const clients = table('clients', { id: id(), email: ciphertext(z.email()), email_index: bytes().nullable() }, (c) => [
 *   encrypted({ scope: c.id, keys: dataKeys, blindIndex: { of: c.email, into: c.email_index } }),
 * ]);
 */
export function encrypted(options: EncryptedOptions): Guarantee {
  const { scope, keys, bound = {} } = options;
  const blindIndexes = list(options.blindIndex).map(
    ({ of, into, fold = (value: string) => value }): BlindIndex => ({ of, into, fold }),
  );
  const fixed = (table: TableFacts): readonly string[] => [
    ...new Set([...table.primaryKey.columns, scope.name]),
  ];
  const refusal = (table: TableFacts): string =>
    `a row of ${table.name} never changes its ${fixed(table).join(', ')}, to which its ciphertexts are bound`;
  const name = (table: TableFacts): string => objectName(table.name, 'encrypted_update');
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'encrypted',
    summary:
      'The plaintext of an encrypted column never reaches the database; shredding the key of a scope makes the scope’s data unreadable.',
    facts: ({ name: table, columns }: DeclaredColumns): GuaranteeFacts => ({
      encryption: {
        scope: scope?.name,
        keys,
        columns: Object.values(columns).filter((column) => column.plaintext),
        blindIndexes,
        boundTable: bound.table ?? table,
        boundColumn: (column) => bound.columns?.[column] ?? column,
      },
    }),
    frozen: fixed,
    validate: (table: TableFacts) => {
      assertOwn(table, 'encrypted', [scope, ...blindIndexes.flatMap(({ of, into }) => [of, into])]);
      assertScope(table, options);
      assertKeys(table, keys);
      for (const index of blindIndexes) assertBlindIndex(table, index);
      assertUncompared(table);
      assertBound(table, bound);
    },
    sqlite: {
      level: 'enforced' as const,
      objects: (table: TableFacts) => [
        sqliteTrigger({
          name: name(table),
          on: 'BEFORE UPDATE',
          table: table.name,
          when: fixed(table)
            .map((column) => `NEW.${identifier(column)} IS NOT OLD.${identifier(column)}`)
            .join(' OR '),
          body: [`SELECT ${raiseOnSqlite('encrypted', refusal(table))}`],
        }),
      ],
    },
    postgres: {
      level: 'enforced' as const,
      objects: (table: TableFacts) => [
        triggerFunction(name(table), raiseOnPostgres('encrypted', refusal(table))),
        alwaysTrigger({
          name: name(table),
          on: 'BEFORE UPDATE',
          table: table.name,
          when: fixed(table)
            .map((column) => `NEW.${identifier(column)} IS DISTINCT FROM OLD.${identifier(column)}`)
            .join(' OR '),
          calls: name(table),
        }),
      ],
    },
    attacks: encryptedAttacks,
    data: encryptedData,
  });
}

const assertScope = (table: TableFacts, { scope }: EncryptedOptions): void => {
  const ciphertext = Object.values(table.columns).some((column) => column.plaintext);
  if (!ciphertext)
    throw invalidTable(
      table.name,
      'encrypted() is declared, but no column is encrypted.',
      'Declare an encrypted column: email: ciphertext(z.email()).',
    );
  if (scope.plaintext)
    throw invalidTable(
      table.name,
      `the scope column ${scope.name} is encrypted.`,
      'Choose a column that is not encrypted.',
    );
  if (scope.nullable)
    throw invalidTable(
      table.name,
      `the scope column ${scope.name} is nullable.`,
      'Remove .nullable(): every row needs a scope.',
    );
  if (!['text', 'uuid', 'integer'].includes(scope.kind))
    throw invalidTable(
      table.name,
      `the scope column ${scope.name} has the type ${scope.kind}.`,
      'Use a text, uuid or whole number column.',
    );
  for (const name of new Set([...table.primaryKey.columns, scope.name])) {
    const column = table.columns[name];
    if (column?.generated !== 'identity' && !(column && isFilledByClock(column))) continue;
    throw invalidTable(
      table.name,
      `${name} is generated by the database, but ciphertexts are bound to its value, which must be known before the insert.`,
      'Use id(), or a column whose value the insert gives.',
    );
  }
};

const assertKeys = (table: TableFacts, keys: TableFacts): void => {
  if (keys?.facts?.keyring) return;
  throw invalidTable(
    table.name,
    'encrypted() names no keyring that holds its data keys.',
    "Give keys: keyring('data_keys').",
  );
};

const assertBlindIndex = (table: TableFacts, { of, into }: BlindIndex): void => {
  if (!of.plaintext)
    throw invalidTable(
      table.name,
      `the blind index of ${of.name} is not needed: the column is not encrypted.`,
      'Use index(…).',
    );
  if (into.kind !== 'bytes' || into.plaintext || !into.nullable || into.default !== undefined) {
    throw invalidTable(table.name, `${into.name} cannot hold a blind index.`, 'Make it bytes().nullable().');
  }
};

// the ciphertexts of equal values differ, so that a key over them would never find a duplicate
const assertUncompared = (table: TableFacts): void => {
  const ciphertext = (name: string): boolean => table.columns[name]?.plaintext !== undefined;
  const keys = [table.primaryKey, ...table.uniques, ...table.foreignKeys, ...table.indexes];
  for (const key of keys) {
    const column = key.columns.find(ciphertext);
    if (column === undefined) continue;
    throw invalidTable(
      table.name,
      `${key.name} compares ${column}, which is encrypted: equal values have different ciphertexts.`,
      'Use a blind index of the column instead.',
    );
  }
  for (const index of table.expressionIndexes) {
    const column = columnsIn(table, index).find(ciphertext);
    if (column === undefined) continue;
    throw invalidTable(
      table.name,
      `${index.name} computes with ${column}, which is encrypted.`,
      'Use a blind index of the column instead.',
    );
  }
  const { versions, retention } = table.facts;
  const compared = [
    ...(versions?.key ?? []).map((column) => ['versioned', column] as const),
    ...(retention?.scope === undefined ? [] : [['retained', retention.scope] as const]),
  ].find(([, column]) => ciphertext(column));
  if (compared === undefined) return;
  const [guarantee, column] = compared;
  throw invalidTable(
    table.name,
    `${guarantee} compares ${column}, which is encrypted: equal values have different ciphertexts.`,
    'Let it compare a column that is not encrypted, such as the scope.',
  );
};

const assertBound = (table: TableFacts, { columns = {} }: NonNullable<EncryptedOptions['bound']>): void => {
  const lost = Object.keys(table.renames).find(
    (name) => table.columns[name]?.plaintext !== undefined && columns[name] === undefined,
  );
  if (lost === undefined) return;
  throw invalidTable(
    table.name,
    `${lost} was renamed, but its ciphertexts are bound to the name ${table.renames[lost]}.`,
    `Add bound: { columns: { ${lost}: '${table.renames[lost]}' } }.`,
  );
};
