import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqlName } from '../../contract/sql.js';

/** The engines that a new project can begin with. */
export const engineNames = ['sqlite', 'pglite', 'postgres'] as const;
export type EngineName = (typeof engineNames)[number];

/** The database that a new project begins with. */
export interface FirstDatabase {
  readonly engine: EngineName;
  /** The URL in the configuration; that of a server has a password and belongs into the environment. */
  readonly url: string | undefined;
  /** The file or folder of the database; `undefined` for a server. */
  readonly file: string | undefined;
}

const schemes = { sqlite: ['sqlite:', '.db'], pglite: ['pglite:', '.pglite'] } as const;

/**
 * Returns the database of a new project: one that is not there yet, because a file that is there has tables of another
 * program.
 */
export async function firstDatabase(engine: EngineName, directory: string): Promise<FirstDatabase> {
  if (engine === 'postgres') return { engine, url: undefined, file: undefined };
  const [scheme, ending] = schemes[engine];
  const files = ['shop', 'ashlar', 'ashlar-shop'].map((name) => `${name}${ending}`);
  for (const file of files)
    if (!(await isThere(join(directory, file)))) return { engine, url: `${scheme}${file}`, file };
  return { engine, url: `${scheme}${files[0]}`, file: files[0] };
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Returns the SQL that a project's steps are written in. */
export function sqlOf(engine: EngineName): SqlName {
  return engine === 'sqlite' ? 'sqlite' : 'postgres';
}
