import type { Column } from './column.js';
import type { OtherType } from './schema.js';
import type { SqlName } from './sql.js';

/** What a declared object is. */
export type DeclaredType = OtherType | 'function' | 'policy' | 'column';

/** A database object that is declared by its SQL. */
export interface DeclaredObject {
  readonly kind: 'extra';
  readonly name: string;
  readonly type: DeclaredType;
  /** The statement that creates the object in each dialect; `null` where an engine does not have it. */
  readonly sql: Readonly<Record<SqlName, string | null>>;
  /** Whether the object comes before all tables, because columns use it. */
  readonly before: boolean;
  /** Whether shadow databases are made without the object, because they cannot make it. */
  readonly omitted: boolean;
}

/** An object that no step makes and that the system accepts: a provider, or another team, made it. */
export interface AcceptedObject {
  /**
   * As `status` names it: `event trigger pgrst_ddl_watch`. `schema tools` accepts the functions of that schema that the
   * application may call, such as those of another system there.
   */
  readonly object: string;
  /** Why it is there, as a sentence; `status` prints it. */
  readonly reason: string;
  /**
   * The hash of what the object is, which `status --json` prints: then another object that takes its name is a finding. By
   * default the name decides.
   */
  readonly sha256?: string;
  /**
   * Of an object that steps make: the facts in which it may differ, as a finding names them: `['replica identity']`. A
   * finding about any other fact stays.
   */
  readonly facts?: readonly string[];
}

/** An index over the words of text columns. */
export interface FullText {
  readonly kind: 'full-text';
  /** The name of the index, and on SQLite of the FTS5 table. */
  readonly name: string;
  readonly columns: readonly string[];
}

/** A view with the columns that it declares. */
export interface DeclaredView {
  readonly kind: 'view';
  readonly name: string;
  readonly columns: Readonly<Record<string, Column>>;
  /** The query of the view in each dialect. */
  readonly sql: Readonly<Record<SqlName, string>>;
  /** Why the view runs with the rights of its owner on PostgreSQL; `undefined` if it runs with those of the session. */
  readonly definer: string | undefined;
}

/** An object of a system in one dialect. */
export interface ObjectSql {
  readonly type: DeclaredType;
  readonly name: string;
  readonly sql: string;
  readonly before: boolean;
  /** Whether shadow databases are made without the object. */
  readonly omitted?: boolean;
  /** The statements that fill the object from the rows of a table that exists already. */
  readonly fill: readonly string[];
  /** The statement that empties an object which can be filled. */
  readonly clear?: string;
}
