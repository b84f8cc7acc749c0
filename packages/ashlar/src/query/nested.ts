import {
  type AliasableExpression,
  type Expression,
  ExpressionWrapper,
  FunctionNode,
  type OperationNodeSource,
  type Simplify,
} from 'kysely';
import { nestedFunctions } from './operators.js';

/** A query of Kysely whose rows have the type `Row`. */
export interface RowsOf<Row> extends Expression<Row>, OperationNodeSource {}

/**
 * Returns the rows of a subquery as an array, as one column of the query around it: children in the same statement as
 * their parents. The rows are decoded by the columns of their tables, in the order that the subquery gives; without
 * rows the array is empty. The query must name its columns, or select them from declared tables.
 *
 * @param query - a subquery of the builder that the query around it passes to its callback
 * @throws AshlarError `usage`, when the query is run, if a column of the subquery has no name or no known kind
 *   (raw SQL), if two have the same name, and if one is encrypted
 *
 * @example
 * s.query.selectFrom('invoices').select((eb) => [
 *   'number',
 *   nested(
 *     eb.selectFrom('lines').select(['label', 'cents']).whereRef('lines.invoice_id', '=', 'invoices.id').orderBy('position'),
 *   ).as('lines'),
 * ]);
 */
export function nested<Row>(query: RowsOf<Row>): AliasableExpression<Simplify<Row>[]> {
  return new ExpressionWrapper(FunctionNode.create(nestedFunctions.many, [query.toOperationNode()]));
}

/**
 * Returns the first row of a subquery as an object, or `null` if it has no row, as one column of the query around it;
 * see {@link nested}.
 *
 * @throws AshlarError as {@link nested}
 *
 * @example
 * nestedOne(eb.selectFrom('customers').select(['id', 'name']).whereRef('customers.id', '=', 'invoices.customer_id')).as('customer')
 */
export function nestedOne<Row>(query: RowsOf<Row>): AliasableExpression<Simplify<Row> | null> {
  return new ExpressionWrapper(FunctionNode.create(nestedFunctions.one, [query.toOperationNode()]));
}
