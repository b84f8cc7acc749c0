import type { SqlDialect } from '../contract/dialect.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { Schema, SchemaChange } from '../contract/schema.js';
import { identifier } from '../model/index.js';

/**
 * Returns the changes with the statements that fill the new side tables of tables that exist. Each runs right after its
 * table is made: the triggers of a side table refuse what only a guarantee writes.
 *
 * @param before - the schema before the changes
 */
export function withFills(
  { name }: SqlDialect,
  model: readonly GuardedTable[],
  before: Schema,
  changes: readonly SchemaChange[],
): readonly SchemaChange[] {
  const existing = new Set(before.tables.map((table) => table.name));
  const fills = model
    .filter((table) => existing.has(table.name))
    .flatMap((table) =>
      table.guarantees.flatMap((guarantee) => {
        const enforcement = guarantee[name];
        return enforcement.level === 'refused' ? [] : (enforcement.objects?.(table) ?? []);
      }),
    )
    .flatMap(({ type, name: of, fill }) =>
      type === 'table' && fill !== undefined && !existing.has(of) ? [{ of, fill }] : [],
    );
  return changes.map((change) => {
    const up = change.up.flatMap((sql) => {
      const found = fills.find(({ of }) => sql.trimStart().startsWith(`CREATE TABLE ${identifier(of)} (`));
      return found ? [sql, found.fill] : [sql];
    });
    return up.length === change.up.length ? change : { ...change, up };
  });
}
