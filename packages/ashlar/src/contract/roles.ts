import type { GuardedPlace } from './guards.js';
import type { Owner } from './owner.js';
import type { TableRights } from './rights.js';
import type { RunSql } from './sql.js';

/** The role that connected to an open database, and the role that its sessions act as. */
export interface ConnectedRole {
  /** The name of the database user that connected. */
  readonly user: string;
  /** Whether that user can create or change tables in this schema. */
  readonly canChangeSchema: boolean;
  /** The role that sessions act as; `undefined` if they act as the user that connected. */
  readonly sessionRole: string | undefined;
  /** Whether the database is initialised: `up` has run, and the migration history exists. */
  readonly initialised: boolean;
  /** The owner of the migration history, and so of the schema's tables; `undefined` if there is no history. */
  readonly owner: string | undefined;
  /** Whether that role, other than the owner's, can read the keys that verify contexts of sessions. */
  readonly readsKeys?: boolean;
}

/** The names of the roles of a database. */
export interface Roles {
  /** The application's role, which reads and writes what the guarantees allow. */
  readonly app: string;
  /** The auditor's role, which reads all tables. */
  readonly auditor: string;
  /**
   * Present if the application connects directly as the role `app`; otherwise it connects as another user, and its
   * sessions switch to `app`.
   */
  readonly appConnects?: { readonly password: string | undefined } | undefined;
  /** The owner of the schema's objects. Default: the user that migrates. */
  readonly owner?: string | undefined;
  /** The user that the application connects as, where that is neither `app` nor the owner; its powers are checked too. */
  readonly login?: string | undefined;
}

/** The rights that the roles should have. */
export interface WantedRights {
  readonly roles: Roles;
  /**
   * The rights of `app` by table name; the auditor reads all of these tables that are not secret. Tables that do not
   * exist yet are skipped.
   */
  readonly tables: ReadonlyMap<string, TableRights>;
  /** The names of the tables that only the owner may read. */
  readonly secret: ReadonlySet<string>;
  /** The names of the tables on which roles other than these two may have no right, not even one of all tables. */
  readonly closed: ReadonlySet<string>;
  /**
   * The names of the guarantees' functions and of the functions that these rely on. `app` and the auditor may call those
   * that are no trigger functions, and PUBLIC none.
   */
  readonly functions: readonly string[];
  /** The names of the functions that the other systems of the project give the same rights on, where they share the schema. */
  readonly functionsBeside?: readonly string[];
  /** For a guard: where its tables are. They stay the tool's, so that no plan gives them another owner. */
  readonly guards?: GuardedPlace | undefined;
}

/** A difference between the rights that a role has and those it should have, with the statement that corrects it. */
export interface RoleChange {
  /** The difference in words, for example `ashlar_app has DELETE on audit_logs`. */
  readonly difference: string;
  /** The statement that corrects the difference; `undefined` if a person has to decide. */
  readonly sql: string | undefined;
  /** Whether the change revokes a right. */
  readonly takes: boolean;
  /** The role that must run the statement: `login` is the user that connected, `owner` is the owner of the tables. */
  readonly by: 'login' | 'owner';
  /** Whether this connection may run the statement. */
  readonly allowed: boolean;
}

/** What a role can do beyond what the guarantees leave to it, found by what it is, and not by what was planned for it. */
export interface RolePower {
  /** In words: `shop_app may create roles`. */
  readonly finding: string;
  /** The statement with which a DBA takes it; `undefined` if there is none that is safe to give. */
  readonly remedy: string | undefined;
  /** The name under which a system accepts it: `setting postgres search_path`. */
  readonly object: string;
  /** Whether it weakens no guarantee; it is then named, and no finding. */
  readonly isAllowed: boolean;
}

/** Plans and grants the rights of roles on an engine that has roles. */
export interface RoleDialect {
  /**
   * Compares the rights in the database with the wanted rights and returns the differences. Empty if there are none.
   */
  plan(run: RunSql, wanted: WantedRights): Promise<readonly RoleChange[]>;
  /**
   * Finds what roles can do beyond the wanted rights, in an open transaction. Nothing of it is changed by `apply`: roles belong
   * to the server.
   */
  powers(run: RunSql, wanted: WantedRights): Promise<readonly RolePower[]>;
  /** Applies changes of roles and rights in the open transaction. */
  apply(owner: Owner, changes: readonly RoleChange[], roles: Roles): Promise<void>;
}
