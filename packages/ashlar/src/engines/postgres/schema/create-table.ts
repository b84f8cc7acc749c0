import { AshlarError } from '../../../errors.js';
import {
  type ForeignKey,
  type GuaranteeObject,
  type Index,
  identifier,
  identifiers,
  type Key,
  type PostgresEnforcement,
  type Table,
} from '../../../model/index.js';
import { withoutSemicolon } from '../../../sql/code.js';
import { sql } from '../../../sql/template.js';
import { columnDefinition } from './column-sql.js';

const constraint = (name: string, sql: string): string => `CONSTRAINT ${identifier(name)} ${sql}`;

const foreignKeySql = ({ columns, target, onDelete }: ForeignKey): string =>
  `FOREIGN KEY (${identifiers(columns)}) REFERENCES ${identifier(target.table)} (${identifiers(target.columns)})` +
  ` ON DELETE ${onDelete.toUpperCase()}`;

const keySql = (kind: string, { columns }: Key): string => `${kind} (${identifiers(columns)})`;

/** The constraints that stand behind the columns: name and definition. */
export const tableConstraints = (
  table: Table,
): readonly { readonly name: string; readonly sql: string }[] => [
  { name: table.primaryKey.name, sql: keySql('PRIMARY KEY', table.primaryKey) },
  ...table.uniques.map((key) => ({
    name: key.name,
    sql: keySql(key.nullsEqual.length > 0 ? 'UNIQUE NULLS NOT DISTINCT' : 'UNIQUE', key),
  })),
  ...table.foreignKeys.map((key) => ({ name: key.name, sql: foreignKeySql(key) })),
  ...table.checks.map((check) => ({ name: check.name, sql: `CHECK (${check.sql.postgres})` })),
];

/** The statement that makes an index of a table. */
export const indexSql = (table: Table, { name, columns, unique, where }: Index): string =>
  `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${identifier(name)} ON ${identifier(table.name)} (${identifiers(columns)})` +
  (where === undefined ? '' : ` WHERE ${where}`);

const enforcements = (table: Table): readonly PostgresEnforcement[] =>
  table.guarantees.map(({ name, postgres }) => {
    if (postgres.level !== 'refused') return postgres;
    throw new AshlarError('guarantee-refused', {
      message: `PostgreSQL cannot keep the guarantee ${name} of the table ${table.name}.`,
      detail: postgres.why,
      suggestion: 'Use another engine for this table, or remove the guarantee.',
    });
  });

// a trigger calls a function, a table's index is there before anything fires
const order: readonly GuaranteeObject['type'][] = ['table', 'index', 'function', 'policy', 'trigger'];

/** What the guarantees of a table put beside it, in the order in which it can be made. @throws AshlarError `guarantee-refused` */
export const guaranteeObjects = (table: Table): readonly GuaranteeObject[] => {
  const objects = enforcements(table).flatMap((enforcement) => enforcement.objects(table));
  return order.flatMap((type) =>
    objects
      .filter((object) => object.type === type)
      .map((object) => ({ ...object, sql: withoutSemicolon(object.sql) })),
  );
};

/** CREATE TABLE with all that stands inside and right behind it. @throws AshlarError `guarantee-refused` */
export const tableSql = (table: Table): string => {
  const lines = [
    ...Object.values(table.columns).map(columnDefinition),
    ...enforcements(table).flatMap(({ columns }) => columns ?? []),
    ...tableConstraints(table).map(({ name, sql }) => constraint(name, sql)),
  ];
  const clauses = enforcements(table).flatMap(({ clause }) => (clause ? [clause(table)] : []));
  return sql`
    CREATE TABLE ${identifier(table.name)} (
      ${lines.join(',\n')}
    )${clauses.map((clause) => ` ${clause}`).join('')}
  `;
};

/**
 * The statements that create a table with its indexes and the objects of its guarantees.
 *
 * @throws AshlarError `guarantee-refused`
 */
export const createTable = (table: Table): readonly string[] => [
  tableSql(table),
  ...table.indexes.map((index) => indexSql(table, index)),
  ...guaranteeObjects(table).map(({ sql }) => sql),
];
