import type { Owner } from './owner.js';
import type { TableRights } from './rights.js';
import type { RunSql } from './sql.js';

/** The role of the sessions of an open database. */
export interface ConnectedRole {
  /** The user that connected. */
  readonly user: string;
  /** Whether that user can create or change tables in this schema. */
  readonly canChangeSchema: boolean;
  /** The role that sessions act as; `undefined` where they act as the user. */
  readonly sessionRole: string | undefined;
  /** Whether the database is initialised: `up` has run, and the migration history exists. */
  readonly initialised: boolean;
  /** The owner of the migration history, and so of the schema's tables; `undefined` if there is no history. */
  readonly owner: string | undefined;
}

/** The roles of a database by name. */
export interface Roles {
  /** Reads and writes what the guarantees allow. */
  readonly app: string;
  /** Reads everything. */
  readonly auditor: string;
  /** Set if the application connects as `app` itself (two URLs); otherwise its user steps down to `app`. */
  readonly appConnects?: { readonly password: string | undefined } | undefined;
  /** The owner of the schema's objects. Default: the user that migrates. */
  readonly owner?: string | undefined;
}

/** The rights that the roles should have. */
export interface WantedRights {
  readonly roles: Roles;
  /** What `app` may do, by table; the auditor reads all of them. Tables that do not exist yet are skipped. */
  readonly tables: ReadonlyMap<string, TableRights>;
  /** The functions of guarantees and those they rely on, by name. */
  readonly functions: readonly string[];
}

/** A difference between the rights that a role has and those it should have. */
export interface RoleChange {
  /** In words: `ashlar_app has DELETE on audit_logs`. */
  readonly difference: string;
  /** The statement that corrects it; `undefined` if a person has to decide. */
  readonly sql: string | undefined;
  /** Whether it revokes something. */
  readonly takes: boolean;
  /** Who runs it: the user that connected, or the owner of the tables. */
  readonly by: 'login' | 'owner';
  /** Whether this connection may run it. */
  readonly allowed: boolean;
}

/** How an engine with roles plans and grants rights. */
export interface RoleDialect {
  /** Compares the database with the wanted rights. Empty if there is no difference. */
  plan(run: RunSql, wanted: WantedRights): Promise<readonly RoleChange[]>;
  /** Applies changes in the open transaction. */
  apply(owner: Owner, changes: readonly RoleChange[], roles: Roles): Promise<void>;
}
