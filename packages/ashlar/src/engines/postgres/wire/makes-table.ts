import type { CodeToken } from '../../../sql/code.js';

/**
 * Whether a statement has the clause INTO of a SELECT, which creates a table. Every other INTO is a label, after AS or a point,
 * or follows the verb of an INSERT or a MERGE. AS, INSERT and MERGE may be labels or columns themselves.
 */
export function makesTable(tokens: readonly CodeToken[]): boolean {
  // for each open parenthesis, whether a SELECT has begun in it
  const selects = [false];
  let label = false;
  for (const [at, { text, word }] of tokens.entries()) {
    const before = tokens[at - 1];
    const isAfterLabel: boolean = label;
    label = word !== '' && (before?.text === '.' || (before?.word === 'AS' && !isAfterLabel));
    if (text === '(') selects.push(false);
    if (text === ')' && selects.length > 1) selects.pop();
    if (text === ';') selects.splice(0, selects.length, false);
    if (label) continue;
    const inSelect = selects.at(-1) ?? false;
    if (word === 'SELECT') selects[selects.length - 1] = true;
    // after SELECT, they are columns or labels without AS
    const isVerb = !inSelect && !isAfterLabel && (before?.word === 'INSERT' || before?.word === 'MERGE');
    if (word === 'INTO' && !isVerb) return true;
  }
  return false;
}
