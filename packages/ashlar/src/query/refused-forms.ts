import { isDeepStrictEqual } from 'node:util';
import {
  type AggregateFunctionNode,
  type BinaryOperationNode,
  type DeleteQueryNode,
  type FunctionNode,
  type InsertQueryNode,
  type JoinNode,
  type LimitNode,
  type MergeQueryNode,
  type OffsetNode,
  type OperationNode,
  ReferenceNode,
  type SelectQueryNode,
  type SetOperationNode,
  TableNode,
  type UpdateQueryNode,
  ValueNode,
  type WithNode,
} from 'kysely';
import { AshlarError } from '../errors.js';
import { isStatement } from './meaning.js';
import { operatorOf } from './operators.js';
import { refuseFunction } from './refused-functions.js';
import { parts } from './tree.js';
import { unwrapped } from './unwrapped.js';

/**
 * Refuses a part of a statement that not every engine can run, so that the answer is the same on all of them, and an
 * update that sets nothing: Kysely leaves out values that are undefined.
 *
 * @throws AshlarError `usage`
 */
export function refuseForm(node: OperationNode): void {
  refusals[node.kind]?.(node as never);
}

const lateral = "An expression of the select list with a subquery, or nested(…), reads another table's rows.";
const upsertTarget = 'Name the columns of the unique key: onConflict((oc) => oc.columns([…])).';
const aFew =
  'Choose the rows by their keys: .where("id", "in", (eb) => eb.selectFrom(…).select("id").limit(…)).';

const refusals: Partial<Record<OperationNode['kind'], (node: never) => void>> = {
  SelectQueryNode: (node: SelectQueryNode) => {
    refuseWritesIn(node);
    if (node.fetch) throw refused('FETCH', 'Use limit(…), after an orderBy that makes the order certain.');
    const { groupBy, selections = [], having, orderBy } = node;
    const others = [...selections, ...(having ? [having] : []), ...(orderBy ? [orderBy] : [])];
    for (const item of groupBy?.items ?? [])
      if (hasParameter(item.groupBy) && others.some((each) => contains(each, item.groupBy)))
        throw parameterInGroup();
  },
  InsertQueryNode: (node: InsertQueryNode) => {
    refuseWritesIn(node);
    const { onConflict, orAction, ignore, replace } = node;
    if (orAction || ignore || replace)
      throw refused(
        replace ? 'REPLACE' : 'INSERT OR …',
        'Say what a conflict does: onConflict((oc) => oc.doNothing()), or oc.columns([…]).doUpdateSet(…).',
      );
    if (onConflict?.updates?.length === 0) throw setsNothing('DO UPDATE');
    if (onConflict?.constraint) throw refused('ON CONFLICT ON CONSTRAINT', upsertTarget);
    if (onConflict?.updates && !onConflict.columns && !onConflict.indexExpression)
      throw refused('DO UPDATE for a conflict with any key', upsertTarget);
  },
  UpdateQueryNode: (node: UpdateQueryNode) => {
    refuseWritesIn(node);
    if (node.limit || node.orderBy) throw refused('LIMIT or ORDER BY of an UPDATE', aFew);
    if (!node.updates?.length) throw setsNothing('UPDATE');
  },
  MergeQueryNode: ({ whens }: MergeQueryNode) => {
    for (const { result } of whens ?? [])
      if (result?.kind === 'UpdateQueryNode' && !(result as UpdateQueryNode).updates?.length)
        throw setsNothing('UPDATE');
  },
  DeleteQueryNode: (node: DeleteQueryNode) => {
    refuseWritesIn(node);
    if (node.limit || node.orderBy) throw refused('LIMIT or ORDER BY of a DELETE', aFew);
    if (node.using)
      throw refused(
        'USING of a DELETE',
        'Use a subquery: .where((eb) => eb.exists(eb.selectFrom(…).whereRef(…))).',
      );
  },
  JoinNode: ({ joinType }: JoinNode) => {
    if (joinType.startsWith('Lateral') || joinType.endsWith('Apply')) throw refused('LATERAL', lateral);
  },
  SetOperationNode: ({ operator, all }: SetOperationNode) => {
    if (all && operator !== 'union')
      throw refused(`${operator.toUpperCase()} ALL`, `Use ${operator}, or a condition with exists.`);
  },
  BinaryOperationNode: (node: BinaryOperationNode) => {
    if (operatorOf(node) === 'between symmetric')
      throw refused('BETWEEN SYMMETRIC', 'Sort the two bounds and use between.');
  },
  FunctionNode: ({ func, arguments: arguments_ }: FunctionNode) => {
    const name = func.toLowerCase();
    if (name === 'any' || name === 'all')
      throw refused(`${name}(…)`, 'Use in, not in, or exists with a subquery.');
    if (jsonFunctions.has(name)) throw noJsonFunction(name);
    refuseFunction(func, arguments_.length);
  },
  AggregateFunctionNode: ({ func, aggregated }: AggregateFunctionNode) => {
    if (jsonFunctions.has(func.toLowerCase())) throw noJsonFunction(func);
    refuseFunction(func, aggregated.length);
  },
  LimitNode: ({ limit }: LimitNode) => refuseCount('LIMIT', limit),
  OffsetNode: ({ offset }: OffsetNode) => refuseCount('OFFSET', offset),
};

