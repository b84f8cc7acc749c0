/** A database's schema as its engine describes it: the form in which two schemas are compared. */
export interface Schema {
  readonly tables: readonly SchemaTable[];
  /** The functions of the schema, each with the statement that creates it. */
  readonly functions: readonly SchemaObject[];
  /** The other objects of the schema, in an order in which they can be created. */
  readonly objects: readonly OtherObject[];
}

/** The type of an object that is neither a table, nor a part of one, nor a function. */
export type OtherType =
  | 'extension'
  | 'type'
  | 'domain'
  | 'sequence'
  | 'view'
  | 'materialized view'
  | 'virtual table'
  | 'statistics'
  | 'rule'
  | 'index'
  | 'trigger';

/** A view, a virtual table, an extension, a type, or another object beside the tables and functions of a schema. */
export interface OtherObject extends SchemaObject {
  readonly type: OtherType;
  /** The table or view that the object belongs to: that of a rule, or of a trigger or an index on a view. */
  readonly on: string | undefined;
  /** The names of the tables, views and functions that the object depends on, as far as the engine knows them. */
  readonly needs: readonly string[];
}

/** A table in the engine’s own description. */
export interface SchemaTable {
  readonly name: string;
  readonly columns: readonly SchemaColumn[];
  /** The table constraints, each with its definition as the engine writes it. */
  readonly constraints: readonly SchemaObject[];
  readonly indexes: readonly SchemaObject[];
  readonly triggers: readonly SchemaObject[];
  /** The text after the closing parenthesis of CREATE TABLE, for example STRICT or PARTITION BY …. */
  readonly options: string;
  /** The row-level security of the table; `undefined` for an engine without roles. */
  readonly rowSecurity?: RowSecurity;
  /** The comment on the table; `undefined` if there is none, or the engine keeps none. */
  readonly comment?: string | undefined;
  /** Whether another tool owns the table: it is described by the triggers, policies and row security on it alone. */
  readonly external?: true | undefined;
  /** The sequences that columns of the table own, as `serial` makes them; left out if there is none. */
  readonly sequences?: readonly OwnedSequence[];
}

/** A sequence that numbers a column by its default: it is created before its table, and dropped with it. */
export interface OwnedSequence extends SchemaObject {
  readonly column: string;
}

/** The row-level security of a table: which rows each role can reach. */
export interface RowSecurity {
  /** Whether row-level security is enabled; otherwise policies have no effect. */
  readonly enabled: boolean;
  /** Whether the policies also apply to the table's owner. */
  readonly forced: boolean;
  readonly policies: readonly SchemaObject[];
}

/** A column in the engine’s own description. */
export interface SchemaColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** The default as an SQL expression; `undefined` when there is none. */
  readonly default: string | undefined;
  /** The rest of the column's definition: identity, collation, inline constraints. */
  readonly rest: string;
  /** The comment on the column; `undefined` if there is none, or the engine keeps none. */
  readonly comment?: string | undefined;
}

/** A named constraint, index, trigger, policy or function with its definition. */
export interface SchemaObject {
  readonly name: string;
  /** The statement or clause that creates the object, as the engine returns it. */
  readonly definition: string;
}

/** A change between two schemas: the statements that make it and those that reverse it. */
export interface SchemaChange {
  /** A one-line description for people, for example `clauses: add column category`. */
  readonly summary: string;
  readonly up: readonly string[];
  /** The statements that reverse `up`; empty if the reverse would lose data. */
  readonly down: readonly string[];
  /** The reason why the change is dangerous, if `up` or `down` loses data, or blocks or rewrites the table. */
  readonly danger: string | undefined;
  /** The directions (`up`, `down`) that must run in `Owner.atomically` with the option `rebuild`. */
  readonly rebuild: readonly ('up' | 'down')[];
}
