import type { Attack, Probe } from '../../contract/attack.js';
import type { TableFacts } from '../../contract/table.js';
import { type Draft, replaces, triedBy } from './attacks.js';

/** Returns the attacks as another program makes them, which opens the file without Ashlar's settings. */
export function triedByOtherPrograms(drafts: readonly Draft[]): readonly Attack[] {
  return triedBy(['owner'], drafts).map((attack) => ({
    ...attack,
    name: attack.name.replace(/, by the owner$/, ', by another program'),
    otherProgram: true,
  }));
}

/**
 * Statements of another program that replace a row through each of its keys on SQLite, where no delete trigger then fires; an
 * empty list on PostgreSQL.
 */
export function replacedByOtherPrograms(
  table: TableFacts,
  probe: Probe,
  except: readonly string[] = [],
): readonly Attack[] {
  return triedByOtherPrograms(replaces(table, probe, except));
}
