import type { TableFacts } from '../../contract/table.js';
import { objectName } from '../../sql/object-name.js';

/** The names of the side tables, the trigger and the functions of a ledger. */
export interface LedgerNames {
  /** The side table of entries: the canonical bytes of each row. */
  readonly entries: string;
  /**
   * The side table of the hashes in the Merkle tree. Level 0: the hashes of the leaves. Level n: the roots of complete
   * runs of 256ⁿ leaves.
   */
  readonly tree: string;
  /** The side table of sealed blocks: the size and the root of the tree after each block. */
  readonly blocks: string;
  /** The side table whose only row is the state from which sealing continues. Verification never trusts it. */
  readonly head: string;
  /**
   * The insert trigger: on SQLite, it writes the entry of the row; on PostgreSQL, it records the transaction and the
   * time in the row.
   */
  readonly append: string;
  /** The function that the trigger `append` calls on PostgreSQL. */
  readonly stamp: string;
  /** The function that seals waiting rows on PostgreSQL. */
  readonly seal: string;
}

/** Returns the names of the database objects of a ledger. */
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

/** The columns of a table's primary key, in the order of the key. */
export function keyColumns({ primaryKey, columns }: TableFacts) {
  return primaryKey.columns.flatMap((name) => columns[name] ?? []);
}
