import type { GuardedTable } from '../contract/guarantee.js';
import { guardRefused } from './guard-refused.js';

/** The facts of guarantees that change the table or its values, by the name of the guarantee. */
const changing = {
  versions: 'versioned adds columns and rows',
  partition: 'partitioned replaces the table by another',
  encryption: 'encrypted replaces the values, and the tool’s own queries would read ciphertexts',
  keyring: 'a keyring is Ashlar’s own table',
  trail: 'a trail is Ashlar’s own table',
} as const;

/**
 * Throws if a guarantee cannot be on another tool's table, or if the table declares what only Ashlar's tables have.
 *
 * @throws AshlarError `guard-refused`
 */
export function assertGuardable(table: GuardedTable): void {
  for (const [fact, why] of Object.entries(changing)) {
    if (table.facts[fact as keyof typeof changing] === undefined) continue;
    throw guardRefused(
      `${table.name} belongs to another tool, so it cannot have this guarantee: ${why}.`,
      'Remove the guarantee, or keep such data in a table of Ashlar’s own.',
      { table: table.name },
    );
  }
  const columns = Object.values(table.columns);
  const made = columns.find(
    ({ generated, touched }) => touched || ['computed', 'identity', 'now'].includes(generated ?? ''),
  );
  const declared =
    made?.name ?? table.checks[0]?.name ?? table.fullTexts?.[0]?.name ?? table.objects?.[0]?.name;
  if (declared !== undefined)
    throw guardRefused(
      `${table.name} belongs to another tool, and ${declared} would be generated or made by Ashlar.`,
      'Declare the columns and keys that the table has, with the types of their values: z.int() for a number that the database gives, timestamp() for a time.',
      { table: table.name },
    );
}
