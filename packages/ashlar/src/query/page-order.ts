import {
  AliasNode,
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  IdentifierNode,
  type JoinNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  ReferenceNode,
  type SelectQueryNode,
  TableNode,
  ValueNode,
} from 'kysely';
import type { TableFacts } from '../contract/table.js';
import { AshlarError } from '../errors.js';
import { propertiesOf } from '../model/index.js';
import type { Scope } from './scope.js';
import { unwrapped } from './unwrapped.js';

/** A declared table in FROM or in a join, under the name that the query gives it. */
interface Source {
  readonly name: string;
  readonly table: TableFacts;
  readonly join: JoinNode | undefined;
}

/** A column of a source, or a value that is the same for all rows. */
type Operand = { readonly source: string; readonly column: string } | 'constant';

/** Two operands that are equal in every row; for the ON of an outer join only `for` is determined by it. */
interface Equality {
  readonly operands: readonly [Operand, Operand];
  readonly for: string | undefined;
}

/**
 * Throws if the columns of a page's order can be equal in two rows, where that is certain: all sources are declared
 * tables. Each table must have a unique key in the order, unless the other tables determine its row (it is joined on
 * a unique key of its own). Of grouped rows, the order must have all that the query groups by.
 *
 * @param keys - the expressions of the order
 * @throws AshlarError `usage`
 */
export function assertUniqueOrder(
  given: SelectQueryNode,
  keys: readonly OperationNode[],
  scope: Scope,
): void {
  const sources = sourcesOf(given, scope);
  if (!sources) return;
  const ordered = keys.flatMap((key) => operandOf(key, sources) ?? []);
  if (given.groupBy) assertGroupsUnique(given, keys, ordered, sources);
  else assertRowsUnique(given, ordered, sources);
}

const assertRowsUnique = (
  given: SelectQueryNode,
  ordered: readonly Operand[],
  sources: readonly Source[],
): void => {
  const equalities = equalitiesOf(given, sources);
  const known = new Set(
    sources.filter((one) => hasKey(one, columnsOf(one, ordered))).map(({ name }) => name),
  );
  for (let size = -1; size !== known.size; ) {
    size = known.size;
    for (const one of sources)
      if (hasKey(one, determined(one, ordered, equalities, known))) known.add(one.name);
  }
  const open = sources.find(({ name }) => !known.has(name));
  if (open) throw repeated(open, sources.length > 1);
};

const repeated = ({ name, table }: Source, among: boolean): AshlarError =>
  new AshlarError('usage', {
    message: `The order of a page of ${name} leaves rows equal, which could then be left out.`,
    ...(among && { detail: `A row of the other tables can occur once for each row of ${name}.` }),
    suggestion: `End \`by\` in columns that make a row unique${among ? `, of ${name} too` : ''}: ${propertiesOf(table, table.primaryKey.columns).join(', ')}.`,
  });

const sourcesOf = (given: SelectQueryNode, scope: Scope): Source[] | undefined => {
  const found: (Source | undefined)[] = [
    ...(given.from?.froms ?? []).map((node) => sourceOf(node, undefined, scope)),
    ...(given.joins ?? []).map((join) => sourceOf(join.table, join, scope)),
  ];
  const known = found.filter((each) => each !== undefined);
  return known.length > 0 && known.length === found.length ? known : undefined;
};

const sourceOf = (node: OperationNode, join: JoinNode | undefined, scope: Scope): Source | undefined => {
  const given = AliasNode.is(node) ? node.node : node;
  const table = TableNode.is(given) ? scope.table(given) : undefined;
  if (!table || (join && !/^(Inner|Left|Right|Full|Cross)Join$/.test(join.joinType))) return undefined;
  if (!AliasNode.is(node)) return { name: table.name, table, join };
  return IdentifierNode.is(node.alias) ? { name: node.alias.name, table, join } : undefined;
};

