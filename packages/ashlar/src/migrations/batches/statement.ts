import { nameOf } from '../../sql/code.js';
import type { SqlStatement } from '../../sql/statements.js';

/** A statement that changes or deletes rows, in the parts that a batch needs. */
export interface BatchedStatement {
  /** The table, as its name is stored. */
  readonly table: string;
  /** The statement up to its WHERE. */
  readonly head: string;
  /** The condition of the WHERE, which is false for a row that is done. */
  readonly condition: string;
}

/** Clauses after a WHERE, to which a condition cannot be added at the end. */
const trailing: ReadonlySet<string> = new Set(['RETURNING', 'ORDER', 'LIMIT', 'CURRENT']);

/** Whether a statement changes or deletes rows, and so has to run in batches. */
export function changesRows({ tokens }: SqlStatement): boolean {
  return ['UPDATE', 'DELETE', 'WITH', 'INSERT', 'REPLACE', 'MERGE'].includes(tokens[0]?.word ?? '');
}

/**
 * Reads a statement of the form `UPDATE table SET … WHERE …` or `DELETE FROM table WHERE …`; `undefined` for another form.
 */
export function readBatched({ sql, tokens }: SqlStatement): BatchedStatement | undefined {
  const isUpdate = tokens[0]?.word === 'UPDATE';
  if (!isUpdate && !(tokens[0]?.word === 'DELETE' && tokens[1]?.word === 'FROM')) return undefined;
  const name = tokens[isUpdate ? 1 : 2];
  if (!name || (name.kind !== 'word' && name.kind !== 'name')) return undefined;
  const rest = tokens.slice(isUpdate ? 2 : 3);
  if (rest[0]?.word !== (isUpdate ? 'SET' : 'WHERE')) return undefined;
  let depth = 0;
  const outside = rest.filter(({ text }) => {
    if (text === ')') depth -= 1;
    const isOutside = depth === 0;
    if (text === '(') depth += 1;
    return isOutside;
  });
  const where = outside.findIndex(({ word }) => word === 'WHERE');
  const found = outside[where];
  if (!found || where === outside.length - 1) return undefined;
  const joins = outside.slice(0, where).some(({ word }) => word === 'FROM');
  if (joins || outside.slice(where + 1).some(({ word }) => trailing.has(word))) return undefined;
  // offsets are those of the file
  const base = (tokens.at(-1)?.end ?? 0) - sql.length;
  return {
    table: name.kind === 'word' ? name.text.toLowerCase() : nameOf(name),
    head: sql.slice((tokens[0]?.start ?? base) - base, found.start - base).trimEnd(),
    condition: sql.slice(found.end - base).trim(),
  };
}
