import type { GuardedTable } from '../contract/guarantee.js';
import type { Extent, Privilege, TableRights } from '../contract/rights.js';
import { identityColumn } from './generated-columns.js';

/** The rights of the application's role on side tables: SELECT only. */
export const readOnlyRights: TableRights = Object.freeze({
  select: 'all',
  insert: [],
  update: [],
  delete: [],
});

/** The rights of the application's role on side tables of a scoped table: none. */
export const noRights: TableRights = Object.freeze({ select: [], insert: [], update: [], delete: [] });

/**
 * Returns the rights of the application's role on a table: all rights that no guarantee withholds. Only the database
 * writes a generated key: SET DEFAULT and OVERRIDING SYSTEM VALUE would need a right on it.
 */
export function rightsOf(table: GuardedTable): TableRights {
  const all = table.guarantees.flatMap(({ postgres }) =>
    postgres.level !== 'refused' && postgres.rights ? [postgres.rights(table)] : [],
  );
  const withheld = new Set(all.flatMap((rights) => rights.withheld ?? []));
  const columns = Object.keys(table.columns);
  const identity = identityColumn(table)?.name;
  // the tool may give any column, and add columns that no right on single columns would cover
  const notInsertable = new Set(
    table.external
      ? []
      : [
          ...all.flatMap((rights) => rights.notInsertable ?? []),
          ...(identity === undefined ? [] : [identity]),
        ],
  );
  const updatable = [
    ...all.flatMap((rights) => (rights.updatable ? [rights.updatable] : [])),
    ...(identity === undefined ? [] : [columns.filter((name) => name !== identity)]),
  ];
  const unless = (privilege: Privilege, extent: Extent): Extent => (withheld.has(privilege) ? [] : extent);
  return {
    select: unless('select', 'all'),
    insert: unless(
      'insert',
      notInsertable.size === 0 ? 'all' : columns.filter((name) => !notInsertable.has(name)),
    ),
    update: unless(
      'update',
      updatable.length === 0 ? 'all' : columns.filter((name) => updatable.every((set) => set.includes(name))),
    ),
    delete: unless('delete', 'all'),
  };
}
