/** The names of the hidden number of a row: https://sqlite.org/lang_createtable.html#rowid */
const names = ['rowid', '_rowid_', 'oid'];

/**
 * Returns a name by which SQL reaches the hidden number (rowid) of a table's rows; `undefined` if the columns of the table have
 * taken all of them.
 *
 * @param columns - the names of all columns of a table that has rowids
 */
export function rowidName(columns: readonly string[]): string | undefined {
  const taken = new Set(columns.map((name) => name.toLowerCase()));
  return names.find((name) => !taken.has(name));
}
