import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { defaultActor } from './actor.js';
import { forgetSql, readHistory, recordSql } from './history.js';
import { ensureHistory } from './initialise.js';
import { findStep } from './plan.js';
import { assertMatches } from './stamp-check.js';
import { readSteps, type Step } from './steps.js';

/** The options of `stamp`. */
export interface StampOptions {
  /** Whether to remove the step from the history instead of recording it. */
  readonly forget?: boolean | undefined;
  readonly actor?: string | undefined;
  /**
   * Whether to record steps without comparing them with the database, for a repair where no shadow database can be had.
   * The history says so beside the actor.
   */
  readonly unchecked?: boolean | undefined;
}

/**
 * Repairs the history without running any step: records one step, or every step if the name is `head`, as applied; or
 * removes one step from the history. A recorded step gets the current checksum of its file.
 *
 * Before it records, the steps that would then count as applied run in a shadow database, and the schema of the database
 * must equal the result as in {@link drift}. Steps in code change no schema, and are not checked.
 *
 * @returns the steps whose lines in the history changed
 * @throws AshlarError `usage` when there is no such step; `stamp-differs` when the database is not what the steps make;
 *   `migration-failed`, `driver-missing` (the shadow runs in an embedded engine); `database-newer`
 */
export async function stamp(
  engine: Engine,
  system: SystemFacts,
  name: string,
  options: StampOptions = {},
): Promise<string[]> {
  const steps = await readSteps(system.migrations, engine.dialect.name);
  return engine.asOwner(
    (owner) =>
      owner.atomically(async () => {
        const actor = options.actor ?? defaultActor();
        await ensureHistory(owner, engine.dialect, actor);
        const everything = await readHistory(owner, engine.dialect);
        const applied = everything.filter((row) => row.system === system.name);
        if (options.forget) {
          assertForgettable(name);
          const forgotten = findStep(
            system.name,
            applied.map((row) => ({ name: row.step })),
            name,
          ).name;
          await owner.script(forgetSql(system.name, forgotten));
          return [forgotten];
        }
        const known = new Map(applied.map((row) => [row.step, row.checksum]));
        const chosen: readonly Step[] = name === 'head' ? steps : [findStep(system.name, steps, name)];
        const stamped = chosen.filter((step) => known.get(step.name) !== step.checksum);
        const counted = new Set([...known.keys(), ...stamped.map((step) => step.name)]);
        if (stamped.length > 0 && !options.unchecked) {
          await assertMatches(
            engine,
            owner,
            system,
            steps.filter((step) => counted.has(step.name)),
          );
        }
        for (const step of stamped) {
          await owner.script(forgetSql(system.name, step.name));
          await owner.script(
            recordSql({
              dialect: engine.dialect,
              system: system.name,
              step,
              actor: options.unchecked ? `${actor} (unchecked)` : actor,
              milliseconds: 0,
            }),
          );
        }
        return stamped.map((step) => step.name);
      }),
    { exclusive: true },
  );
}

const assertForgettable = (name: string): void => {
  if (name !== 'head') return;
  throw new AshlarError('usage', {
    message: '`head` cannot be removed from the history: name one step.',
    suggestion: 'For example: ashlar migrate stamp --forget 0002_name',
  });
};
