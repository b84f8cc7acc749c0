import {
  AliasNode,
  ColumnNode,
  type Compilable,
  ExpressionWrapper,
  IdentifierNode,
  type OperationNode,
  type OperationNodeSource,
  ParensNode,
  ReferenceNode,
  type SelectQueryBuilder,
  SelectQueryNode,
  type SqlBool,
  TupleNode,
  ValueNode,
} from 'kysely';
import { AshlarError } from '../errors.js';
import { readCursor, writeCursor } from './cursor.js';
import { meaningOf, type Output, outputsOf, scopeOf } from './meaning.js';
import { binary, both, constant, either } from './nodes.js';
import { assertUniqueOrder } from './page-order.js';
import type { Meaning, Scope } from './scope.js';
import { unwrapped } from './unwrapped.js';

/** A column of a page's order: ascending by default. */
export type PageBy<Row> =
  | (keyof Row & string)
  | { readonly column: keyof Row & string; readonly direction?: 'asc' | 'desc' };

/** Which page of a query to read. */
export interface PageOptions<Row> {
  /**
   * The order: columns that the query selects. They must end in columns that make a row unique, for example the primary
   * key; otherwise rows that are equal in all of them could be left out. Of joined tables, those need a key in the order
   * that are not joined on a key of their own; of groups, all that the query groups by.
   */
  readonly by: readonly PageBy<Row>[];
  /** The cursor of the page before; without one, the first page. */
  readonly after?: string | null | undefined;
  /** The most rows of the page, from 1 to 10,000. */
  readonly limit: number;
}

/** A page of rows, and the cursor with which the next page begins; `undefined` on the last page. */
export interface Page<Row> {
  readonly rows: Row[];
  readonly next: string | undefined;
}

interface Key {
  readonly name: string;
  readonly direction: 'asc' | 'desc';
  readonly node: OperationNode;
  readonly nullable: boolean;
  readonly meaning: Meaning | undefined;
}

const mostRows = 10_000;

/** A query of which a page is read: the builder of a SELECT. */
export interface PagedQuery<Row> extends OperationNodeSource {
  execute(): Promise<Row[]>;
}

/** The statement of a page, and how to make the page of its rows. */
export interface PagePlan {
  readonly query: Compilable<Record<string, unknown>>;
  page<Row>(rows: readonly Row[]): Page<Row>;
}

type Builder = SelectQueryBuilder<Record<string, Record<string, unknown>>, string, Record<string, unknown>>;

/**
 * Plans a page of a query: the keyset condition, the order and the limit are added to it.
 *
 * @param declared - the scope of the declared tables
 * @throws AshlarError `input-invalid` for a cursor that is none, or that belongs to another order; `usage` for an order
 *   that is not of selected columns, that leaves rows equal, or that the query has already, and for a limit out of
 *   range
 */
export function pagePlan(
  query: OperationNodeSource,
  { by, after, limit }: PageOptions<Record<string, unknown>>,
  declared: Scope,
): PagePlan {
  const given = query.toOperationNode();
  if (!SelectQueryNode.is(given))
    throw usage('A page is read of a SELECT.', 'Pass a query of selectFrom(…).');
  if (given.orderBy || given.limit || given.offset || given.setOperations || given.distinctOn)
    throw usage(
      'The query of a page has an order, a limit, an offset or a set operation of its own.',
      'Give the order in `by` and the limit in `limit`; put a union into a subquery: selectFrom((eb) => ….as("x")).',
    );
  if (!Number.isInteger(limit) || limit < 1 || limit > mostRows)
    throw usage(`The limit of a page is ${String(limit)}.`, `Give a whole number from 1 to ${mostRows}.`);
  const scope = scopeOf(given, declared);
  const keys = keysOf(given, by, outputsOf(given, declared), scope);
  assertUniqueOrder(
    given,
    keys.map(({ node }) => node),
    scope,
  );
  const order = keys.map(orderText).join();
  const forms = keys.map(({ meaning }) => meaning?.column ?? (meaning?.codec && meaning));
  let planned = query as unknown as Builder;
  if (after !== undefined && after !== null) {
    const condition = new ExpressionWrapper<never, never, SqlBool>(
      afterRow(keys, readCursor(after, order, forms)),
    );
    // WHERE comes before grouping, where aggregates have no value yet
    planned = given.groupBy || given.having ? planned.having(condition) : planned.where(condition);
  }
  for (const { node, direction } of keys) planned = planned.orderBy(new ExpressionWrapper(node), direction);
  return {
    // one more row says whether a page follows
    query: planned.limit(limit + 1),
    page: <Row>(found: readonly Row[]) => {
      const rows = found.slice(0, limit);
      const last = found.length > limit ? (rows.at(-1) as Record<string, unknown> | undefined) : undefined;
      return {
        rows,
        next:
          last &&
          writeCursor(
            keys.map(({ name }) => last[name]),
            order,
            forms,
          ),
      };
    },
  };
}

