/** What the name of a table's replacement begins with. */
export const replacementPrefix = 'ashlar_rebuild_';

/** Returns the name of a table's replacement while the table is rebuilt: a name that no table of a system can have. */
export function replacementName(table: string): string {
  return `${replacementPrefix}${table}`;
}
