/** What a role can be granted on a table. TRUNCATE, REFERENCES and TRIGGER belong to the owner. */
export type Privilege = 'select' | 'insert' | 'update' | 'delete';

/** What a guarantee withholds from the application's role. The role may do everything that no guarantee withholds. */
export interface Rights {
  readonly withheld?: readonly Privilege[];
  /** Columns that only the database fills in: a clock, a position in a ledger. */
  readonly notInsertable?: readonly string[];
  /** If given, an UPDATE may set these columns only. */
  readonly updatable?: readonly string[];
}

/** The whole table, or these columns only; `[]` is nothing. */
export type Extent = 'all' | readonly string[];

/** What the application's role may do with a table. Only insert and update can be limited to columns. */
export type TableRights = Readonly<Record<Privilege, Extent>>;
