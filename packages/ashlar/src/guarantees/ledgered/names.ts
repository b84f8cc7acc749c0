import type { TableFacts } from '../../contract/table.js';
import { objectName } from '../../sql/object-name.js';

/** The side tables and functions of a ledger. */
export interface LedgerNames {
  /** The canonical bytes of each row, once. */
  readonly entries: string;
  /** Leaves at level 0, and at level n the roots of full runs of 256ⁿ leaves. */
  readonly tree: string;
  /** Size and root after each sealed block. */
  readonly blocks: string;
  /** One row: the state from which sealing continues. Verification never trusts it. */
  readonly head: string;
  /** The trigger on the table: on SQLite it writes the entry, on Postgres it stamps the row. */
  readonly append: string;
  /** The trigger's function, on Postgres. */
  readonly stamp: string;
  /** The function that seals. */
  readonly seal: string;
}

/** The names of a ledger's parts. */
export function ledgerNames({ name }: Pick<TableFacts, 'name'>): LedgerNames {
  return {
    entries: objectName(name, 'ledger_entries'),
    tree: objectName(name, 'ledger_tree'),
    blocks: objectName(name, 'ledger_blocks'),
    head: objectName(name, 'ledger_head'),
    append: objectName(name, 'ledger_append'),
    stamp: objectName(name, 'ledger_stamp'),
    seal: objectName(name, 'ledger_seal'),
  };
}

/** The columns of a table's primary key, in its order. */
export function keyColumns({ primaryKey, columns }: TableFacts) {
  return primaryKey.columns.flatMap((name) => columns[name] ?? []);
}