// the tables and the kinds too: the values of a cursor are compared with just these columns
const orderText = ({ name, direction, meaning }: Key): string =>
  [name, direction, meaning?.kind ?? '', meaning?.column?.table ?? '', meaning?.column?.name ?? ''].join(' ');

const keysOf = (
  given: SelectQueryNode,
  by: readonly PageBy<Record<string, unknown>>[],
  outputs: readonly Output[],
  scope: Scope,
): readonly Key[] => {
  if (by.length === 0) throw usage('A page has no order.', 'Give at least one column in `by`.');
  return by.map((each) => {
    const { column: name, direction = 'asc' } = typeof each === 'string' ? { column: each } : each;
    if (direction !== 'asc' && direction !== 'desc')
      throw usage(`${String(direction)} is not a direction.`, "Use 'asc' or 'desc'.");
    const output = outputs.find((one) => one.name === name);
    if (!output)
      throw usage(
        `The order of a page names ${name}, which the query does not select.`,
        'Select the column.',
      );
    const expression = selected(given, name) ?? ReferenceNode.create(ColumnNode.create(name));
    const meaning = output.meaning ?? meaningOf(expression, scope);
    const kind = meaning?.kind;
    if (kind === 'json' || kind === 'array' || kind === 'bytes')
      throw usage(`A page cannot be ordered by ${name}, which holds ${kind}.`, 'Order by another column.');
    return { name, direction, node: operand(expression), nullable: meaning?.nullable ?? true, meaning };
  });
};

// `a = b > 1` and `NOT a > 1` compare something else than the whole expression
const operand = (node: OperationNode): OperationNode =>
  ReferenceNode.is(node) || ColumnNode.is(node) || ParensNode.is(node) ? node : ParensNode.create(node);

// WHERE knows no aliases: the expression itself is compared
const selected = (given: SelectQueryNode, name: string): OperationNode | undefined => {
  for (const { selection } of given.selections ?? []) {
    if (AliasNode.is(selection)) {
      if (IdentifierNode.is(selection.alias) && selection.alias.name === name)
        return unwrapped(selection.node);
    } else if (
      ReferenceNode.is(selection) &&
      ColumnNode.is(selection.column) &&
      selection.column.column.name === name
    )
      return selection;
  }
  return undefined;
};

// an index answers a comparison of rows, and a bound on the first column; it does not answer an OR
const afterRow = (keys: readonly Key[], values: readonly unknown[]): OperationNode => {
  const [first] = keys;
  const [value = null] = values;
  if (!first || keys.length === 1 || first.nullable) return beyond(keys, values);
  const after = first.direction === 'asc' ? '>' : '<';
  if (keys.every((key) => !key.nullable && key.direction === first.direction))
    return binary(
      TupleNode.create(keys.map(({ node }) => node)),
      after,
      TupleNode.create(values.map((each) => ValueNode.create(each))),
    );
  return both(binary(first.node, `${after}=`, ValueNode.create(value)), beyond(keys, values));
};

/** The condition for the rows after the one with these values. */
const beyond = (
  [key, ...rest]: readonly Key[],
  [value = null, ...others]: readonly unknown[],
): OperationNode => {
  if (!key) return constant(false);
  const { node, direction, nullable } = key;
  const nothing = ValueNode.createImmediate(null);
  const after = direction === 'asc' ? '>' : '<';
  const tied = value === null ? binary(node, 'is', nothing) : binary(node, '=', ValueNode.create(value));
  // NULLs are greater than every value
  const strictly =
    value === null
      ? direction === 'asc'
        ? undefined
        : binary(node, 'is not', nothing)
      : nullable && direction === 'asc'
        ? either(binary(node, after, ValueNode.create(value)), binary(node, 'is', nothing))
        : binary(node, after, ValueNode.create(value));
  if (rest.length === 0) return strictly ?? constant(false);
  const continued = both(tied, beyond(rest, others));
  return strictly ? either(strictly, continued) : continued;
};

const usage = (message: string, suggestion: string): AshlarError =>
  new AshlarError('usage', { message, suggestion });
