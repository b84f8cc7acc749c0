import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent } from 'package-manager-detector';
import type { SqlName } from '../../contract/sql.js';
import { AshlarError } from '../../errors.js';
import type { Streams } from '../streams.js';
import type { EngineName } from './engine.js';
import { installedVersion, isInstalled } from './installed.js';
import type { Manifest } from './manifest.js';
import { quoted } from './program.js';

/** The packages that a project needs, as a package manager names them. */
export interface Packages {
  readonly runtime: readonly string[];
  readonly dev: readonly string[];
}

// version 13 crashes a Node whose Node-API is older than 10: 20, and 22 before 22.14
const sqlite = (): string =>
  `better-sqlite3-multiple-ciphers${Number(process.versions.napi) >= 10 ? '' : '@12'}`;
const pglite = '@electric-sql/pglite';

const driverOf = (engine: EngineName): string => ({ sqlite: sqlite(), pglite, postgres: 'pg' })[engine];

/** `migrate new` runs the step that it writes: that for a server in PGlite. */
const driverOfSteps = (sql: SqlName): string => ({ sqlite: sqlite(), postgres: pglite })[sql];

/**
 * Returns the packages that the files of `ashlar init` import, and those that its commands need.
 *
 * @param steps - the SQL that the project's steps are written in
 */
export function packagesFor(
  engine: EngineName,
  steps: readonly SqlName[],
  tools: readonly string[],
): Packages {
  const driver = driverOf(engine);
  return {
    runtime: ['ashlar', 'zod', driver],
    dev: [...steps.map(driverOfSteps).filter((name) => name !== driver), ...tools],
  };
}

/** Returns the packages that a file of the folder cannot import. */
export function missingOf(directory: string, { runtime, dev }: Packages): Packages {
  const isMissing = (name: string) => !isInstalled(directory, name.replace(/(?<=.)@\d+$/, ''));
  return { runtime: runtime.filter(isMissing), dev: dev.filter(isMissing) };
}

/** @throws AshlarError `usage` if the project has an older Zod than Ashlar can read */
export async function assertZod4(directory: string, manifest: Manifest): Promise<void> {
  const version = (await installedVersion(directory, 'zod')) ?? manifest.rangeOf('zod');
  if (!/^[\^~]?[0-3](\.|$)/.test(version ?? '')) return;
  throw new AshlarError('usage', {
    message: `The project uses Zod ${version}. Nothing was written.`,
    detail: 'Ashlar reads the schemas of Zod 4.',
    suggestion: 'Change to Zod 4, and run the command again.',
  });
}

/** The package manager of a project: what it is called, and the commands to type. */
export interface Manager {
  readonly name: string;
  /** The command that runs an installed program: `npx ashlar up`. */
  run(...words: readonly string[]): string;
  /** The commands that install packages, each as program and arguments. */
  install(missing: Packages): readonly (readonly string[])[];
}

/**
 * Finds the package manager of a project: by its lock file or `packageManager` in package.json, here or in a folder above;
 * else the one that runs this process; else npm.
 */
export async function managerOf(streams: Streams, manifest: Manifest): Promise<Manager> {
  // only `init` installs packages
  const { AGENTS, detect, resolveCommand } = await import('package-manager-detector');
  const caller = streams.env.npm_config_user_agent?.split('/')[0];
  const found = await detect({ cwd: streams.directory });
  const agent: Agent = found?.agent ?? AGENTS.find((name) => name === caller) ?? 'npm';
  const isWorkspaceRoot =
    manifest.hasWorkspaces ||
    (await stat(join(streams.directory, 'pnpm-workspace.yaml')).then(
      () => true,
      () => false,
    ));
  // these two refuse to add a package at the root of a workspace without it
  const atRoot = isWorkspaceRoot ? ({ pnpm: ['-w'], yarn: ['-W'] }[agent as string] ?? []) : [];
  const words = (command: 'add' | 'execute-local', args: readonly string[]): string[] => {
    const resolved = resolveCommand(agent, command, [...args]);
    return resolved ? [resolved.command, ...resolved.args] : ['npx', ...args];
  };
  return {
    name: found?.name ?? agent,
    run: (...given) => words('execute-local', given).map(quoted).join(' '),
    install: ({ runtime, dev }) => [
      ...(runtime.length > 0 ? [words('add', [...atRoot, ...runtime])] : []),
      ...(dev.length > 0 ? [words('add', ['-D', ...atRoot, ...dev])] : []),
    ],
  };
}
