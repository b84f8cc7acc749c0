import type { GuardedTable } from '../../../contract/guarantee.js';
import { columnCheck } from './column-sql.js';
import { guaranteeObjects, indexSql, tableConstraints } from './create-table.js';

/** The model's SQL for the named parts of a table, which is easier to read than the server's description. */
export interface ModelSql {
  readonly constraints: ReadonlyMap<string, string>;
  readonly indexes: ReadonlyMap<string, string>;
  /**
   * The objects of guarantees by type and name (`trigger jobs_audited`): a trigger and its function may have the same
   * name.
   */
  readonly objects: ReadonlyMap<string, string>;
}

/**
 * Returns the SQL of the named parts of a model's table; empty if `table` is `undefined`.
 *
 * @throws AshlarError `guarantee-refused`
 */
export function modelSql(table: GuardedTable | undefined): ModelSql {
  if (!table) return { constraints: new Map(), indexes: new Map(), objects: new Map() };
  const checks = Object.values(table.columns).flatMap((column) => columnCheck(column) ?? []);
  return {
    constraints: new Map([...checks, ...tableConstraints(table)].map(({ name, sql }) => [name, sql])),
    indexes: new Map(table.indexes.map((index) => [index.name, indexSql(table, index)])),
    objects: new Map(guaranteeObjects(table).map(({ type, name, sql }) => [`${type} ${name}`, sql])),
  };
}
