import { join } from 'node:path';
import { AshlarError } from '../../errors.js';
import type { Invocation } from '../invocation.js';
import { Manifest, readIfThere } from './manifest.js';
import type { Preparation } from './prepare.js';
import { runProgram } from './program.js';
import { firstStep, lacksSteps } from './step.js';
import type { Changes } from './undo.js';

/** What a run has written. */
export interface Made {
  readonly created: readonly string[];
  readonly changed: readonly string[];
  /** The name of the first step; `null` if it was there, or if packages are missing. */
  readonly step: string | null;
}

/**
 * Writes what was prepared: the configuration last, so that a run that is killed before is simply repeated.
 *
 * @throws AshlarError `init-failed`; errors of the file system
 */
export async function write(invocation: Invocation, plan: Preparation, changes: Changes): Promise<Made> {
  const { streams } = invocation;
  const at = (path: string): string => join(streams.directory, path);
  const created: string[] = [];
  const changed: string[] = [];
  // a package manager installs into the folder above if there is no package.json here
  if (plan.manifest.text === undefined) {
    await changes.create(plan.manifest.path, plan.manifest.withScripts({}));
    created.push('package.json');
  }
  if (plan.installs) for (const command of plan.installation) await install(invocation, command);
  for (const { path, text } of plan.missing.filter(({ path }) => !path.startsWith('ashlar.config'))) {
    await changes.create(at(path), text);
    created.push(path);
  }
  const ignored = await readIfThere(at('.gitignore'));
  if (plan.ignoreLines.length > 0) {
    await changes.change(at('.gitignore'), ignored, appended(ignored ?? '', plan.ignoreLines));
    (ignored === undefined ? created : changed).push('.gitignore');
  }
  if (Object.keys(plan.scripts).length > 0) {
    // the package manager has changed it
    const manifest = await Manifest.read(streams.directory);
    await changes.change(manifest.path, manifest.text, manifest.withScripts(plan.scripts));
    if (plan.manifest.text !== undefined) changed.push('package.json');
  }
  for (const { path, text } of plan.missing.filter(({ path }) => path.startsWith('ashlar.config'))) {
    await changes.create(at(path), text);
    created.push(path);
  }
  if (!plan.canMakeStep) return { created, changed, step: null };
  if (plan.configured !== undefined && !(await lacksSteps(invocation, plan.configured)))
    return { created, changed, step: null };
  if (plan.migrations !== undefined) await changes.filled(at(plan.migrations));
  return { created, changed, step: await firstStep(streams) };
}

const install = async ({ streams }: Invocation, command: readonly string[]): Promise<void> => {
  const { code } = await runProgram(streams, command, { isOfPath: true });
  if (code === 0) return;
  throw new AshlarError('init-failed', {
    message: 'The packages cannot be installed. What ashlar init had written was removed.',
    detail: `${command.join(' ')} ended with ${code}.`,
    suggestion: 'Run that command yourself, or run ashlar init --no-install.',
  });
};

const appended = (text: string, lines: readonly string[]): string => {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const separator = text === '' || text.endsWith('\n') ? '' : end;
  return `${text}${separator}${lines.map((line) => `${line}${end}`).join('')}`;
};
