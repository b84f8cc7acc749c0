import type { Kysely } from 'kysely';
import type { Engine } from '../contract/engine.js';
import type { Encryption } from '../encryption/index.js';
import type { KyselyParts } from './kysely.js';
import type { Statements } from './statements.js';

/** The parts that all sessions of one database share. */
export interface SessionParts {
  readonly engine: Engine;
  readonly statements: Statements;
  readonly kysely: KyselyParts;
  /** Builds queries, and cannot run them. */
  readonly builder: Kysely<unknown>;
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
