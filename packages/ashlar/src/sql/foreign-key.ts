import type { SchemaObject } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import type { ForeignKey } from '../contract/table.js';
import { identifier, identifiers } from '../model/index.js';
import { type CodeToken, codeOf, findWords, nameOf, splitAtCommas } from './code.js';

/** The columns of a foreign key, and the table and columns that it refers to. */
export interface ForeignKeyText {
  readonly columns: readonly string[];
  readonly target: string;
  /** Empty where the text leaves them out: the primary key. */
  readonly targetColumns: readonly string[];
  /** Whether the key is checked when the transaction ends. */
  readonly isDeferred: boolean;
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

/** What happens to a row when the row that it refers to is deleted; `no action` where a definition does not say. */
const onDeleteOf = (tokens: readonly CodeToken[]): string => {
  const at = tokens.findIndex(({ word }, index) => word === 'ON' && tokens[index + 1]?.word === 'DELETE');
  const [first, second] = at < 0 ? [] : tokens.slice(at + 2);
  return first?.word === 'SET' ? `SET ${second?.word}` : (first?.word ?? 'NO');
};

const effects: Readonly<Record<string, (columns: string) => string>> = {
  CASCADE: (columns) => `deletes the rows that refer to it by ${columns}`,
  'SET NULL': (columns) => `sets ${columns} to NULL`,
  'SET DEFAULT': (columns) => `sets ${columns} to the default`,
};

/**
 * Returns what a changed foreign key does from then on where it refused a deletion before; one line for each key.
 *
 * @param before - the constraints of the table before and after the change
 */
export function newlyCascading(
  before: readonly SchemaObject[],
  after: readonly SchemaObject[],
  dialect: SqlName,
): readonly string[] {
  const keyOf = ({ definition }: SchemaObject) => {
    const key = foreignKeyOf(definition, dialect);
    return key && { ...key, does: effects[onDeleteOf(codeOf(definition, dialect))] };
  };
  const were = before.map(keyOf);
  return after.flatMap((constraint) => {
    const key = keyOf(constraint);
    const was = were.find(
      (one) => one?.target === key?.target && String(one?.columns) === String(key?.columns),
    );
    if (!key?.does || !was || was.does) return [];
    return [`To delete a row of ${key.target} was refused, and then ${key.does(key.columns.join(', '))}.`];
  });
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
    isDeferred: findWords(tokens, 'INITIALLY', 'DEFERRED') > 0,
  };
}
