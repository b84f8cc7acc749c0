/** A privilege that a role can be granted on a table. TRUNCATE, REFERENCES and TRIGGER belong to the owner. */
export type Privilege = 'select' | 'insert' | 'update' | 'delete';

/**
 * The rights that a guarantee withholds from the application's role. The role may do everything that no guarantee
 * withholds.
 */
export interface Rights {
  readonly withheld?: readonly Privilege[];
  /** Columns that an INSERT may not set, because only the database fills them in: a clock, a position in a ledger. */
  readonly notInsertable?: readonly string[];
  /** The only columns that an UPDATE may set; by default it may set all. */
  readonly updatable?: readonly string[];
}

/** The part of a table that a privilege covers: all columns, or only the listed ones; `[]` means none. */
export type Extent = 'all' | readonly string[];

/**
 * The privileges of the application's role on a table, each with the columns that it covers. Only insert and update
 * can be limited to columns.
 */
export type TableRights = Readonly<Record<Privilege, Extent>>;
