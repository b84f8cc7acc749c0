import type { SqlName } from '../contract/sql.js';
import { codeOf } from '../sql/code.js';

/** Whether the rest of a column's definition, as an engine describes it, computes its values: `AS (…)`, `GENERATED ALWAYS AS (…)`. */
export function isComputedBy(rest: string, dialect: SqlName): boolean {
  return codeOf(rest, dialect).some(({ word }, at, tokens) => word === 'AS' && tokens[at + 1]?.text === '(');
}
