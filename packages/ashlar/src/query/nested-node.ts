import { ColumnNode, type OperationNode, ReferenceNode, TableNode } from 'kysely';
import type { QueryAnswers } from '../contract/answers.js';
import { AshlarError } from '../errors.js';
import type { NestedRows } from './scope.js';

const alias = 'ashlar_rows';

/**
 * Returns the expression that `nested` stands for: the rows of a query as JSON.
 *
 * @throws AshlarError `usage` if a column of the query has no name or no known kind, if two have the same name, and if
 *   one is encrypted
 */
export function nestedNode(
  query: OperationNode,
  rows: NestedRows | undefined,
  answers: QueryAnswers,
): OperationNode {
  if (!rows || rows.columns.length === 0) throw unnamed();
  const names = rows.columns.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw sameName(twice);
  const unreadable = rows.columns.find(({ meaning }) => !meaning || meaning.column?.plaintext);
  if (unreadable) throw notReadable(unreadable.name, unreadable.meaning !== undefined);
  const cells = rows.columns.map(({ name, meaning }) =>
    answers.inJson(ReferenceNode.create(ColumnNode.create(name), TableNode.create(alias)), meaning),
  );
  return answers.rowsAsJson({ query, alias, cells, one: rows.one });
}

const unnamed = (): AshlarError =>
  new AshlarError('usage', {
    message: 'The columns of a nested query are not known.',
    suggestion:
      'Name them: .select([...]), or selectAll() from a declared table; give expressions a name with .as(…).',
  });

const notReadable = (name: string, encrypted: boolean): AshlarError =>
  new AshlarError('usage', {
    message: `The column ${name} cannot be in a nested query.`,
    detail: encrypted
      ? 'It is encrypted, and decrypt reads rows, not rows in rows.'
      : 'Its kind is not known, so engines would write it into JSON in different ways.',
    suggestion: encrypted
      ? 'Read it with a query of its own.'
      : 'Select declared columns, or expressions of the builder instead of raw SQL.',
  });

const sameName = (name: string): AshlarError =>
  new AshlarError('usage', {
    message: `Two columns of a nested query are called ${name}.`,
    suggestion: `Rename one of them: 'table.${name} as other'.`,
  });
