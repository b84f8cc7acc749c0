import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { sql } from '../../sql/template.js';

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
  /** The side table of the retirements: which leaves lost their rows and entries in a purge. Only where rows expire. */
  readonly retirements: string;
  /**
   * The insert trigger: on SQLite, it writes the entry of the row; on PostgreSQL, it records the transaction and the
   * time in the row.
   */
  readonly append: string;
  /** The function that the trigger `append` calls on PostgreSQL. */
  readonly stamp: string;
  /** The trigger that refuses rows with a time of their own, and its function on PostgreSQL. */
  readonly time: string;
  /** The function that seals waiting rows on PostgreSQL. */
  readonly seal: string;
  /** The function on PostgreSQL that guards the entries of a table whose rows expire. */
  readonly leave: string;
}

/** Returns the names of the database objects of a ledger. */
export function ledgerNames({ name }: Pick<TableFacts, 'name'>): LedgerNames {
  return {
    entries: objectName(name, 'ledger_entries'),
    tree: objectName(name, 'ledger_tree'),
    blocks: objectName(name, 'ledger_blocks'),
    head: objectName(name, 'ledger_head'),
    retirements: objectName(name, 'ledger_retirements'),
    append: objectName(name, 'ledger_append'),
    stamp: objectName(name, 'ledger_stamp'),
    time: objectName(name, 'ledger_time'),
    seal: objectName(name, 'ledger_seal'),
    leave: objectName(name, 'ledger_leave'),
  };
}

/** Objects that came with version 2 of Ashlar's own objects. */
export function inSecondVersion(objects: readonly GuaranteeObject[]): readonly GuaranteeObject[] {
  return objects.map((object) => ({ ...object, since: 2 }));
}

/** The columns that only the database's clock sets when a row is written: each entry is compared with its time. */
export function clockColumns({ columns }: TableFacts) {
  return Object.values(columns).filter(({ generated, touched }) => generated === 'now' && !touched);
}

/** The text with which a row that has a time of its own is refused. */
export function timeRefusal({ name }: Pick<TableFacts, 'name'>): string {
  return `only the clock of the database says when a row of ${name} was written`;
}

/** The most positions of one retirement: a purge of a whole partition writes several. */
const mostPositions = 10_000;

/** The SQL expressions by which retired leaves, with the alias `gone`, are grouped to retirements. */
export const retirementGroups = `gone.run, gone.position / ${mostPositions}`;

/**
 * The SQL expression for the last position of the last retirement that begins at a position or before it. Retirements do not
 * overlap, so this one has the position, or none has. One lookup in the index of the first positions.
 */
export function lastRetiredBefore(retirements: string, position: string): string {
  return `(SELECT gone.last_position FROM ${identifier(retirements)} AS gone WHERE gone.first_position <= ${position} ORDER BY gone.first_position DESC LIMIT 1)`;
}

/** The SQL expression for the last retired position. Retirements do not overlap: it is that of the last one. */
export function lastRetired(retirements: string): string {
  return `(SELECT gone.last_position FROM ${retirements} AS gone ORDER BY gone.first_position DESC LIMIT 1)`;
}

/** The columns of a table's primary key, in the order of the key. */
export function keyColumns({ primaryKey, columns }: TableFacts) {
  return primaryKey.columns.flatMap((name) => columns[name] ?? []);
}

/**
 * The SQL statement that records what an earlier release purged, and did not record: lines without a cutoff, for the runs of
 * leaves whose entry and row are gone.
 *
 * @param isOfLeaf - the SQL condition that a row, with the alias `owner`, is that of `leaf`
 */
export function unrecorded(table: TableFacts, isOfLeaf: string): string {
  const { entries, tree, head, retirements } = ledgerNames(table);
  return sql`
    INSERT INTO ${identifier(retirements)} (number, first_position, last_position)
    SELECT row_number() OVER (ORDER BY min(gone.position)), min(gone.position), max(gone.position)
    FROM (
      SELECT leaf.position, leaf.position - row_number() OVER (ORDER BY leaf.position) AS run
      FROM ${identifier(tree)} AS leaf
      WHERE leaf.level = 0 AND leaf.position < (SELECT first_provable FROM ${identifier(head)})
        AND NOT EXISTS (SELECT 1 FROM ${identifier(entries)} AS e WHERE e.row_key = leaf.row_key)
        AND NOT EXISTS (SELECT 1 FROM ${identifier(table.name)} AS owner WHERE ${isOfLeaf})
    ) AS gone
    GROUP BY ${retirementGroups}
  `;
}
