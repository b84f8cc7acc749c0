/** A database's schema as its engine describes it: the common ground on which two are compared. */
export interface Schema {
  readonly tables: readonly SchemaTable[];
  /** Functions by name, with the text that creates each. */
  readonly functions: readonly SchemaObject[];
}

export interface SchemaTable {
  readonly name: string;
  readonly columns: readonly SchemaColumn[];
  /** Table constraints: name and definition in the engine's words. */
  readonly constraints: readonly SchemaObject[];
  readonly indexes: readonly SchemaObject[];
  readonly triggers: readonly SchemaObject[];
  /** What stands behind the closing bracket: STRICT, PARTITION BY …. */
  readonly options: string;
  /** Who may reach which rows; `undefined` where the engine cannot tell one user from another. */
  readonly rowSecurity?: RowSecurity;
}

/** Row level security of a table. */
export interface RowSecurity {
  /** Without it policies are not asked. */
  readonly enabled: boolean;
  /** On the table's owner too. */
  readonly forced: boolean;
  readonly policies: readonly SchemaObject[];
}

export interface SchemaColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** The default as an SQL expression; `undefined` when there is none. */
  readonly default: string | undefined;
  /** Everything else of its definition: identity, collation, inline constraints. */
  readonly rest: string;
}

export interface SchemaObject {
  readonly name: string;
  /** The statement or clause that makes it, as the engine gives it back. */
  readonly definition: string;
}

/** One step from a schema to another. */
export interface SchemaChange {
  /** In one line, for people: `clauses: add column category`. */
  readonly summary: string;
  readonly up: readonly string[];
  /** The way back; empty when there is none that keeps the data. */
  readonly down: readonly string[];
  /** Set when data is lost on the way up or down, or the table is blocked or rewritten: why. */
  readonly danger: string | undefined;
  /** The ways that need {@link import('./engine.js').Owner.atomically} with `rebuild`. */
  readonly rebuild: readonly ('up' | 'down')[];
}
