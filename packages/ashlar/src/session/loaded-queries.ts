import type { Engine } from '../contract/engine.js';
import { AshlarError } from '../errors.js';
import type { OpenQueries } from './queries.js';

const loaded = new WeakMap<Engine, OpenQueries>();

/** Loads what builds the queries of an engine's databases, once: Kysely, and the modules that rewrite its trees. */
export async function loadQueries(engine: Engine): Promise<void> {
  if (loaded.has(engine)) return;
  const { queriesOf } = await import('./queries.js');
  loaded.set(engine, await queriesOf(engine));
}

/** Whether {@link loadQueries} has been called for an engine, and has ended. */
export function hasQueries(engine: Engine): boolean {
  return loaded.has(engine);
}

/** Returns what makes the queries of a database. @throws AshlarError `usage` before {@link loadQueries} */
export function openQueriesOf(engine: Engine): OpenQueries {
  const found = loaded.get(engine);
  if (found) return found;
  throw new AshlarError('usage', {
    message: 'The database was not opened by connect(…), and no session has run.',
    detail: 'What builds queries is loaded when a database is opened.',
    suggestion: 'Open it with connect(…) or testDatabase(…).',
  });
}
