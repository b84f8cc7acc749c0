import type { GuardedTable } from '../../../contract/guarantee.js';
import { identifier } from '../../../model/index.js';
import { declaredIndexes } from '../../../sql/declared-indexes.js';
import { columnCheck } from './column-sql.js';
import { tableConstraints, tableObjects } from './create-table.js';

/**
 * The model's SQL for the constraints, indexes and guarantee objects of a table; it is easier to read than the server's
 * SQL.
 */
export interface ModelSql {
  readonly constraints: ReadonlyMap<string, string>;
  readonly indexes: ReadonlyMap<string, string>;
  /**
   * The SQL of guarantee objects by type and name (`trigger jobs_audited`), because a trigger and its function may have
   * the same name.
   */
  readonly objects: ReadonlyMap<string, string>;
}

/** Returns the key of an object among {@link ModelSql.objects}; the server describes a function by its quoted name. */
export function modelKey(type: string, name: string): string {
  return `${type} ${type === 'function' ? identifier(name) : name}`;
}

/**
 * Returns the model's SQL for the constraints, indexes and guarantee objects of a table; nothing if `table` is
 * `undefined`.
 *
 * @throws AshlarError `guarantee-refused`
 */
export function modelSql(table: GuardedTable | undefined): ModelSql {
  if (!table) return { constraints: new Map(), indexes: new Map(), objects: new Map() };
  const checks = Object.values(table.columns).flatMap((column) => columnCheck(column) ?? []);
  return {
    constraints: new Map([...checks, ...tableConstraints(table)].map(({ name, sql }) => [name, sql])),
    indexes: new Map(declaredIndexes(table, 'postgres').map(({ name, sql }) => [name, sql])),
    objects: new Map(tableObjects(table).map(({ type, name, sql }) => [modelKey(type, name), sql])),
  };
}