const operandOf = (given: OperationNode, sources: readonly Source[]): Operand | undefined => {
  const node = plain(given);
  if (ValueNode.is(node)) return node.value === null ? undefined : 'constant';
  const reference = ReferenceNode.is(node) ? node : undefined;
  const column = ColumnNode.is(node)
    ? node
    : reference && ColumnNode.is(reference.column) && reference.column;
  if (!column) return undefined;
  const name = column.column.name;
  const qualifier = reference?.table?.table.identifier.name;
  const [source, ...others] = sources.filter((one) =>
    qualifier === undefined ? name in one.table.columns : one.name === qualifier,
  );
  return source && others.length === 0 ? { source: source.name, column: name } : undefined;
};

const plain = (given: OperationNode): OperationNode => {
  const node = unwrapped(given);
  return ParensNode.is(node) ? plain(node.node) : node;
};

/** The equalities that hold for the rows of a query: of WHERE, and of the ON of each join. */
const equalitiesOf = (given: SelectQueryNode, sources: readonly Source[]): Equality[] => [
  ...conjuncts(given.where?.where).flatMap((node) => equality(node, sources, undefined)),
  ...sources.flatMap(({ name, join }) => {
    const type = join?.joinType;
    if (type !== 'InnerJoin' && type !== 'LeftJoin') return [];
    return conjuncts(join?.on?.on).flatMap((node) =>
      equality(node, sources, type === 'LeftJoin' ? name : undefined),
    );
  }),
];

const conjuncts = (given: OperationNode | undefined): OperationNode[] => {
  if (!given) return [];
  const node = plain(given);
  return AndNode.is(node) ? [...conjuncts(node.left), ...conjuncts(node.right)] : [node];
};

const equality = (
  node: OperationNode,
  sources: readonly Source[],
  determines: string | undefined,
): Equality[] => {
  if (!BinaryOperationNode.is(node) || !OperatorNode.is(node.operator) || node.operator.operator !== '=')
    return [];
  const left = operandOf(node.leftOperand, sources);
  const right = operandOf(node.rightOperand, sources);
  return left && right ? [{ operands: [left, right], for: determines }] : [];
};

const columnsOf = ({ name }: Source, operands: readonly Operand[]): Set<string> =>
  new Set(operands.flatMap((each) => (each !== 'constant' && each.source === name ? each.column : [])));

/** The columns of a source that have one value for the values of the order and of the sources that are known. */
const determined = (
  source: Source,
  ordered: readonly Operand[],
  equalities: readonly Equality[],
  known: ReadonlySet<string>,
): Set<string> => {
  const isFixed = (operand: Operand): boolean =>
    operand === 'constant' || (operand.source !== source.name && known.has(operand.source));
  return columnsOf(source, [
    ...ordered,
    ...equalities.flatMap(({ operands: [left, right], for: only }) => {
      if (only !== undefined && only !== source.name) return [];
      return [...(isFixed(right) ? [left] : []), ...(isFixed(left) ? [right] : [])];
    }),
  ]);
};

const hasKey = ({ table }: Source, columns: ReadonlySet<string>): boolean => {
  const uniques = table.uniques.filter((key) => key.columns.every((name) => !table.columns[name]?.nullable));
  return [table.primaryKey, ...uniques].some((key) => key.columns.every((name) => columns.has(name)));
};

// a column of a row that the order identifies is equal when the row is
const assertGroupsUnique = (
  given: SelectQueryNode,
  keys: readonly OperationNode[],
  ordered: readonly Operand[],
  sources: readonly Source[],
): void => {
  const texts = new Set(keys.map(textOf));
  const columns = new Set(ordered.map(textOfOperand));
  const whole = new Set(
    sources.filter((one) => hasKey(one, columnsOf(one, ordered))).map(({ name }) => name),
  );
  for (const { groupBy } of given.groupBy?.items ?? []) {
    const operand = operandOf(groupBy, sources);
    const isOrdered =
      operand && operand !== 'constant'
        ? columns.has(textOfOperand(operand)) || whole.has(operand.source)
        : texts.has(textOf(groupBy));
    if (isOrdered) continue;
    throw new AshlarError('usage', {
      message: 'The order of a page of groups leaves groups equal, which could then be left out.',
      suggestion: 'End `by` in all columns that the query groups by.',
    });
  }
};

const textOf = (node: OperationNode): string =>
  JSON.stringify(plain(node), (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));

const textOfOperand = (operand: Operand): string =>
  operand === 'constant' ? operand : `${operand.source} ${operand.column}`;
