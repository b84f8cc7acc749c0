import type { Kysely, RootOperationNode } from 'kysely';
import type { ResultKinds } from '../contract/answers.js';
import type { Engine } from '../contract/engine.js';
import type { Encryption } from '../encryption/index.js';
import type { Table } from '../model/index.js';
import type { PagedQuery, PageOptions, PagePlan } from '../query/page.js';
import type { Statement, Statements } from './statements.js';
import type { Level } from './unit-of-work.js';

/** The part of a database that builds and rewrites queries with Kysely. */
export interface Queries {
  /** A Kysely instance that builds queries, and cannot run them. */
  readonly builder: Kysely<unknown>;
  /** Returns a Kysely instance whose queries run in one level of a unit of work. */
  in<Tables>(level: Level, readOnly: boolean): Kysely<Tables>;
  /** Plans a page of a query. @throws AshlarError `usage` */
  page<Row>(query: PagedQuery<Row>, options: PageOptions<Row>): PagePlan;
  /** The kinds of the result columns of a rewritten statement. */
  kindsOf(node: RootOperationNode): ResultKinds | undefined;
  /** Replaces the JSON of nested rows by the rows, in the result of a rewritten statement. */
  unnest(node: RootOperationNode, rows: readonly Record<string, unknown>[]): void;
  /** See `updateManyStatement`. */
  updateMany(parts: SessionParts, table: Table, where: unknown, update: unknown): Statement | undefined;
  /** See `deleteManyStatement`. */
  deleteMany(parts: SessionParts, table: Table, where: unknown): Statement | undefined;
}

/** The parts that all sessions of one database share. */
export interface SessionParts {
  readonly engine: Engine;
  readonly statements: Statements;
  readonly queries: Queries;
  readonly encryption: Encryption;
  /**
   * Returns the current time: from the `clock` given to `connect`, or from the clock of this process if none was given.
   */
  readonly clock: () => Date;
  /** Whether generated times come from `clock`; otherwise the database generates them. */
  readonly stampsFromClock: boolean;
  /**
   * Whether this process refuses times that only the database's clock may set. A server does so by its roles; an engine
   * without roles cannot.
   */
  readonly keepsClocks: boolean;
  /** Whether `connect` was given `allowOwner`: sessions then have the rights of the owner. */
  readonly actsAsOwner: boolean;
}
