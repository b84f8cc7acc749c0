import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { AshlarError } from '../../errors.js';
import type { Invocation } from '../invocation.js';
import { type EngineName, engineNames } from './engine.js';
import type { Writing } from './language.js';
import { readIfThere } from './manifest.js';
import type { Orm } from './orm.js';
import { tableFile } from './templates.js';

/** What the command line says; a question is asked for what it leaves open. */
export interface Given {
  readonly engine?: string;
  readonly dir?: string;
  readonly yes?: boolean;
  readonly install?: boolean;
}

/** Whether questions are asked: on a terminal, and if neither `--yes` nor `--json` is given. */
export function isAsking({ streams, out }: Invocation, { yes }: Given): boolean {
  return streams.interactive && !out.json && yes !== true;
}

/** @throws AshlarError `usage` if the value of an option is none of its choices */
export function oneOf<T extends string>(option: string, choices: readonly T[], given: string): T {
  const found = choices.find((choice) => choice === given);
  if (found !== undefined) return found;
  throw new AshlarError('usage', {
    message: `${option} cannot be ${given}.`,
    suggestion: `Choose one of: ${choices.join(', ')}.`,
  });
}

const descriptions: Readonly<Record<EngineName, string>> = {
  sqlite: 'SQLite: a file, plain or encrypted',
  pglite: 'PGlite: PostgreSQL in this process, in a folder',
  postgres: 'PostgreSQL: a server',
};

/** Asks for the engine. Without a question: PGlite next to another data layer on PostgreSQL, else SQLite. */
export async function engineAnswer(
  invocation: Invocation,
  given: Given,
  orms: readonly Orm[],
): Promise<EngineName> {
  if (given.engine !== undefined) return oneOf('--engine', engineNames, given.engine);
  const usual = orms.some(({ database }) => database?.startsWith('postgres')) ? 'pglite' : 'sqlite';
  if (!isAsking(invocation, given)) return usual;
  const { select } = await import('@clack/prompts');
  const answer = await select<EngineName>({
    message: 'Which database does the project begin with? The same code runs on the others.',
    initialValue: usual,
    options: engineNames.map((value) => ({ value, label: descriptions[value] })),
    ...terminal(invocation),
  });
  return answered(answer);
}

/** Asks for the folder, and returns it as a path from the project, with `/`. */
export async function folderAnswer(invocation: Invocation, given: Given, usual: string): Promise<string> {
  const { directory } = invocation.streams;
  if (given.dir !== undefined) {
    const fault = folderFault(directory, given.dir);
    if (fault === undefined) return folderIn(directory, given.dir);
    throw new AshlarError('usage', { message: `--dir cannot be "${given.dir}": ${fault}.` });
  }
  if (!isAsking(invocation, given)) return usual;
  const { text } = await import('@clack/prompts');
  const answer = await text({
    message: 'In which folder are the tables and the migrations?',
    initialValue: usual,
    validate: (value) => folderFault(directory, value ?? ''),
    ...terminal(invocation),
  });
  return folderIn(directory, answered(answer));
}

/** Asks whether to install packages. Without a question, only `--install` says so. */
export async function installAnswer(
  invocation: Invocation,
  given: Given,
  commands: readonly string[],
): Promise<boolean> {
  if (given.install !== undefined) return given.install;
  if (!isAsking(invocation, given)) return false;
  const { confirm } = await import('@clack/prompts');
  return answered(await confirm({ message: `Run now: ${commands.join(' && ')}`, ...terminal(invocation) }));
}

/**
 * The folder that is proposed: `db` in the folder of the sources, or `ashlar` where that is in use or next to another data
 * layer. A folder with the first table is that of a run that was killed.
 */
export async function usualFolder(
  directory: string,
  writing: Writing,
  orms: readonly Orm[],
): Promise<string> {
  const sources = writing.rootDir ?? 'src';
  const root = (await isThere(join(directory, sources))) ? sources : 'src';
  const inside = (await isThere(join(directory, root))) ? folderIn(directory, root) : '';
  const parent = inside === '' ? '' : `${inside}/`;
  const usual = join(directory, parent, 'db');
  const names = await readdir(usual).catch(() => []);
  const table = await readIfThere(join(usual, `shop.${writing.extension}`));
  const isInUse = names.length > 0 && table !== tableFile(writing);
  return `${parent}${orms.length > 0 || isInUse ? 'ashlar' : 'db'}`;
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const folderIn = (directory: string, given: string): string =>
  relative(directory, resolve(directory, given)).split(sep).join('/');

const folderFault = (directory: string, given: string): string | undefined => {
  const path = folderIn(directory, given);
  if (given.trim() === '') return 'it is empty';
  if (/^\.\.(\/|$)/.test(path) || isAbsolute(path)) return 'it is outside the project';
  if (/(^|\/)(node_modules|\.git)(\/|$)/.test(path)) return 'tools ignore what is in it';
  // an import reads these as parts of a URL, and Windows has no such names
  return /[%#?*:"<>|\\\p{Cc}]/u.test(path) ? 'an import cannot name it' : undefined;
};

const terminal = ({ streams }: Invocation) => ({ input: streams.stdin, output: streams.stderr });

// the prompts return a symbol for Ctrl-C
const answered = <T>(answer: T | symbol): Exclude<T, symbol> => {
  if (typeof answer === 'symbol')
    throw new AshlarError('usage', { message: 'Cancelled. Nothing was written.' });
  return answer as Exclude<T, symbol>;
};
