import type { Column } from '../../../contract/column.js';
import type { GuardedTable } from '../../../contract/guarantee.js';
import type { Unique } from '../../../contract/table.js';
import { AshlarError } from '../../../errors.js';
import { identifier, identifiers, nullsAlike } from '../../../model/index.js';
import { codeOf, hasWords, nameOf, triggerTable, withoutSemicolon } from '../../../sql/code.js';
import { declaredIndexes } from '../../../sql/declared-indexes.js';
import { foreignKeyText } from '../../../sql/foreign-key.js';
import { columnCondition, columnDefault, columnType } from './column-sql.js';
import { foreignKeyGuards } from './foreign-key-guard.js';
import { generatedColumnObjects } from './generated-columns.js';
import { type ColumnParts, tableText } from './layout.js';

const columnParts = (column: Column): ColumnParts => {
  const identity = column.generated === 'identity';
  const standard = columnDefault(column);
  const condition = columnCondition(column);
  const rules = [
    identity
      ? `CONSTRAINT ${column.table}_pkey PRIMARY KEY AUTOINCREMENT`
      : column.nullable
        ? ''
        : 'NOT NULL',
    standard === undefined ? '' : `DEFAULT ${standard}`,
    column.expression ? `GENERATED ALWAYS AS (${column.expression.sqlite}) STORED` : '',
  ];
  return {
    name: identifier(column.name),
    type: columnType(column),
    rules: rules.filter(Boolean).join(' '),
    check:
      condition === undefined
        ? ''
        : `CONSTRAINT ${identifier(`${column.table}_${column.name}_check`)} CHECK (${condition})`,
  };
};

const constraintLines = (table: GuardedTable): string[] => {
  const identity = Object.values(table.columns).some((column) => column.generated === 'identity');
  const { primaryKey, uniques, foreignKeys, checks } = table;
  return [
    ...(identity ? [] : [`CONSTRAINT ${primaryKey.name} PRIMARY KEY (${identifiers(primaryKey.columns)})`]),
    ...uniques
      .filter(({ nullsEqual }) => nullsEqual.length === 0)
      .map((key) => `CONSTRAINT ${identifier(key.name)} UNIQUE (${identifiers(key.columns)})`),
    ...foreignKeys.map((key) => `CONSTRAINT ${identifier(key.name)} ${foreignKeyText(key)}`),
    ...checks.map((check) => `CONSTRAINT ${identifier(check.name)} CHECK (${check.sql.sqlite})`),
  ];
};

// SQLite has no NULLS NOT DISTINCT, but an index may be over an expression that has a value for NULL
const uniqueStatement = ({ name }: GuardedTable, key: Unique): string => {
  const parts = key.columns.flatMap((column) =>
    key.nullsEqual.includes(column) ? nullsAlike(identifier(column)) : [identifier(column)],
  );
  return `CREATE UNIQUE INDEX ${identifier(key.name)} ON ${identifier(name)} (${parts.join(', ')})`;
};

const enforcements = (table: GuardedTable) =>
  table.guarantees.map((guarantee) => {
    if (guarantee.sqlite.level === 'refused') {
      throw new AshlarError('guarantee-refused', {
        message: `SQLite cannot enforce the guarantee "${guarantee.name}" of the table ${table.name}.`,
        detail: guarantee.sqlite.why,
        suggestion: 'Use PostgreSQL for this table, or remove the guarantee from the table.',
      });
    }
    return guarantee.sqlite;
  });

/**
 * Generates the CREATE TABLE statement of a table, under another name if one is given. Its constraints keep their names and
 * targets.
 *
 * @throws AshlarError `guarantee-refused`
 */
export function tableStatement(table: GuardedTable, name = table.name): string {
  const options = ['STRICT', ...enforcements(table).flatMap(({ clause }) => clause?.(table) ?? [])];
  return tableText(
    identifier(name),
    Object.values(table.columns).map(columnParts),
    constraintLines(table),
    options.join(', '),
  );
}

/**
 * Generates readable statements that create a table, its indexes and the objects of its guarantees; of another tool's table
 * the objects of its guarantees only. None ends with a semicolon.
 *
 * @throws AshlarError `guarantee-refused`
 */
export function createTable(table: GuardedTable): readonly string[] {
  const objects = enforcements(table)
    .flatMap((enforcement) => enforcement.objects(table))
    .map(({ sql }) => withoutSemicolon(sql));
  if (table.external) return objects;
  return [
    tableStatement(table),
    ...table.uniques
      .filter(({ nullsEqual }) => nullsEqual.length > 0)
      .map((key) => uniqueStatement(table, key)),
    ...declaredIndexes(table, 'sqlite').map(({ sql }) => sql),
    ...foreignKeyGuards(table),
    ...generatedColumnObjects(table).map(({ sql }) => sql),
    ...objects,
  ];
}

/**
 * Returns the statements of {@link createTable} without those that make triggers on other tables: where those exist, the
 * trigger is a change of them.
 *
 * @param own - the tables that the statements make: the table itself, and those of its guarantees
 */
export function createOwn(table: GuardedTable, own: ReadonlySet<string>): readonly string[] {
  return createTable(table).filter((statement) => {
    const words = codeOf(statement, 'sqlite');
    return !hasWords(words, 0, 'CREATE', 'TRIGGER') || own.has(triggerTable(words));
  });
}

/** Returns the indexes and triggers that statements make, by type and name: `trigger jobs_audited`. */
export function createdNames(statements: readonly string[]): ReadonlySet<string> {
  return new Set(
    statements.flatMap((statement) => {
      const all = codeOf(statement, 'sqlite').filter(({ word }) => word !== 'UNIQUE');
      const [create, type] = all;
      const name = all[hasWords(all, 2, 'IF', 'NOT', 'EXISTS') ? 5 : 2];
      const isPart = create?.word === 'CREATE' && (type?.word === 'INDEX' || type?.word === 'TRIGGER');
      return isPart && name ? [`${type.word.toLowerCase()} ${nameOf(name)}`] : [];
    }),
  );
}
