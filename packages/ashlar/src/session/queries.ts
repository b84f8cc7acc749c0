import type { Engine } from '../contract/engine.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { DeclaredView } from '../contract/objects.js';
import type { PageOptions } from '../query/page.js';
import { type Clocks, queryRules } from '../query/rules.js';
import { detachedKysely, kyselyFor, kyselyParts } from './kysely.js';
import { deleteManyStatement, updateManyStatement } from './many.js';
import type { Queries } from './parts.js';

/** Makes the {@link Queries} of a database whose tables and views are registered. */
export type OpenQueries = (
  tables: readonly GuardedTable[],
  views: readonly DeclaredView[],
  clocks: Clocks,
) => Queries;

/**
 * Returns what makes the queries of a database. This module and those below it are the only ones of a session that load
 * Kysely, and `connect` imports it when it opens a database: a program that declares tables loads none of them.
 */
export async function queriesOf(engine: Engine): Promise<OpenQueries> {
  const kysely = await engine.kysely();
  return (tables, views, clocks) => {
    const rules = queryRules(engine, kysely.answers, tables, views, clocks);
    const parts = kyselyParts(engine, kysely, rules);
    return {
      builder: detachedKysely(parts),
      in: (level, readOnly) => kyselyFor(parts, level, readOnly),
      page: (query, options) => rules.page(query, options as PageOptions<Record<string, unknown>>),
      kindsOf: (node) => rules.kindsOf(node),
      unnest: (node, rows) => rules.unnest(node, rows),
      updateMany: updateManyStatement,
      deleteMany: deleteManyStatement,
    };
  };
}
