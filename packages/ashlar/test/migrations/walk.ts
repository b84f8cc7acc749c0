import { connect, type Database, type System, system, type Table } from 'ashlar';
import { down, drift, newStep, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { expect } from 'vitest';
import type { TestEngine } from '../../../../test/support/engines.js';
import { type Folder, makeFolder } from './folder.js';

export type Model = Readonly<Record<string, unknown>>;

/** Models of a system, and the generated steps from each to the next; the first step creates the first model. */
export interface Walk {
  readonly models: readonly Model[];
  readonly folder: Folder;
  /** The summaries of the changes of each step, by the SQL of an engine. */
  readonly summaries: readonly Readonly<Record<string, readonly string[]>>[];
  remove(): Promise<void>;
}

export const systemOf = (model: Model, { url }: Folder): System =>
  system('shop', { tables: model as Record<string, Table>, migrations: new URL('migrations/', url) });

export const writeWalk = async (...models: readonly Model[]): Promise<Walk> => {
  const folder = await makeFolder();
  const summaries: Record<string, readonly string[]>[] = [];
  for (const [at, model] of models.entries()) {
    const made = systemOf(model, folder);
    // what is missing was dropped, not renamed
    const step = await newStep(made, made.migrations, `step_${at + 1}`, { decide: async () => undefined });
    const changes = Object.entries(step?.changes ?? {});
    summaries.push(
      Object.fromEntries(changes.map(([name, all]) => [name, all.map(({ summary }) => summary)])),
    );
  }
  return { models, folder, summaries, remove: () => folder.remove() };
};

/**
 * Runs the steps of a walk on an engine one by one, then undoes them one by one; `visit` gets the database of each model,
 * on the way up and on the way down. The database never differs from its steps, and `prove` finds no failure in it.
 */
export const runWalk = async (
  engine: TestEngine,
  { models, folder }: Walk,
  visit: (db: Database, step: number, way: 'up' | 'down') => Promise<void> = async () => undefined,
): Promise<void> => {
  const place = await engine.place();
  const data = await makeFolder();
  const url = engine.name === 'pglite' ? `pglite:${data.path}/pglite` : place.url;
  const inModel = async (
    at: number,
    work: (db: Database, shop: System) => Promise<unknown>,
  ): Promise<void> => {
    const shop = systemOf(models[at] ?? {}, folder);
    const db = await connect(shop, { url, key: place.key, migrations: 'ignore' });
    try {
      await work(db as Database, shop);
      expect(await drift(db.engine, shop)).toEqual([]);
    } finally {
      await db.close();
    }
  };
  try {
    for (const at of models.keys()) {
      await inModel(at, async (db, shop) => {
        await up(db.engine, shop, { to: String(at + 1) });
        await visit(db, at, 'up');
        const failures = failuresOf(await prove(db.engine, shop));
        expect(failures.filter((line) => !line.endsWith('was not applied'))).toEqual([]);
      });
    }
    for (const at of [...models.keys()].reverse()) {
      await inModel(at, (db, shop) => down(db.engine, shop, { destroy: true }));
      if (at > 0) await inModel(at - 1, (db) => visit(db, at - 1, 'down'));
    }
  } finally {
    await place.remove();
    await data.remove();
  }
};
