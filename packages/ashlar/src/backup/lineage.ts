import type { DatabaseIdentity } from './manifest.js';

/** The length of the token of a backup in a history: hex digits. */
export const tokenLength = 16;
/** How many tokens a database and a manifest keep. */
export const longestHistory = 5_000;

/** What says which backups are in the past of a database or of a backup. */
export type Lineage = Pick<DatabaseIdentity, 'database' | 'number' | 'history'>;

const tokenAt = ({ number, history }: Lineage, wanted: number): string | undefined => {
  const at = history.length / tokenLength - 1 - ((number ?? 0) - wanted);
  return at < 0 ? undefined : history.slice(at * tokenLength, (at + 1) * tokenLength) || undefined;
};

/**
 * Whether a database has counted a backup itself, or its state is what a copy of that database began with. Only the token proves it: a
 * copy counts on by itself, and has the same numbers.
 */
export function hasCounted(lineage: Lineage, earlier: Lineage): boolean {
  return (
    earlier.number !== null &&
    lineage.number !== null &&
    earlier.database === lineage.database &&
    earlier.number <= lineage.number &&
    tokenAt(lineage, earlier.number) === tokenAt(earlier, earlier.number)
  );
}

/**
 * Finds the ends of the lineages of counted backups: those that no other one has counted. Of one database that was never copied
 * there is one.
 */
export function endsOf<T extends Lineage>(lineages: readonly T[]): readonly T[] {
  return lineages.filter((one) => !lineages.some((other) => other !== one && hasCounted(other, one)));
}
