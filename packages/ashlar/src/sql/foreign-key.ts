import type { SqlName } from '../contract/sql.js';
import type { ForeignKey } from '../contract/table.js';
import { identifier, identifiers } from '../model/index.js';
import { type CodeToken, codeOf, nameOf, splitAtCommas } from './code.js';

/** The columns of a foreign key, and the table and columns that it refers to. */
export interface ForeignKeyText {
  readonly columns: readonly string[];
  readonly target: string;
  /** Empty where the text leaves them out: the primary key. */
  readonly targetColumns: readonly string[];
}

/** Writes the definition of a foreign key, without its name; the SQL is the same on every engine. */
export function foreignKeyText({ columns, target, onDelete, onUpdate, deferrable }: ForeignKey): string {
  return [
    `FOREIGN KEY (${identifiers(columns)})`,
    `REFERENCES ${identifier(target.table)} (${identifiers(target.columns)})`,
    `ON DELETE ${onDelete.toUpperCase()}`,
    ...(onUpdate === 'no action' ? [] : [`ON UPDATE ${onUpdate.toUpperCase()}`]),
    ...(deferrable ? ['DEFERRABLE INITIALLY DEFERRED'] : []),
  ].join(' ');
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