const jsonFunctions: ReadonlySet<string> = new Set(['json_agg', 'jsonb_agg', 'to_json', 'to_jsonb']);

const noJsonFunction = (name: string): AshlarError =>
  refused(`${name}(…)`, 'nested and nestedOne return rows in rows, with the values that columns have.');

const refuseWritesIn = ({ with: clause }: { readonly with?: WithNode }): void => {
  for (const { expression } of clause?.expressions ?? [])
    if (isStatement(expression) && expression.kind !== 'SelectQueryNode')
      throw refused(
        'A write in WITH',
        'Run the write as a statement of its own in the same session, with returning(…).',
      );
};

const refuseCount = (what: string, given: OperationNode): void => {
  const node = unwrapped(given);
  if (!ValueNode.is(node)) return;
  const { value } = node;
  if (typeof value === 'bigint' ? value >= 0n : Number.isSafeInteger(value) && (value as number) >= 0) return;
  throw new AshlarError('usage', {
    message: `The ${what} is ${String(value)}.`,
    suggestion: `Give a whole number from 0; leave ${what} out to get all rows.`,
  });
};

const setsNothing = (what: string): AshlarError =>
  new AshlarError('usage', {
    message: `The ${what} sets no column.`,
    detail: 'Columns whose value is undefined are left out.',
    suggestion: 'Give at least one column a value; null makes a column NULL.',
  });

/**
 * Refuses a declared table that a statement names with a schema: it could be another table, whose values Ashlar does not
 * know, and engines name schemas differently.
 *
 * @param declared - the declared tables, by name
 * @throws AshlarError `usage`
 */
export function refuseSchema(node: OperationNode, declared: ReadonlyMap<string, unknown>): void {
  const table = ReferenceNode.is(node) ? node.table : node;
  if (!table || !TableNode.is(table)) return;
  const { schema, identifier } = table.table;
  if (schema && declared.has(identifier.name)) throw refusedSchema(schema.name, identifier.name);
}

const refusedSchema = (schema: string, table: string): AshlarError =>
  new AshlarError('usage', {
    message: `The table ${table} is named with a schema: ${schema}.`,
    detail: 'The schema of a system is that of its connection, and its name is not the same on every engine.',
    suggestion:
      'Leave out withSchema(…), and the name before the point. Raw sql reaches another table of this name.',
  });

const hasParameter = (node: OperationNode): boolean => {
  if (ValueNode.is(node)) return !node.immediate;
  return node.kind === 'PrimitiveValueListNode' || (!isStatement(node) && parts(node).some(hasParameter));
};

const contains = (node: OperationNode, sought: OperationNode): boolean =>
  isDeepStrictEqual(node, sought) ||
  (!isStatement(node) && parts(node).some((part) => contains(part, sought)));

const parameterInGroup = (): AshlarError =>
  new AshlarError('usage', {
    message: 'An expression with a parameter is grouped by, and used once more beside it.',
    detail:
      'Each literal becomes a parameter of its own, so PostgreSQL cannot tell that the expressions are equal.',
    suggestion: 'Write the literal into the SQL with sql.lit(…), or compute the expression in a subquery.',
  });

const refused = (what: string, suggestion: string): AshlarError =>
  new AshlarError('usage', {
    message: `${what} is not in the SQL of every engine.`,
    suggestion: `${suggestion} Raw sql sends it to an engine that has it.`,
  });
