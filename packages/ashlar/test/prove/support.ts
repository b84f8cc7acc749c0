import { shipping } from '@ashlar/shipping';
import { sophia } from '@ashlar/sophia';
import { wills } from '@ashlar/wills';
import type { System } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { maintain, up } from 'ashlar/migrations';
import { failuresOf, type ProveReport, prove } from 'ashlar/prove';
import { afterAll, beforeAll } from 'vitest';
import type { Place, TestEngine } from '../../../../test/support/engines.js';

/** The systems whose guarantees these tests attack. */
export const systems = [
  { name: 'wills', system: wills as unknown as System },
  { name: 'shipping', system: shipping as unknown as System },
  { name: 'sophia', system: sophia as unknown as System },
] as const;

/** An initialised database of a system. */
export interface InitialisedDatabase {
  readonly engine: Engine;
  readonly place: Place;
  readonly system: System;
  run(sql: string): Promise<readonly Record<string, unknown>[]>;
  prove(): Promise<ProveReport>;
  /** The failures of a new report, one per line. */
  failures(): Promise<string>;
  close(): Promise<void>;
}

export const initialise = async (testEngine: TestEngine, system: System): Promise<InitialisedDatabase> => {
  const place = await testEngine.place();
  const engine = await openEngine({ url: place.url, key: place.key });
  await up(engine, system);
  await maintain(engine, Object.values(system.tables), new Date());
  return {
    engine,
    place,
    system,
    run: (sql) => engine.asOwner((owner) => owner.run(sql)),
    prove: () => prove(engine, system),
    failures: async () => failuresOf(await prove(engine, system)).join('\n'),
    close: async () => {
      await engine.close();
      await place.remove();
    },
  };
};

/** All rows of all tables of a system. */
export const contents = async ({
  run,
  system,
}: Pick<InitialisedDatabase, 'run' | 'system'>): Promise<unknown> => {
  const tables = Object.values(system.tables).map(({ name }) => name);
  return Promise.all(tables.map((name) => run(`SELECT * FROM ${name} ORDER BY 1`)));
};

/** One database of a system for all tests of a describe block. */
export const forEachBlock = (testEngine: TestEngine, system: System): (() => InitialisedDatabase) => {
  let database: InitialisedDatabase;
  beforeAll(async () => {
    database = await initialise(testEngine, system);
  });
  afterAll(() => database.close());
  return () => database;
};
