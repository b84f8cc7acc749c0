import type { ErrorDescription, ErrorFacts } from '../errors.js';

/** Says of a row that it has the unique key of another row, with the same words for every engine. */
export function uniqueViolation(facts: ErrorFacts): ErrorDescription {
  const columns = facts.columns?.join(', ');
  const key = [facts.constraint, columns && `(${columns})`].filter(Boolean).join(' ');
  return {
    message: `A row${of(facts)} with the same ${columns ?? 'key'} exists.`,
    detail: key ? `The unique key ${key} allows each value once.` : undefined,
    suggestion: 'Use another value, or update the row that has this value.',
    facts,
  };
}

/**
 * Says that a foreign key is violated.
 *
 * @param how - `missing`: the row refers to none. `referenced`: rows still refer to it. `undefined`: one of the two
 * @param target - the table that the foreign key refers to
 */
export function foreignKeyViolation(
  facts: ErrorFacts,
  how: 'missing' | 'referenced' | undefined,
  target?: string,
): ErrorDescription {
  const key = [facts.constraint, facts.columns && `(${facts.columns.join(', ')})`].filter(Boolean).join(' ');
  const detail = key
    ? `The foreign key ${key} refused the statement.`
    : 'The database does not name the foreign key.';
  if (how === 'missing') {
    return {
      message: `A row${of(facts)} references a row${target ? ` of ${target}` : ''} that does not exist.`,
      detail,
      suggestion: 'Insert the referenced row first.',
      facts,
    };
  }
  return {
    message:
      how === 'referenced'
        ? `A row${target ? ` of ${target}` : ''} is still referenced by ${facts.table ?? 'another row'}.`
        : 'A row references a missing row, or a row to delete or change is still referenced.',
    detail,
    suggestion:
      how === 'referenced'
        ? 'Delete the referencing rows first.'
        : 'Insert the referenced row first, or delete the referencing rows first.',
    facts,
  };
}

/** Says that a CHECK constraint refused a row; without a constraint, that no partition of the table accepts it. */
export function checkViolation(facts: ErrorFacts): ErrorDescription {
  return {
    message: facts.constraint
      ? `The CHECK constraint ${facts.constraint} refused a value.`
      : `No partition${of(facts)} accepts the row.`,
    detail:
      facts.constraint && facts.table ? `The constraint belongs to the table ${facts.table}.` : undefined,
    facts,
  };
}

/** Says that a required column has no value. */
export function notNullViolation(facts: ErrorFacts): ErrorDescription {
  return {
    message: `The required column ${[facts.table, ...(facts.columns ?? [])].join('.')} has no value.`,
    suggestion: 'Pass a value for the column.',
    facts,
  };
}

/** Says that a statement writes a column that the database computes. */
export function computedViolation(facts: ErrorFacts): ErrorDescription {
  return {
    message: `${[facts.table, ...(facts.columns ?? [])].join('.')} is computed by the database and cannot be given.`,
    suggestion: 'Leave the column out, and write the columns that it is computed of.',
    facts,
  };
}

/** Says that a guarantee refused a statement, in the words of the guarantee. */
export function guaranteeViolation(facts: ErrorFacts, text: string): ErrorDescription {
  return {
    message: text,
    detail: `The guarantee "${facts.guarantee}" of ${facts.table ?? 'the table'} refused the statement.`,
    facts,
  };
}

/** Says that a session wrote to a table that a guarantee adds. */
export function sideTableViolation(facts: ErrorFacts): ErrorDescription {
  return guaranteeViolation(facts, `rows of ${facts.table} are written by the database only`);
}

const of = ({ table }: ErrorFacts): string => (table === undefined ? '' : ` of ${table}`);
