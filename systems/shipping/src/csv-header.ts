import { AshlarError } from 'ashlar';

const problemOf = (names: readonly string[]): string | undefined => {
  if (/^sep=/i.test(names[0] ?? '')) return `its first name is "${names[0]}", which names a delimiter`;
  const unnamed = names.findIndex((name) => name.trim() === '');
  if (unnamed >= 0) return `column ${unnamed + 1} has no name`;
  // a year may be a column; nothing but numbers, or a fraction, is the first line of a file without a header
  if (names.every((name) => /^\s*[-+]?\d+([.,]\d+)?\s*$/.test(name)))
    return `it has only values, such as "${names[0]}"`;
  const fraction = names.find((name) => /^\s*[-+]?\d+[.,]\d+\s*$/.test(name));
  if (fraction !== undefined) return `"${fraction}" is a value, not a name`;
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return `two columns are named "${name}"`;
    seen.add(name);
  }
  if (seen.has('__proto__')) return 'a column cannot be named "__proto__"';
  if (names.some((name) => name.includes('\0') || name.includes('\uFFFD')))
    return 'it has characters that are not text in the encoding of the file';
  return undefined;
};

/**
 * Reads the names of the columns from the first line. Commas at its end, as spreadsheets write them, make no columns.
 *
 * @throws AshlarError `input-invalid` for a line that is no header
 */
export function columnNames(fields: readonly string[]): readonly string[] {
  const names = fields.slice(0, fields.findLastIndex((name) => name.trim() !== '') + 1);
  const problem = names.length === 0 ? 'it has no names' : problemOf(names);
  if (problem === undefined) return names;
  throw new AshlarError('input-invalid', {
    message: `The file has no usable header: ${problem}.`,
    suggestion:
      'The first line must name each column once. Check the encoding of the file, and give it with --encoding.',
  });
}

/**
 * Creates a function that cuts a line to the columns of the header: the fields beyond it that are empty, if the header had
 * such fields as well.
 */
export function cutToHeader(
  given: number,
  columns: number,
): (fields: readonly string[]) => readonly string[] {
  if (given === columns) return (fields) => fields;
  return (fields) =>
    fields.length > columns && fields.length <= given && fields.slice(columns).every((field) => field === '')
      ? fields.slice(0, columns)
      : fields;
}
