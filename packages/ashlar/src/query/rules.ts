import type { OperationNodeSource, RootOperationNode } from 'kysely';
import type { QueryAnswers, ResultKinds } from '../contract/answers.js';
import type { Engine } from '../contract/engine.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { DeclaredView } from '../contract/objects.js';
import { databaseClocks } from '../model/index.js';
import { nestedValue } from './nested-rows.js';
import { type PageOptions, type PagePlan, pagePlan } from './page.js';
import { Renaming } from './renaming.js';
import { Rewriter } from './rewriter.js';
import { declaredRelations, Scope } from './scope.js';

/** How the queries of a database are rewritten, and what their trees say about their results. */
export interface QueryRules {
  /** Rewrites a statement before it is compiled. @throws AshlarError `value-invalid`, `value-unstorable`, `usage` */
  rewrite(node: RootOperationNode): RootOperationNode;
  /** The kinds of the result columns of a rewritten statement. */
  kindsOf(node: RootOperationNode): ResultKinds | undefined;
  /** Plans a page of a query; see {@link pagePlan}. */
  page(query: OperationNodeSource, options: PageOptions<Record<string, unknown>>): PagePlan;
  /** Replaces the JSON of nested rows by the rows, in the result of a rewritten statement. */
  unnest(node: RootOperationNode, rows: readonly Record<string, unknown>[]): void;
}

/** Which clock gives times, and who keeps those that only the database's clock may set. */
export interface Clocks {
  /** The clock given to `connect`; without one, the database generates times. */
  readonly clock: (() => Date) | undefined;
  /** Whether this process refuses times that only the database's clock may set. */
  readonly keepsClocks: boolean;
}

/**
 * Makes the rules of a database's queries: literals get the form of their columns, writes get the values that
 * they lack, and every engine gives the same answer.
 */
export function queryRules(
  engine: Engine,
  answers: QueryAnswers,
  tables: readonly GuardedTable[],
  views: readonly DeclaredView[],
  { clock, keepsClocks }: Clocks,
): QueryRules {
  const declared = declaredRelations(tables, views);
  const all = [...tables, ...views].flatMap(({ columns }) => Object.values(columns));
  const keepers = new Map(
    tables.flatMap((table) =>
      [...databaseClocks(table)].map(([column, guarantee]) => [`${table.name}.${column}`, guarantee]),
    ),
  );
  const rewriter = new Rewriter({
    declared,
    answers,
    renaming: all.some(({ name, property }) => name !== property)
      ? new Renaming(declaredRelations(tables, views, 'property'))
      : undefined,
    hasDecimals: all.some(({ kind }) => kind === 'decimal'),
    encode: (column, value) => engine.encode(column, value),
    now: (precision) => engine.dialect.now(precision),
    clock,
    clockKeeper: ({ table, name }) => (keepsClocks ? keepers.get(`${table}.${name}`) : undefined),
  });
  return {
    rewrite: (node) => rewriter.statement(node) as RootOperationNode,
    kindsOf: (node) => rewriter.kindsOf(node),
    page: (query, options) => pagePlan(query, options, new Scope(declared)),
    unnest: (node, rows) => {
      for (const [name, nested] of rewriter.nestedOf(node) ?? [])
        for (const row of rows) row[name] = nestedValue(nested, row[name]);
    },
  };
}
