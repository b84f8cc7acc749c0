import type { SqlDialect } from '../contract/dialect.js';
import type { Owner } from '../contract/owner.js';
import {
  foundationState,
  packageVersion,
  pendingVersions,
  recordProblems,
  versionName,
} from '../migrations/foundation.js';
import type { AppliedStep } from '../migrations/history.js';
import { testMarkProblems } from '../migrations/test-mark.js';

/** The versions of Ashlar's own objects in a database and in this release. */
export interface FoundationStatus {
  /** The version in the database; `null` while nothing is initialised. */
  readonly database: number | null;
  /** The version that this release makes. */
  readonly package: number;
  /** The lowest version whose releases can use the database. */
  readonly oldest: number;
  /** The versions that `ashlar up` would apply. */
  readonly pending: readonly string[];
  /** Whether a move into the database has not ended. */
  readonly incoming: boolean;
  /** What is wrong with the records of versions, and whether the database is marked as a test database; one line each. */
  readonly problems: readonly string[];
}

/** Reads the status of Ashlar's own objects. */
export async function foundationStatus(
  owner: Owner,
  dialect: SqlDialect,
  history: readonly AppliedStep[],
): Promise<FoundationStatus> {
  const state = foundationState(history);
  const isNew = history.length === 0;
  return {
    database: isNew ? null : state.version,
    package: packageVersion(dialect),
    oldest: state.oldest,
    pending: isNew ? [] : pendingVersions(state, dialect).map(versionName),
    incoming: state.incoming,
    problems: [...recordProblems(history, dialect), ...(await testMarkProblems(owner, dialect))],
  };
}
