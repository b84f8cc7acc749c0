import type { Encryption } from '../encryption/index.js';
import type { KyselyParts } from './kysely.js';
import type { Statements } from './statements.js';

/** What the sessions of one database have in common. */
export interface SessionParts {
  readonly statements: Statements;
  readonly kysely: KyselyParts;
  readonly encryption: Encryption;
  /** The process's clock. */
  readonly clock: () => Date;
  /** Whether generated times come from `clock`; otherwise the database's own clock makes them. */
  readonly stampHere: boolean;
}
