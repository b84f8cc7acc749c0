/** The own schema in a list of schemas. Every name that is not a plain one is quoted, so that none is written like this. */
const own = '{schema}';

/**
 * Writes the settings of a function, with its search path as the server reads it: one that has the name of a schema in other
 * letters or quotes is the same, and one schema whose name looks like a list is not the list.
 *
 * @param settings - the settings as JSON: `["search_path=shop, pg_temp"]`
 * @param schema - the name of the described schema
 */
export function settingsText(settings: string, schema: string): string {
  return (JSON.parse(settings) as string[])
    .toSorted()
    .map((setting) => {
      const [, path] = /^search_path=(.*)$/s.exec(setting) ?? [];
      const names = path === undefined ? undefined : namesIn(path);
      if (names)
        return `search_path=${names.map((name) => (name === schema ? own : quoted(name))).join(', ')}`;
      // no name of a setting begins with a quote
      return /[;"]/.test(setting) ? JSON.stringify(setting) : setting;
    })
    .join('; ');
}

const quoted = (name: string): string =>
  /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

const space = '[ \\t\\n\\r\\f\\v]*';
const item = new RegExp(`${space}(?:"((?:[^"]|"")*)"|([^",\\s][^,\\s]*))${space}(,|$)`, 'y');

/** The names in a list, as SplitIdentifierString of the server reads it; `undefined` if it is none. */
const namesIn = (list: string): readonly string[] | undefined => {
  if (list.trim() === '') return [];
  const names: string[] = [];
  item.lastIndex = 0;
  for (;;) {
    const found = item.exec(list);
    if (!found) return undefined;
    const [, name, plain = '', end] = found;
    names.push(name === undefined ? plain.toLowerCase() : name.replaceAll('""', '"'));
    if (end === '') return names;
  }
};
