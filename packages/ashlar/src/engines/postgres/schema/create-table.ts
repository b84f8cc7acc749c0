import type { GuaranteeObject, GuardedTable, PostgresEnforcement } from '../../../contract/guarantee.js';
import type { Key } from '../../../contract/table.js';
import { AshlarError } from '../../../errors.js';
import { identifier, identifiers, sideObjects } from '../../../model/index.js';
import { withoutSemicolon } from '../../../sql/code.js';
import { declaredIndexes } from '../../../sql/declared-indexes.js';
import { foreignKeyText } from '../../../sql/foreign-key.js';
import { sql } from '../../../sql/template.js';
import { columnDefinition } from './column-sql.js';
import { modelComments } from './comments.js';
import { generatedColumnObjects } from './generated-columns.js';
import { laterKeys } from './later-keys.js';

const constraint = (name: string, sql: string): string => `CONSTRAINT ${identifier(name)} ${sql}`;

/** Returns the statement that adds a constraint to a table. */
export function addConstraintSql(table: string, name: string, definition: string): string {
  return `ALTER TABLE ${identifier(table)} ADD ${constraint(name, definition)}`;
}

const keySql = (kind: string, { columns }: Key): string => `${kind} (${identifiers(columns)})`;

/** Returns the name and the definition of each constraint of a table. */
export function tableConstraints(
  table: GuardedTable,
): readonly { readonly name: string; readonly sql: string }[] {
  return [
    { name: table.primaryKey.name, sql: keySql('PRIMARY KEY', table.primaryKey) },
    ...table.uniques.map((key) => ({
      name: key.name,
      sql: keySql(key.nullsEqual.length > 0 ? 'UNIQUE NULLS NOT DISTINCT' : 'UNIQUE', key),
    })),
    ...table.foreignKeys.map((key) => ({ name: key.name, sql: foreignKeyText(key) })),
    ...table.checks.map((check) => ({ name: check.name, sql: `CHECK (${check.sql.postgres})` })),
  ];
}

const enforcements = (table: GuardedTable): readonly PostgresEnforcement[] =>
  table.guarantees.map(({ name, postgres }) => {
    if (postgres.level !== 'refused') return postgres;
    throw new AshlarError('guarantee-refused', {
      message: `PostgreSQL cannot enforce the guarantee "${name}" of the table ${table.name}.`,
      detail: postgres.why,
      suggestion: 'Use another engine for this table, or remove the guarantee.',
    });
  });

const enforcedObjects = (table: GuardedTable): readonly GuaranteeObject[] => {
  // an engine that refuses a guarantee refuses the table
  enforcements(table);
  return sideObjects(table, 'postgres');
};

// a trigger calls a function, and an index must exist before a trigger fires
const order: readonly GuaranteeObject['type'][] = ['table', 'index', 'function', 'policy', 'trigger'];

/**
 * Returns the objects of a table's generated columns and guarantees, in the order in which they can be created.
 *
 * @throws AshlarError `guarantee-refused`
 */
export function tableObjects(table: GuardedTable): readonly GuaranteeObject[] {
  const objects = [...generatedColumnObjects(table), ...enforcedObjects(table)];
  return order.flatMap((type) =>
    objects
      .filter((object) => object.type === type)
      .map((object) => ({ ...object, sql: withoutSemicolon(object.sql) })),
  );
}

/**
 * Returns the CREATE TABLE statement of a table, including its constraints and clauses such as PARTITION BY.
 *
 * @param later - the names of the foreign keys that are added after other tables
 * @throws AshlarError `guarantee-refused`
 */
export function tableSql(table: GuardedTable, later: ReadonlySet<string> = new Set()): string {
  const constraints = tableConstraints(table).filter(({ name }) => !later.has(name));
  const lines = [
    ...Object.values(table.columns).map(columnDefinition),
    ...enforcements(table).flatMap(({ columns }) => columns ?? []),
    ...constraints.map(({ name, sql }) => constraint(name, sql)),
  ];
  const clauses = enforcements(table).flatMap(({ clause }) => (clause ? [clause(table)] : []));
  return sql`
    CREATE TABLE ${identifier(table.name)} (
      ${lines.join(',\n')}
    )${clauses.map((clause) => ` ${clause}`).join('')}
  `;
}

/**
 * Returns the statements that create a table with its indexes and the objects of its guarantees; of another tool's table
 * those of its guarantees only.
 *
 * @param later - the names of the foreign keys that are added after other tables
 * @throws AshlarError `guarantee-refused`
 */
export function createTable(table: GuardedTable, later?: ReadonlySet<string>): readonly string[] {
  const objects = tableObjects(table).map(({ sql }) => sql);
  if (table.external) return objects;
  return [
    tableSql(table, later),
    ...declaredIndexes(table, 'postgres').map(({ sql }) => sql),
    ...modelComments(table),
    ...objects,
  ];
}

/**
 * Returns the statements that create tables in the given order, and then the foreign keys that refer to a later one of
 * them.
 *
 * @param andThen - returns the statements that follow those of a table
 * @throws AshlarError `guarantee-refused`
 */
export function createTables(
  tables: readonly GuardedTable[],
  andThen: (table: GuardedTable) => readonly string[] = () => [],
): readonly string[] {
  const later = laterKeys(tables, ({ foreignKeys }) =>
    foreignKeys.map(({ name, target }) => ({ name, target: target.table })),
  );
  return [
    ...tables.flatMap((table) => [...createTable(table, later.get(table)), ...andThen(table)]),
    ...tables.flatMap((table) =>
      (table.external ? [] : tableConstraints(table))
        .filter(({ name }) => later.get(table)?.has(name))
        .map(({ name, sql }) => addConstraintSql(table.name, name, sql)),
    ),
  ];
}
