import type { Engine } from '../contract/engine.js';
import type { Guarantee } from '../contract/guarantee.js';

/** The level at which a database keeps a guarantee, with the reason where that is not `enforced`. */
export interface Level {
  readonly level: 'enforced' | 'emulated' | 'refused';
  readonly weaker: string | undefined;
}

const unverified =
  'SQL that a session runs can change its own scope and actor: this database has no key that verifies them (SCOPE_KEY).';
const outOfDate =
  'SQL that a session runs can change its own scope and actor: policies or triggers of an earlier release do not verify them (`ashlar migrate new` writes the step that replaces them).';
const oneUser =
  'SQL that a session runs can take the rights of the owner back: one user owns the schema and runs the application, which is a set-up for development.';

/**
 * Returns the level of a guarantee in an open database.
 *
 * @param isAlone - whether one user owns the schema and runs the application
 */
export function levelIn(
  { dialect, context, trustsSettings }: Pick<Engine, 'dialect' | 'context' | 'trustsSettings'>,
  guarantee: Guarantee,
  isAlone: boolean,
): Level {
  const kept = guarantee[dialect.name];
  if (kept.level === 'refused') return { level: 'refused', weaker: kept.why };
  const reads = dialect.name === 'postgres' && 'readsContext' in kept && kept.readsContext === true;
  const reasons = reads
    ? [
        ...(context === 'settings' || context === 'key-absent' ? [unverified] : []),
        ...(trustsSettings ? [outOfDate] : []),
        ...(isAlone ? [oneUser] : []),
      ]
    : [];
  if (reasons.length === 0) return { level: kept.level, weaker: kept.weaker };
  return { level: 'emulated', weaker: [kept.weaker, ...reasons].filter(Boolean).join(' ') };
}
