import type { Guarantee, GuardedTable } from '../contract/guarantee.js';
import type { GuaranteeFacts, TableFacts } from '../contract/table.js';
import { invalidTable } from './invalid-table.js';

/**
 * The facts of all guarantees of a table.
 *
 * @throws AshlarError `table-invalid` where two guarantees give the same fact
 */
export function mergedFacts(
  table: Pick<TableFacts, 'name' | 'columns'>,
  guarantees: readonly Guarantee[],
): GuaranteeFacts {
  const givers = new Map<string, string>();
  let merged: GuaranteeFacts = {};
  for (const { name, facts } of guarantees) {
    const given = facts?.(table) ?? {};
    for (const fact of Object.keys(given)) {
      const giver = givers.get(fact);
      if (giver !== undefined) throw givenTwice(table.name, giver, name);
      givers.set(fact, name);
    }
    merged = { ...merged, ...given };
  }
  return Object.freeze(merged);
}

const givenTwice = (table: string, one: string, other: string) =>
  one === other
    ? invalidTable(table, `the guarantee ${one} is declared twice.`, 'Keep one of the two.')
    : invalidTable(table, `${one} and ${other} exclude each other.`, 'Keep one of the two.');

/**
 * Refuses guarantees that cannot hold on this table.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertGuarantees(table: GuardedTable): void {
  const ciphertext = Object.values(table.columns).find((column) => column.plaintext);
  if (ciphertext && !table.facts.encryption) {
    throw invalidTable(
      table.name,
      `${ciphertext.name} is encrypted, but no guarantee says with whose key.`,
      'Add the guarantee: encrypted({ scope: c.client_id, keys: dataKeys }).',
    );
  }
  for (const guarantee of table.guarantees) guarantee.validate?.(table);
}
