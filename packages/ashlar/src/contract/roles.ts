import type { Owner } from './owner.js';
import type { TableRights } from './rights.js';
import type { RunSql } from './sql.js';

/** Who the sessions of an open database are, as far as its engine has roles. */
export interface ConnectedRole {
  /** The user that connected. */
  readonly user: string;
  /** Whether that user could create tables here, or change those that are here. */
  readonly canChangeSchema: boolean;
  /** The role that sessions act as; `undefined` where they act as the user. */
  readonly sessionRole: string | undefined;
  /** Whether a system was brought up here: its history is there. */
  readonly initialised: boolean;
  /** Who owns the history, and so the schema's tables; `undefined` where it is not there. */
  readonly owner: string | undefined;
}

/** The roles of a database by name. */
export interface Roles {
  /** Reads and writes what the guarantees leave. */
  readonly app: string;
  /** Reads everything. */
  readonly auditor: string;
  /** Set where the application connects as `app` itself (two URLs); else its user steps down to it. */
  readonly appConnects?: { readonly password: string | undefined } | undefined;
  /** Who owns the schema's objects; by default whoever migrates. */
  readonly owner?: string | undefined;
}

/** What the roles are to have. */
export interface WantedRights {
  readonly roles: Roles;
  /** By table, what `app` may do; the auditor reads them all. What is not there yet is left out. */
  readonly tables: ReadonlyMap<string, TableRights>;
  /** Functions of guarantees and what they rely on, by name. */
  readonly functions: readonly string[];
}

/** One thing that is other than it should be. */
export interface RoleChange {
  /** In words: `ashlar_app has DELETE on audit_logs`. */
  readonly difference: string;
  /** What mends it; `undefined` where only a person can decide. */
  readonly sql: string | undefined;
  /** Whether it takes away something that a role had. */
  readonly takes: boolean;
  /** Who runs it: the user that connected, or the owner of the tables. */
  readonly by: 'login' | 'owner';
  /** Whether this connection may. */
  readonly allowed: boolean;
}

/** The roles of an engine that has some. */
export interface RoleDialect {
  /** Compares what the database has with what is wanted. Empty when all is as it should be. */
  plan(run: RunSql, wanted: WantedRights): Promise<readonly RoleChange[]>;
  /** Carries changes out, in the transaction that is open. */
  apply(owner: Owner, changes: readonly RoleChange[], roles: Roles): Promise<void>;
}
