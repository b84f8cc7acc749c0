import { AshlarError } from '../errors.js';

/** The functions that every engine has, with the same results for the kinds that they take. */
const shared: ReadonlySet<string> = new Set([
  ...['coalesce', 'nullif', 'greatest', 'least'],
  ...['lower', 'upper', 'trim', 'ltrim', 'rtrim', 'replace', 'substr', 'substring', 'length', 'concat'],
  ...['abs', 'round', 'ceil', 'ceiling', 'floor', 'sign'],
  ...['count', 'sum', 'avg', 'min', 'max'],
  ...['row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist', 'ntile'],
  ...['lag', 'lead', 'first_value', 'last_value', 'nth_value'],
]);

/** What to write in the place of a function that is the same on every engine. */
const instead: Readonly<Record<string, string>> = {
  ifnull: 'Use coalesce.',
  iif: 'Use a CASE: eb.case().when(…).then(…).else(…).end().',
  now: 'Pass the time of the application, or let the column have it: createdAt(), updatedAt(), now().',
  date_trunc: 'For the day of a time, use eb.cast(column, "date").',
  date: 'For the day of a time, use eb.cast(column, "date").',
};

/**
 * Refuses a function that not every engine has.
 *
 * @throws AshlarError `usage`
 */
export function refuseFunction(func: string, given: number): void {
  const name = func.toLowerCase();
  if ((name === 'min' || name === 'max') && given > 1)
    throw refused(`${name} of several values`, `Use ${name === 'max' ? 'greatest' : 'least'}.`);
  // those of Ashlar stand for what each engine has
  if (!shared.has(name) && !name.startsWith('ashlar_'))
    throw refused(`The function ${name}`, instead[name] ?? 'Compute it in the application.');
}

const refused = (what: string, suggestion: string): AshlarError =>
  new AshlarError('usage', {
    message: `${what} is not in the SQL of every engine.`,
    suggestion: `${suggestion} sql\`…\` within the query sends it to an engine that has it.`,
  });
