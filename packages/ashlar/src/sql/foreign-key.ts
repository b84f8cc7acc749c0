import type { SqlName } from '../contract/sql.js';
import { type CodeToken, codeOf, nameOf, splitAtCommas } from './code.js';

/** The columns of a foreign key, and the table and columns that it refers to. */
export interface ForeignKeyText {
  readonly columns: readonly string[];
  readonly target: string;
  /** Empty where the text leaves them out: the primary key. */
  readonly targetColumns: readonly string[];
}

const namesAfter = (tokens: readonly CodeToken[], open: number): readonly string[] => {
  if (tokens[open]?.text !== '(') return [];
  const close = tokens.findIndex(({ text }, at) => at > open && text === ')');
  return splitAtCommas(tokens.slice(open + 1, close)).flatMap(([first]) => (first ? [nameOf(first)] : []));
};

/** Reads the definition of a constraint; `undefined` if it is no foreign key. */
export function foreignKeyOf(definition: string, dialect: SqlName): ForeignKeyText | undefined {
  const tokens = codeOf(definition, dialect);
  const at = tokens.findIndex(({ word }) => word === 'REFERENCES');
  const target = tokens[at + 1];
  if (tokens[0]?.word !== 'FOREIGN' || at < 0 || !target) return undefined;
  return {
    columns: namesAfter(tokens, 2),
    target: nameOf(target),
    targetColumns: namesAfter(tokens, at + 2),
  };
}
