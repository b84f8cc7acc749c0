/** A foreign key, by its name and the table that it refers to. */
interface Link {
  readonly name: string;
  readonly target: string;
}

/**
 * Returns the foreign keys that cannot exist while only their own table and the tables before it do: PostgreSQL adds
 * them after the last table, and drops them before the first.
 *
 * @param tables - in the order in which they are created
 * @param linksOf - the foreign keys of a table
 * @returns the names of these keys, by table; nothing for a table without one
 */
export function laterKeys<T extends { readonly name: string }>(
  tables: readonly T[],
  linksOf: (table: T) => readonly Link[],
): ReadonlyMap<T, ReadonlySet<string>> {
  const missing = new Set(tables.map(({ name }) => name));
  const later = new Map<T, ReadonlySet<string>>();
  for (const table of tables) {
    missing.delete(table.name);
    const names = linksOf(table).flatMap(({ name, target }) => (missing.has(target) ? [name] : []));
    if (names.length > 0) later.set(table, new Set(names));
  }
  return later;
}
