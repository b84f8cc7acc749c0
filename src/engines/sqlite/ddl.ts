import { AshlarError } from '../../errors.js';
import {
  type Column,
  type ForeignKey,
  type Index,
  identifier,
  identifiers,
  type Table,
} from '../../table/index.js';
import { columnCondition, columnDefault, columnType } from './column-sql.js';

const lineWidth = 110;

/** A column's parts, in the order in which they are written. */
interface ColumnParts {
  readonly name: string;
  readonly type: string;
  readonly rules: string;
  readonly check: string | undefined;
}

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
  ];
  return {
    name: identifier(column.name),
    type: columnType(column),
    rules: rules.filter(Boolean).join(' '),
    check: condition && `CONSTRAINT ${column.table}_${column.name}_check CHECK (${condition})`,
  };
};

const columnLine = (parts: ColumnParts, nameWidth: number, typeWidth: number): string => {
  const start = `  ${parts.name.padEnd(nameWidth)} ${parts.type.padEnd(typeWidth)} ${parts.rules}`.trimEnd();
  if (!parts.check) return start;
  if (start.length + parts.check.length < lineWidth) return `${start} ${parts.check}`;
  return `${start}\n${' '.repeat(nameWidth + 3)}${parts.check}`;
};

/** The definition of one column, on one line: what ALTER TABLE … ADD COLUMN takes. */
export const columnDefinition = (column: Column): string => {
  const { name, type, rules, check } = columnParts(column);
  return [name, type, rules, check].filter(Boolean).join(' ');
};

const foreignKeyLine = (key: ForeignKey): string =>
  [
    `  CONSTRAINT ${identifier(key.name)} FOREIGN KEY (${identifiers(key.columns)})`,
    `REFERENCES ${identifier(key.target.table)} (${identifiers(key.target.columns)})`,
    `ON DELETE ${key.onDelete.toUpperCase()}`,
  ].join(' ');

const constraintLines = (table: Table): string[] => {
  const identity = Object.values(table.columns).some((column) => column.generated === 'identity');
  const { primaryKey, uniques, foreignKeys, checks } = table;
  return [
    ...(identity ? [] : [`  CONSTRAINT ${primaryKey.name} PRIMARY KEY (${identifiers(primaryKey.columns)})`]),
    ...uniques.map((key) => `  CONSTRAINT ${identifier(key.name)} UNIQUE (${identifiers(key.columns)})`),
    ...foreignKeys.map(foreignKeyLine),
    ...checks.map((check) => `  CONSTRAINT ${identifier(check.name)} CHECK (${check.sql.sqlite})`),
  ];
};

const indexStatement = (table: Table, index: Index): string => {
  const kind = index.unique ? 'UNIQUE INDEX' : 'INDEX';
  const where = index.where === undefined ? '' : ` WHERE ${index.where}`;
  return `CREATE ${kind} ${identifier(index.name)} ON ${identifier(table.name)} (${identifiers(index.columns)})${where}`;
};

const keepings = (table: Table) =>
  table.guarantees.map((guarantee) => {
    if (guarantee.sqlite.level === 'refused') {
      throw new AshlarError('guarantee-refused', {
        message: `SQLite cannot keep the guarantee "${guarantee.name}" of the table ${table.name}.`,
        detail: guarantee.sqlite.why,
        suggestion: 'Use PostgreSQL for it, or take the guarantee off the table.',
      });
    }
    return guarantee.sqlite;
  });

/**
 * The statements that create a table, its indexes and what keeps its guarantees, as a person would write them; none
 * ends with a semicolon.
 *
 * @throws AshlarError `guarantee-refused`
 */
export const createTable = (table: Table): readonly string[] => {
  const keeping = keepings(table);
  const columns = Object.values(table.columns).map(columnParts);
  const nameWidth = Math.max(...columns.map(({ name }) => name.length));
  const typeWidth = Math.max(...columns.map(({ type }) => type.length));
  const lines = [
    ...columns.map((parts) => columnLine(parts, nameWidth, typeWidth)),
    ...constraintLines(table),
  ];
  const options = ['STRICT', ...keeping.flatMap(({ clause }) => clause?.(table) ?? [])];
  return [
    `CREATE TABLE ${identifier(table.name)} (\n${lines.join(',\n')}\n) ${options.join(', ')}`,
    ...table.indexes.map((index) => indexStatement(table, index)),
    ...keeping.flatMap(({ objects }) => objects(table)).map(({ sql }) => sql.trim().replace(/;$/, '')),
  ];
};
