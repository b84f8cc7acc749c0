import type { TableFacts } from '../../contract/table.js';
import { objectName } from '../../sql/object-name.js';

/** The side tables and functions of a ledger. */
export interface LedgerNames {
  /** The entry of each row: its canonical bytes. */
  readonly entries: string;
  /** Level 0: the hashes of the leaves. Level n: the roots of complete runs of 256ⁿ leaves. */
  readonly tree: string;
  /** Size and root after each sealed block. */
  readonly blocks: string;
  /** One row: the state from which sealing continues. Verification never trusts it. */
  readonly head: string;
  /** The trigger on the table: on SQLite it writes the entry, on Postgres it stamps the row. */
  readonly append: string;
  /** The trigger's function, on PostgreSQL. */
  readonly stamp: string;
  /** The function that seals, on PostgreSQL. */
  readonly seal: string;
}

/** The names of the objects of a ledger. */
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
