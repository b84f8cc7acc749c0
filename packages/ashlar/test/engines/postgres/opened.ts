import { afterAll, beforeAll } from 'vitest';
import { engines, type Place, type TestEngine } from '../../../../../test/support/engines.js';
import type { Engine } from '../../../src/contract/engine.js';
import type { OpenOptions } from '../../../src/contract/open-options.js';
import type { QueryResult, Transaction } from '../../../src/contract/transaction.js';
import { openEngine } from '../../../src/engines/open.js';
import type { Table } from '../../../src/model/index.js';

/** The two that speak PostgreSQL. */
export const postgresEngines = engines.filter(({ name }) => name === 'pglite' || name === 'postgres');

export interface Opened {
  readonly engine: Engine;
  readonly place: Place;
}

/** Opens an engine on a fresh database for the tests of one `describe`. */
export const opened = (test: TestEngine, options: Partial<OpenOptions> = {}): Opened => {
  let engine: Engine | undefined;
  let place: Place | undefined;
  beforeAll(async () => {
    place = await test.place();
    engine = await openEngine({ ...options, url: place.url });
  });
  afterAll(async () => {
    await engine?.close();
    await place?.remove();
  });
  return {
    get engine() {
      if (!engine) throw new Error('not open');
      return engine;
    },
    get place() {
      if (!place) throw new Error('no place');
      return place;
    },
  };
};

export const createTables = (engine: Engine, ...tables: readonly Table[]): Promise<void> =>
  engine.asOwner(async (owner) => {
    for (const table of tables) {
      for (const statement of engine.dialect.createTable(table)) await owner.script(statement);
    }
  });

/** Runs work in a transaction of its own: commits, or rolls back when it throws. */
export const transaction = async <T>(
  engine: Engine,
  work: (transaction: Transaction) => Promise<T>,
  options: { mode?: 'read' | 'write'; actor?: string; scope?: string } = {},
): Promise<T> => {
  const open = await engine.begin({
    mode: options.mode ?? 'write',
    actor: options.actor ?? null,
    scope: options.scope ?? null,
  });
  try {
    const result = await work(open);
    await open.commit();
    return result;
  } catch (error) {
    await open.rollback();
    throw error;
  }
};

export const firstRow = ({ rows }: QueryResult): Record<string, unknown> => {
  const [row] = rows;
  if (!row) throw new Error('no row');
  return row;
};
