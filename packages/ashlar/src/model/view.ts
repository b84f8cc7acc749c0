import type { DeclaredView } from '../contract/objects.js';
import type { SqlName } from '../contract/sql.js';
import { AshlarError } from '../errors.js';
import { columnMap } from './column-map.js';
import { assertName } from './names.js';
import { type Naming, unchanged } from './naming.js';
import type { Shape } from './shape.js';

declare const shapeOf: unique symbol;

/** A view of a system: what it is called, and what its columns hold. Made by {@link view}. */
export interface View<Name extends string = string, S extends Shape = Shape> extends DeclaredView {
  readonly name: Name;
  /** @internal The types of the columns. */
  readonly [shapeOf]?: S;
}

/** A set of views, each under the name that the code uses for it. */
export type Views = Readonly<Record<string, View>>;

/** The Zod types of a view's columns. */
export type ViewShape<V> = V extends { readonly [shapeOf]?: infer S } ? Extract<S, Shape> : never;

/** What {@link view} takes. */
export interface ViewParts<Name extends string, S extends Shape> {
  readonly name: Name;
  /** column name → Zod type of its values; {@link column} gives a column another name in the query */
  readonly columns: S;
  /** The query of the view on SQLite. */
  readonly sqlite: string;
  /** The query of the view on PostgreSQL. */
  readonly postgres: string;
  /** Why the view runs with the rights of the schema's owner on PostgreSQL. By default it runs with the session's. */
  readonly definer?: string;
}

/**
 * Declares a view: a query with a name, which `s.query` reads like a table. The results are decoded by the types of the
 * columns. A session sees through it only the rows of its scope.
 *
 * @throws AshlarError `table-invalid`, `column-type-unsupported`
 *
 * @example
 * const totals = view({
 *   name: 'order_totals',
 *   columns: { customer_id: z.uuid(), orders: z.int() },
 *   sqlite: 'SELECT customer_id, count(*) AS orders FROM orders GROUP BY customer_id',
 *   postgres: 'SELECT customer_id, count(*) AS orders FROM orders GROUP BY customer_id',
 * });
 */
export function view<const Name extends string, S extends Shape>(parts: ViewParts<Name, S>): View<Name, S> {
  return namedView(unchanged, parts);
}

/** Declares a view whose columns get their names in its query by a rule; see {@link view}. */
export function namedView<const Name extends string, S extends Shape>(
  naming: Naming,
  parts: ViewParts<Name, S>,
): View<Name, S> {
  const { name, columns, definer } = parts;
  assertName('A view', name);
  if (Object.keys(columns).length === 0) throw invalidView(name, 'has no columns.');
  const sql = { sqlite: query(name, parts.sqlite), postgres: query(name, parts.postgres) };
  return Object.freeze({
    kind: 'view' as const,
    name,
    columns: columnMap(name, columns, naming),
    sql: sql satisfies Readonly<Record<SqlName, string>>,
    definer,
  });
}

const query = (name: string, sql: string): string => {
  const text = sql.trim().replace(/;$/, '').trimEnd();
  if (!/^(?:--[^\n]*\n|\/\*[\s\S]*?\*\/|\s)*(SELECT|WITH|VALUES)\b/i.test(text))
    throw invalidView(name, 'is not a query.');
  return text;
};

const invalidView = (name: string, what: string): AshlarError =>
  new AshlarError('table-invalid', {
    message: `The view ${name} ${what}`,
    suggestion: 'Give the columns with their Zod types, and the query in each dialect: SELECT … FROM ….',
  });
