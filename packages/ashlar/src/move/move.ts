import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import type { Tables } from '../model/index.js';
import { assertReadable } from './keys.js';
import { assertSealedIn } from './ledgers.js';
import { assertNone, lookAtSource } from './look.js';
import { removeMark } from './mark.js';
import { sourceChanged } from './refusals.js';
import { Run } from './run.js';
import type { MoveOptions, MoveReport } from './types.js';

/**
 * Moves the systems of a database to another engine or server: schema by the steps, rows past the guarantees, then indexes,
 * foreign keys, triggers and row level security, checked by counts and checksums and by attacks. The source is only read. Until
 * the end, `connect` refuses the target. Killed at any moment, the same call goes on.
 *
 * @param from - the source, opened as the owner of its schema. Writers must be stopped
 * @param to - the target, opened as the owner of its schema: a database without rows in the tables to move
 * @param systems - those of them are moved whose steps the source has
 * @throws AshlarError `move-refused`, `move-target-not-empty`, `move-source-other`, `ledger-tampered`, `key-missing`, `key-wrong`, before anything is written; `move-value`,
 *   `move-source-changed`, `move-differs`, `guarantee-broken`, after which the same call goes on; and what `up` throws
 *
 * @example
 * const report = await move(file.engine, server.engine, [shop]);
 * console.log(report.tables);
 */
export async function move(
  from: Engine,
  to: Engine,
  systems: readonly SystemFacts<Tables>[],
  options: MoveOptions = {},
): Promise<MoveReport> {
  assertNone(from.url === to.url ? ['source and target are the same database'] : []);
  for (const engine of [from, to])
    for (const { tables, views } of systems)
      engine.register(Object.values(tables), Object.values(views ?? {}));
  // before the reader is opened: PGlite has one connection
  const source = await lookAtSource(from, systems, to);
  const moved = systems.filter((system) => source.systems.includes(system));
  for (const system of moved) await assertReadable(from, system, options.columnKeys);
  const reader = await from.bulkReader(to.dialect.name);
  try {
    await assertSealedIn(reader, from, moved, source.ledgers);
    const run = new Run(from, to, reader, source, options);
    const isComplete = await to.bulkWriter((writer) => run.load(writer), {
      lockTimeout: options.lockTimeout,
    });
    if (isComplete) return run.report(true, []);
    await run.verify();
    for (const system of moved) await assertReadable(to, system, options.columnKeys);
    const reports = await run.prove(moved);
    if (await run.sourceChanged()) throw sourceChanged();
    await to.asOwner((owner) => owner.atomically(() => removeMark(owner)), {
      exclusive: true,
      ...(options.lockTimeout === undefined ? {} : { lockTimeout: options.lockTimeout }),
    });
    return run.report(false, reports);
  } finally {
    await reader.close();
  }
}
