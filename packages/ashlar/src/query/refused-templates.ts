import { AliasNode, ColumnNode, IdentifierNode, type OperationNode, RawNode, ReferenceNode } from 'kysely';
import { AshlarError } from '../errors.js';
import { namesIn } from '../sql/code.js';
import { isRemembered, isStatement, meaningOf, outputsOf } from './meaning.js';
import type { QueryParts } from './parts.js';
import type { Relation, Scope } from './scope.js';
import { unwrapped } from './unwrapped.js';

/**
 * Refuses a template of `sql` within a builder that names a decimal column or takes a decimal: its text would compute
 * with the scaled integer on SQLite. A statement that is a template as a whole is not concerned.
 *
 * @throws AshlarError `usage`
 */
export function refuseTemplate(node: OperationNode, scope: Scope, parts: QueryParts): void {
  if (!RawNode.is(node) || !scope.isOfStatement || isRemembered(node) || unwrapped(node) !== node) return;
  const names = namesOf(node);
  // a subquery in the text may read every table
  const isQuery = names.some((name) => /^(select|from)$/i.test(name));
  const decimals = decimalsIn([...scope.visible(), ...(isQuery ? parts.declared.values() : [])]);
  const named = names.find((name) => decimals.has(name.toLowerCase()));
  if (named !== undefined) throw refused(`names ${named}, a decimal`);
  if (node.parameters.some((each) => isDecimal(each, scope))) throw refused('takes a decimal');
}

const namesOf = ({ sqlFragments, parameters }: RawNode): readonly string[] => [
  // both dialects read names in the same way; what is between the texts is no name
  ...namesIn(sqlFragments.join(' ? '), 'sqlite'),
  ...parameters.map(unwrapped).flatMap(nameIn),
];

const nameIn = (node: OperationNode): readonly string[] => {
  if (IdentifierNode.is(node)) return [node.name];
  if (ColumnNode.is(node)) return [node.column.name];
  return ReferenceNode.is(node) && node.table === undefined ? nameIn(node.column) : [];
};

const decimalsIn = (relations: Iterable<Relation>): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const { columns } of relations)
    for (const [name, meaning] of columns) if (meaning?.kind === 'decimal') names.add(name.toLowerCase());
  return names;
};

const isDecimal = (given: OperationNode, scope: Scope): boolean => {
  const node = unwrapped(AliasNode.is(given) ? given.node : given);
  if (isStatement(node)) return outputsOf(node, scope).some(({ meaning }) => meaning?.kind === 'decimal');
  return meaningOf(node, scope)?.kind === 'decimal';
};

const refused = (what: string): AshlarError =>
  new AshlarError('usage', {
    message: `A template of sql within a query ${what}.`,
    detail: 'SQLite holds decimals as scaled integers, so that engines would give different results.',
    suggestion:
      'Write the expression with the builder: sum, min, max, coalesce, CASE, comparisons, + and - with one scale, and * by a whole number.',
  });
