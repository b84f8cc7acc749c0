import { purgeTokens } from './refresh-tokens.js';
import type { DocuvaultDatabase } from './tables.js';
import { purgeAttempts } from './throttle.js';

/** How many rows a transaction deletes. */
const batchSize = 1_000;

/** The numbers of rows that {@link purgeExpired} deleted. */
export interface Purged {
  readonly tokens: number;
  readonly login_attempts: number;
}

/**
 * Deletes expired refresh tokens, and counts of failed logins that are a day old. Only the operator calls it: run it daily
 * (`ashlar docuvault purge`). Each login removes some of both too, so that they do not pile up without it.
 */
export async function purgeExpired(db: DocuvaultDatabase): Promise<Purged> {
  let tokens = 0;
  for (let last = batchSize; last === batchSize; tokens += last)
    last = await db.session((s) => purgeTokens(s, batchSize));
  let login_attempts = 0;
  for (let last = batchSize; last === batchSize; login_attempts += last)
    last = await db.session((s) => purgeAttempts(s, batchSize));
  return { tokens, login_attempts };
}
