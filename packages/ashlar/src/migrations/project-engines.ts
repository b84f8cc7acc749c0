import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SqlName } from '../contract/sql.js';
import { folderPath } from './steps.js';

/** What says which engines a project uses. */
export interface ProjectEngines {
  /** The engines that the configuration names. */
  readonly engines?: readonly SqlName[] | undefined;
  /** The URLs of the project's database; the first with a scheme of Ashlar counts: DATABASE_URL may be that of Prisma. */
  readonly urls?: readonly (string | undefined)[] | undefined;
}

const both: readonly SqlName[] = ['sqlite', 'postgres'];

const ofScheme: Readonly<Record<string, SqlName>> = {
  sqlite: 'sqlite',
  sqlcipher: 'sqlite',
  pglite: 'postgres',
  postgres: 'postgres',
  postgresql: 'postgres',
};

/**
 * Returns the engines that a project uses: those that its configuration names, otherwise the one of its URL and those
 * for which its steps have files; both if nothing says it.
 *
 * @param folder - the migrations folder; it may be missing
 */
export function projectEngines(
  folder: URL | string,
  { engines, urls = [] }: ProjectEngines,
): readonly SqlName[] {
  if (engines && engines.length > 0) return both.filter((name) => engines.includes(name));
  const [ofUrl] = urls.flatMap((url = '') => ofScheme[url.slice(0, url.indexOf(':'))] ?? []);
  const files = filesIn(folderPath(folder));
  const found = both.filter((name) => name === ofUrl || files.has(`up.${name}.sql`));
  return found.length > 0 ? found : both;
}

const filesIn = (root: string): ReadonlySet<string> => {
  if (!existsSync(root)) return new Set();
  const steps = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return new Set(steps.flatMap(({ name }) => readdirSync(join(root, name))));
};
