import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqlName } from '../../contract/sql.js';
import { AshlarError } from '../../errors.js';
import { type EngineName, type FirstDatabase, sqlOf } from './engine.js';
import type { Writing } from './language.js';
import { readIfThere } from './manifest.js';
import type { TestSetup } from './runner.js';
import { hasSteps } from './step.js';
import { configFile, exampleEnvironment, tableFile, testFile } from './templates.js';

/** A file to write, by its path from the project. */
export interface Draft {
  readonly path: string;
  readonly text: string;
}

/** The files of a new project; the configuration last, so that a run that is killed before is simply repeated. */
export function draftsOf(choice: {
  readonly database: FirstDatabase;
  /** `undefined` where the configuration names another one: then these are no files of the project. */
  readonly folder: string | undefined;
  readonly writing: Writing;
  readonly setup: TestSetup;
}): Draft[] {
  const { database, folder, writing, setup } = choice;
  const settings = { path: '.env.example', text: exampleEnvironment(database) };
  if (folder === undefined) return [settings];
  const inFolder = (name: string): string => (folder === '' ? name : `${folder}/${name}`);
  return [
    { path: inFolder(`shop.${writing.extension}`), text: tableFile(writing) },
    { path: inFolder(setup.file), text: testFile(database.engine, setup.runner, writing) },
    settings,
    {
      path: `ashlar.config.${writing.extension}`,
      text: configFile(database, `./${inFolder(`shop.${writing.imported}`)}`),
    },
  ];
}

/** A configuration that is there already. */
export interface Configured {
  readonly file: string;
  /** The engine of its URL; a URL that it does not have is that of a server. */
  readonly engine: EngineName;
  /** Its URL, if it is a file or a folder. */
  readonly url: string | undefined;
  /** The SQL that its steps are written in. */
  readonly steps: readonly SqlName[];
  /** The folder of the first table, if it still imports that. */
  readonly folder: string | undefined;
}

/** Reads, as text, the configuration of a folder: it cannot be loaded while packages are missing. */
export async function configuredIn(directory: string): Promise<Configured | undefined> {
  const file = (await readdir(directory)).find((name) => /^ashlar\.config\.\w+$/.test(name));
  if (file === undefined) return undefined;
  const text = (await readIfThere(join(directory, file))) ?? '';
  const [, url, scheme] = /["'`]((sqlite|sqlcipher|pglite):[^"'`]*)["'`]/.exec(text) ?? [];
  const names = /\bengines["']?\s*:\s*\[([^\]]*)\]/.exec(text)?.[1] ?? '';
  const named = (['sqlite', 'postgres'] as const).filter((name) => names.includes(name));
  const byName = named.includes('postgres') || named.length === 0 ? 'postgres' : 'sqlite';
  const engine = scheme === undefined ? byName : scheme === 'pglite' ? 'pglite' : 'sqlite';
  return {
    file,
    url,
    engine,
    steps: named.length > 0 ? named : [sqlOf(engine)],
    folder: /from\s+["']\.\/(?:(.+)\/)?shop\.\w+["']/
      .exec(text)
      ?.slice(1)
      .map((found) => found ?? '')[0],
  };
}

/**
 * Divides the drafts of a project that has a configuration: all that exists is its own. A test is missing only where the
 * first table is still as it was written.
 */
export async function sortAgain(
  directory: string,
  drafts: readonly Draft[],
): Promise<{ missing: Draft[]; there: string[] }> {
  const [missing, there]: [Draft[], string[]] = [[], []];
  const texts = await Promise.all(drafts.map(({ path }) => readIfThere(join(directory, path))));
  const [table] = drafts;
  for (const [at, draft] of drafts.entries()) {
    if (texts[at] !== undefined) there.push(draft.path);
    else if (
      draft.path === '.env.example' ||
      (/\.(node-)?test\./.test(draft.path) && texts[0] === table?.text)
    )
      missing.push(draft);
  }
  return { missing, there };
}

/**
 * Divides drafts into those to create and those that are there already, with the same text.
 *
 * @throws AshlarError `init-conflict` if a file is there with another text, or the folder has migrations
 */
export async function sortDrafts(
  directory: string,
  drafts: readonly Draft[],
  migrations: string,
): Promise<{ missing: Draft[]; there: string[] }> {
  const [missing, there, conflicts]: [Draft[], string[], string[]] = [[], [], []];
  for (const draft of drafts) {
    const text = await readIfThere(join(directory, draft.path));
    // settings of others are no obstacle
    const isKept = draft.path === '.env.example' || text === draft.text;
    if (text === undefined) missing.push(draft);
    else (isKept ? there : conflicts).push(draft.path);
  }
  if (await hasSteps(join(directory, migrations))) conflicts.push(migrations);
  if (conflicts.length === 0) return { missing, there };
  throw new AshlarError('init-conflict', {
    message: `${conflicts.join(', ')} exist${conflicts.length > 1 ? '' : 's'} already. Nothing was written.`,
    detail: 'ashlar init never overwrites a file.',
    suggestion: 'Choose another folder: ashlar init --dir FOLDER.',
  });
}
