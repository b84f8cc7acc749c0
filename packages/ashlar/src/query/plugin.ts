import type { KyselyPlugin, OperationNodeSource, PluginTransformQueryArgs, RootOperationNode } from 'kysely';
import type { ResultKinds } from '../contract/answers.js';
import type { Engine } from '../contract/engine.js';
import type { TableFacts } from '../contract/table.js';
import { nestedValue } from './nested-rows.js';
import { type PageOptions, type PagePlan, pagePlan } from './page.js';
import { Rewriter } from './rewriter.js';
import { declaredRelations, Scope } from './scope.js';

/** The plugin through which all queries of a database are built, and what it knows about their results. */
export interface QueryRules {
  readonly plugin: KyselyPlugin;
  /** The kinds of the result columns of a statement that the plugin has seen. */
  kindsOf(node: RootOperationNode): ResultKinds | undefined;
  /** Plans a page of a query; see {@link pagePlan}. */
  page(query: OperationNodeSource, options: PageOptions<Record<string, unknown>>): PagePlan;
  /** Replaces the JSON of nested rows by the rows, in the result of a statement that the plugin has seen. */
  unnest(node: RootOperationNode, rows: readonly Record<string, unknown>[]): void;
}

/**
 * Makes the plugin through which queries are built: literals get the form of their columns, writes get the values that
 * they lack, and every engine gives the same answer.
 *
 * @param clock - the clock given to `connect`; without one, the database generates times
 */
export function queryRules(
  engine: Engine,
  tables: readonly TableFacts[],
  clock: (() => Date) | undefined,
): QueryRules {
  const declared = declaredRelations(tables);
  const rewriter = new Rewriter({
    declared,
    answers: engine.kysely.answers,
    encode: (column, value) => engine.encode(column, value),
    now: (precision) => engine.dialect.now(precision),
    clock,
  });
  return {
    plugin: {
      transformQuery: ({ node }: PluginTransformQueryArgs) => rewriter.statement(node) as RootOperationNode,
      transformResult: async ({ result }) => result,
    },
    kindsOf: (node) => rewriter.kindsOf(node),
    page: (query, options) => pagePlan(query, options, new Scope(declared)),
    unnest: (node, rows) => {
      for (const [name, nested] of rewriter.nestedOf(node) ?? [])
        for (const row of rows) row[name] = nestedValue(nested, row[name]);
    },
  };
}
