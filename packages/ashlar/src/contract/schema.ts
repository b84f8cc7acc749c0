/** A database's schema as its engine describes it: what two schemas are compared by. */
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
  /** What follows the closing bracket of CREATE TABLE: STRICT, PARTITION BY …. */
  readonly options: string;
  /** Which roles reach which rows; `undefined` for an engine without roles. */
  readonly rowSecurity?: RowSecurity;
}

/** Row level security of a table. */
export interface RowSecurity {
  /** Without it policies have no effect. */
  readonly enabled: boolean;
  /** Policies also bind the table's owner. */
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
  /** The statement or clause that creates it, as the engine returns it. */
  readonly definition: string;
}

/** One step from a schema to another. */
export interface SchemaChange {
  /** In one line, for people: `clauses: add column category`. */
  readonly summary: string;
  readonly up: readonly string[];
  /** The reverse; empty if no reverse keeps the data. */
  readonly down: readonly string[];
  /** The reason, if `up` or `down` loses data, or blocks or rewrites the table. */
  readonly danger: string | undefined;
  /** The directions that need `Owner.atomically` with `rebuild`. */
  readonly rebuild: readonly ('up' | 'down')[];
}
