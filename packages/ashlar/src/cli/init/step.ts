import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AshlarError } from '../../errors.js';
import { folderPath } from '../../migrations/steps.js';
import type { System } from '../../system/system.js';
import type { Invocation } from '../invocation.js';
import type { Streams } from '../streams.js';
import { resolveFrom } from './installed.js';
import { runProgram } from './program.js';

/**
 * Writes the first step, with the `ashlar migrate new` of the project: its own Ashlar has the drivers.
 *
 * @returns the name of the step
 * @throws AshlarError `init-failed`
 */
export async function firstStep(streams: Streams): Promise<string | null> {
  const home = dirname(resolveFrom(streams.directory, 'ashlar/package.json') ?? '');
  const command = [process.execPath, join(home, 'bin', 'ashlar.js'), 'migrate', 'new', 'initial', '--json'];
  const { code, stdout } = await runProgram(streams, command, { isOfPath: false });
  if (code === 0) return (JSON.parse(stdout) as { step: string | null }).step;
  throw new AshlarError('init-failed', {
    message: 'The first migration step cannot be written. What ashlar init had written was removed.',
    detail: 'ashlar migrate new initial failed, for the reason above.',
    suggestion: 'Remove the cause, and run ashlar init again.',
  });
}

/**
 * Whether the only system of the configuration has no step yet. Several systems are no beginner's.
 *
 * @param file - the name of the configuration
 * @throws AshlarError `init-conflict` for a configuration without a system
 */
export async function lacksSteps(invocation: Invocation, file: string): Promise<boolean> {
  const [system, ...others] = await systemsOf(invocation, file);
  if (system === undefined || others.length > 0) return false;
  return !(await hasSteps(folderPath(system.migrations)));
}

// no system is named on the command line: the only wrong usage is a configuration without one
const systemsOf = (invocation: Invocation, file: string): Promise<readonly System[]> =>
  invocation.systems().catch((cause: unknown) => {
    if (!(cause instanceof AshlarError) || cause.code !== 'usage') throw cause;
    throw new AshlarError('init-conflict', {
      message: `${file} exists already, and has no system. Nothing was written.`,
      detail:
        'ashlar init makes the first table where there is no configuration, and never overwrites a file.',
      suggestion: `Move ${file} away, and run ashlar init again; or declare a system yourself and list it there: systems: [shop].`,
      cause,
    });
  });

/** Whether a folder has migration steps. */
export async function hasSteps(folder: string): Promise<boolean> {
  return (await readdir(folder).catch(() => [])).some((name) => /^\d{4,}_/.test(name));
}
