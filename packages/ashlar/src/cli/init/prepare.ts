import { join } from 'node:path';
import { AshlarError } from '../../errors.js';
import type { GlobalOptions, Invocation } from '../invocation.js';
import { engineAnswer, folderAnswer, type Given, installAnswer, oneOf, usualFolder } from './answers.js';
import { type Configured, configuredIn, type Draft, draftsOf, sortAgain, sortDrafts } from './drafts.js';
import { type EngineName, type FirstDatabase, firstDatabase, sqlOf } from './engine.js';
import { writingOf } from './language.js';
import { Manifest, readIfThere } from './manifest.js';
import { type Orm, ormsOf } from './orm.js';
import { assertZod4, type Manager, managerOf, missingOf, packagesFor } from './packages.js';
import { runnerNames, type TestSetup, testScript, testSetup } from './runner.js';
import { ignored } from './templates.js';

/** The options of `ashlar init`. */
export interface Options extends Given {
  readonly language?: string;
  readonly runner?: string;
}

/** What a run will write: everything is looked up and asked before anything is written. */
export interface Preparation {
  readonly manifest: Manifest;
  readonly manager: Manager;
  readonly orms: readonly Orm[];
  readonly engine: EngineName;
  readonly missing: readonly Draft[];
  readonly there: readonly string[];
  /** The name of a configuration that is there already. */
  readonly configured: string | undefined;
  /** The migrations folder of the first table; `undefined` where a configuration is there already. */
  readonly migrations: string | undefined;
  readonly scripts: Readonly<Record<string, string>>;
  /** Scripts of these names that the project has already. */
  readonly keptScripts: readonly string[];
  readonly ignoreLines: readonly string[];
  /** The commands that install what is missing; empty if nothing is. */
  readonly installation: readonly (readonly string[])[];
  readonly installs: boolean;
  readonly canMakeStep: boolean;
  /** What names the database on the command line; empty where the configuration does. */
  readonly urlOption: readonly string[];
  readonly testCommand: string | undefined;
  readonly notes: readonly string[];
}

/**
 * Looks at the project and asks what is open.
 *
 * @throws AshlarError `usage`, `init-conflict`, `settings-invalid`
 */
export async function prepare(
  invocation: Invocation,
  options: Options & GlobalOptions,
): Promise<Preparation> {
  const { directory } = invocation.streams;
  refuseOthers(options);
  const manifest = await Manifest.read(directory);
  await assertZod4(directory, manifest);
  const orms = await ormsOf(directory, manifest);
  const language =
    options.language === undefined
      ? undefined
      : oneOf('--language', ['typescript', 'javascript'] as const, options.language);
  const asked = options.runner === undefined ? undefined : oneOf('--runner', runnerNames, options.runner);
  const writing = await writingOf(directory, manifest, language);
  const setup = testSetup(manifest, writing, asked);
  const configured = await configuredIn(directory);
  const engine =
    configured && options.engine === undefined
      ? configured.engine
      : await engineAnswer(invocation, options, orms);
  const folder = configured
    ? configured.folder
    : await folderAnswer(invocation, options, await usualFolder(directory, writing, orms));
  const database = await databaseOf(directory, engine, configured);
  const drafts = draftsOf({ database, folder, writing, setup });
  const { missing, there } = configured
    ? await sortAgain(directory, drafts)
    : await sortDrafts(directory, drafts, join(folder ?? '', 'migrations'));
  const manager = await managerOf(invocation.streams, manifest);
  const packages = missingOf(
    directory,
    packagesFor(engine, configured?.steps ?? [sqlOf(engine)], folder === undefined ? [] : setup.tools),
  );
  const installation = manager.install(packages);
  const installs =
    installation.length > 0 &&
    (await installAnswer(
      invocation,
      options,
      installation.map((words) => words.join(' ')),
    ));
  const isTaken =
    (!configured && invocation.environment().DATABASE_URL !== undefined) ||
    orms.some(({ variable }) => variable === 'DATABASE_URL');
  const { url } = database;
  const urlOption = isTaken && url !== undefined ? ['--url', url] : [];
  const wanted = scriptsFor(manifest, setup, folder, urlOption);
  const has = (name: string): boolean => manifest.script(name) !== undefined;
  const ignoredNow = (await readIfThere(join(directory, '.gitignore')))?.split(/\r?\n/) ?? [];
  return {
    manifest,
    manager,
    orms,
    engine,
    missing,
    there: [...new Set([...(configured ? [configured.file] : []), ...there])],
    configured: configured?.file,
    migrations: configured ? undefined : join(folder ?? '', 'migrations'),
    scripts: Object.fromEntries(Object.entries(wanted).filter(([name]) => !has(name))),
    keptScripts: Object.keys(wanted).filter(has),
    ignoreLines: ignored(database).filter((line) => !ignoredNow.includes(line)),
    installation,
    installs,
    canMakeStep: installation.length === 0 || installs,
    urlOption,
    testCommand: folder === undefined ? undefined : testScript(setup, folder),
    notes: [
      ...(configured ? [] : writing.notes),
      ...(configured && options.dir !== undefined
        ? [`--dir has no effect: ${configured.file} names the folder.`]
        : []),
      ...(isTaken ? [takenNote(database, orms)] : []),
      ...(installation.flat().some((word) => word.endsWith('@12'))
        ? [
            'Node before 22.14 needs version 12 of the SQLite driver, which is compiled: it needs Python 3 and a C++ compiler.',
          ]
        : []),
    ],
  };
}

/** The options that name a database or a configuration are about a project that exists. */
const refuseOthers = ({ url, config, keyFile, system }: GlobalOptions): void => {
  const given = Object.entries({ url, config, 'key-file': keyFile, system }).find(
    ([, value]) => value !== undefined,
  );
  if (!given) return;
  throw new AshlarError('usage', {
    message: `ashlar init takes no --${given[0]}.`,
    suggestion: 'Choose the engine with --engine; the configuration has the URL afterwards.',
  });
};

const scriptsFor = (
  manifest: Manifest,
  setup: TestSetup,
  folder: string | undefined,
  urlOption: readonly string[],
): Record<string, string> => {
  const test = manifest.script('test');
  const alone = test === undefined || /\bvitest\b/.test(test) ? 'test' : 'test:ashlar';
  const program = setup.runner === 'vitest' && alone === 'test' ? setup.program.join(' ') : undefined;
  return {
    ...(folder === undefined || (test !== undefined && alone === 'test')
      ? {}
      : { [alone]: program ?? testScript(setup, folder) }),
    'db:up': ['ashlar', 'up', ...urlOption].join(' '),
    'db:prove': ['ashlar', 'prove', ...urlOption].join(' '),
  };
};

/** That of the configuration, if the project has one. */
const databaseOf = async (
  directory: string,
  engine: EngineName,
  configured: Configured | undefined,
): Promise<FirstDatabase> => {
  if (!configured?.url || configured.engine !== engine) return firstDatabase(engine, directory);
  return { engine, url: configured.url, file: configured.url.replace(/^\w+:/, '') };
};

const takenNote = ({ engine, url }: FirstDatabase, orms: readonly Orm[]): string => {
  const owner = orms.find(({ variable }) => variable === 'DATABASE_URL')?.name;
  const whose = `DATABASE_URL is ${owner === undefined ? 'set' : `the database of ${owner}`}, and Ashlar reads it too.`;
  return engine === 'postgres'
    ? `${whose} Set DATABASE_SCHEMA=shop, so that Ashlar has a schema of its own there, or give --url.`
    : `${whose} Give --url ${url}, as the scripts do.`;
};
