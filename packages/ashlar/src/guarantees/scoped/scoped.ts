import type { Column } from '../../contract/column.js';
import type { Guarantee, GuaranteeObject, GuardedTable } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, scopeValue } from '../../model/index.js';
import { invalidTable } from '../../model/invalid-table.js';
import { indexObject } from '../../sql/index-object.js';
import { objectName } from '../../sql/object-name.js';
import { assertOwn } from '../shared/declaration.js';
import { attacksOnScope } from './attacks.js';
import { policyOnPartition, scopedOnPostgres, scopeOnPostgres } from './postgres.js';
import { scopedOnSqlite } from './sqlite.js';

const kinds = new Set(['uuid', 'text', 'integer']);

/**
 * A session reads and writes the rows of its own scope only.
 *
 * A session without a scope reaches no row; one of `everyScope` reaches all. What guarantees put beside the table, such as
 * the entries of its ledger, only `everyScope` or the owner reads. A scope that comes from outside must be
 * checked before it is given to a session: `everyScope` is a text like any other.
 *
 * @param column - whose row it is: a uuid, a text or a whole number. But for numbers it may be NULL: such a row is nobody's,
 *   and only `everyScope` reaches it
 * @throws AshlarError `table-invalid`, when the table is declared, if the column does not fit
 *
 * @example
 * table('dossiers', { id: id(), client_id: z.uuid(), body: z.string() }, (c) => [scoped(c.client_id)]);
 */
export function scoped(column: Column): Guarantee {
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'scoped',
    summary: 'A session reads and writes the rows of its own scope only.',
    facts: () => ({ scope: column }),
    validate: (table: TableFacts) => assertScopeColumn(table, column),
    sqlite: {
      level: 'emulated' as const,
      weaker:
        'A file has no roles: whoever opens it by other means than Ashlar reads every scope. In a session, views of the ' +
        'tables’ names and a look at each statement keep reads in the scope, triggers keep writes in it; a view that a ' +
        'migration makes does not. Errors and timing of SQL that a caller writes freely may tell of other rows.',
      readsSession: true,
      objects: (table: GuardedTable) => [
        ...scopeIndex(table, column, scopeValue),
        ...scopedOnSqlite(table, column),
      ],
    },
    postgres: {
      level: 'enforced' as const,
      objects: (table: GuardedTable) => [
        ...scopeIndex(table, column, scopeOnPostgres),
        ...scopedOnPostgres(table, column),
      ],
      onPartition: (table: GuardedTable, partition: string) => policyOnPartition(table, column, partition),
    },
    attacks: (table: GuardedTable, probe) => attacksOnScope(table, column, probe),
  } satisfies Guarantee);
}

const assertScopeColumn = (table: TableFacts, column: Column): void => {
  assertOwn(table, 'scoped', [column]);
  if (!kinds.has(column.kind)) {
    throw invalidTable(
      table.name,
      `${column.name} cannot be a scope.`,
      'Scope by a uuid, a text or a whole number.',
    );
  }
  // '' stands for NULL where scopes are compared: no number is no scope
  if (column.nullable && column.kind === 'integer')
    throw invalidTable(
      table.name,
      `${column.name} is nullable, but each row has a scope.`,
      'Remove .nullable(); only a uuid or a text can leave open whose row it is.',
    );
  if (column.generated === 'identity') {
    throw invalidTable(
      table.name,
      `${column.name} counts by itself, so that no session could insert into its own scope.`,
      'Give the key with the row, as id() does.',
    );
  }
};

// the scope is part of every condition
const scopeIndex = (
  table: GuardedTable,
  column: Column,
  compared: typeof scopeValue,
): readonly GuaranteeObject[] => {
  const name = objectName(table.name, column.name, 'scope_idx');
  if (column.nullable) {
    const value = compared(column, identifier(column.name));
    return [
      {
        type: 'index',
        name,
        sql: `CREATE INDEX ${identifier(name)} ON ${identifier(table.name)} (${value})`,
      },
    ];
  }
  const keys = [
    table.primaryKey,
    ...table.uniques,
    ...table.indexes.filter((index) => index.where === undefined),
  ];
  if (keys.some((key) => key.columns[0] === column.name)) return [];
  return [indexObject(name, table.name, [column.name])];
};
