import type { DataCheck } from '../../contract/data-check.js';
import type { SqlDialect } from '../../contract/dialect.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import type { SystemFacts } from '../../contract/system.js';
import type { Tables } from '../../model/index.js';
import { declaredChecks, doubledRows } from './declared.js';

/** A check with the name of the guarantee that it belongs to. */
export type NamedCheck = DataCheck & { readonly guarantee: string };

/** All checks of the rows of one table. */
export interface TableChecks {
  readonly table: GuardedTable;
  /** The checks of each row. */
  readonly checks: readonly NamedCheck[];
  /** The checks of the whole table. */
  readonly atOnce: readonly NamedCheck[];
}

/** Collects the checks of all tables of a system: of each table those that it declares, and those of every guarantee. */
export function checksOf(
  { tables: declared }: SystemFacts<Tables>,
  dialect: SqlDialect,
): readonly TableChecks[] {
  const tables: readonly GuardedTable[] = Object.values(declared);
  const context = { dialect: dialect.name, tables };
  const all = tables.flatMap((table) => [
    ...[
      ...declaredChecks(table, dialect),
      ...(dialect.proving.withoutIndexes ? doubledRows(table, dialect) : []),
    ].map((check) => ({
      of: table.name,
      guarantee: 'declaration',
      ...check,
    })),
    ...table.guarantees
      .filter((guarantee) => guarantee[dialect.name].level !== 'refused')
      .flatMap(({ name, data }) =>
        (data?.(table, context) ?? []).map((check) => ({ of: table.name, guarantee: name, ...check })),
      ),
  ]);
  return tables.map((table) => ({
    table,
    checks: all.filter(({ of, atOnce = false }) => of === table.name && !atOnce),
    atOnce: all.filter(({ of, atOnce = false }) => of === table.name && atOnce),
  }));
}
