import type { TableFacts } from '../../contract/table.js';
import { objectName } from '../../sql/object-name.js';

/** The side tables, triggers and functions of a ledgered table. */
export interface LedgerNames {
  /** The entry of each row: its canonical bytes. */
  readonly entries: string;
  /** Level 0: the hashes of the leaves. Level n: the roots of complete runs of 256ⁿ leaves. */
  readonly tree: string;
  /** The tree's size and root after each sealing. */
  readonly blocks: string;
  /** One row: where the next sealing continues. A cache; verification does not rely on it. */
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

/** The columns of a table's key, in the order of the key. */
export function keyColumns({ primaryKey, columns }: TableFacts) {
  return primaryKey.columns.flatMap((name) => columns[name] ?? []);
}
