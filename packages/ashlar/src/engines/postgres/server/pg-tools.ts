import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { OpenOptions } from '../../../contract/open-options.js';
import { AshlarError } from '../../../errors.js';
import { settings } from '../../../settings/index.js';
import { passwordOf } from './pg-environment.js';

/** The name of a PostgreSQL client program that Ashlar runs. */
export type ToolName = 'pg_dump' | 'pg_restore';

const run = promisify(execFile);

// folders in which packages install each major version
const foldersOf = (major: number): readonly string[] => [
  `/usr/lib/postgresql/${major}/bin`,
  `/usr/pgsql-${major}/bin`,
  `/opt/homebrew/opt/postgresql@${major}/bin`,
  `/usr/local/opt/postgresql@${major}/bin`,
];

const chosen = (name: ToolName, { pgDump, pgRestore }: OpenOptions): string | undefined =>
  name === 'pg_dump' ? pgDump || settings().pgDump : pgRestore || settings().pgRestore;

/**
 * Finds a pg_dump or pg_restore that is not older than the server: first the configured program (`pgDump`, `pgRestore`,
 * or the settings `PG_DUMP` and `PG_RESTORE`), then the usual folders of the server's version, then the PATH.
 *
 * @param major - the server's major version; an older program does not know its features
 * @throws AshlarError `pg-dump-missing`, `pg-dump-unfit`, `settings-invalid`
 */
export async function findTool(name: ToolName, options: OpenOptions, major: number): Promise<string> {
  const choice = chosen(name, options);
  const candidates = choice ? [choice] : [...foldersOf(major).map((folder) => join(folder, name)), name];
  let older: string | undefined;
  for (const path of candidates) {
    const version = await versionOf(path);
    if (version === undefined) continue;
    if (Number.parseInt(version, 10) >= major) return path;
    older ??= `${path} is version ${version}`;
  }
  const suggestion = `Install the client programs of PostgreSQL ${major} (Debian: postgresql-client-${major}), or set ${name.toUpperCase()}=/path/to/${name}.`;
  if (older) {
    throw new AshlarError('pg-dump-unfit', {
      message: `${name} is older than the server, which is PostgreSQL ${major}.`,
      detail: `${older}; an older program does not know all features of the server.`,
      suggestion,
    });
  }
  throw new AshlarError('pg-dump-missing', {
    message: `The program ${name} is missing.`,
    detail: choice
      ? `${choice} is not ${name}.`
      : 'The program is neither in the usual folders nor on the PATH.',
    suggestion,
  });
}

// pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)
const versionOf = async (path: string): Promise<string | undefined> => {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 10_000 });
    return /\(PostgreSQL\) (\d+[\w.]*)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
};

/** A running pg_dump or pg_restore. */
export interface RunningTool {
  readonly child: ChildProcessWithoutNullStreams;
  /** A promise that resolves when the program has ended with exit code 0. @throws AshlarError `pg-dump-failed` */
  readonly ended: Promise<void>;
}

/**
 * Starts pg_dump or pg_restore. Every user of the machine can read its arguments, so they must not contain a secret.
 */
export function startTool(
  path: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): RunningTool {
  const child = spawn(path, args, { env: environment, stdio: 'pipe', windowsHide: true });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(0, 20_000);
  });
  // a program that ends early closes its input; its exit code has the reason
  child.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(failed(path, `The program cannot be started (${(cause as NodeJS.ErrnoException).code}).`)),
    );
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          failed(
            path,
            complaint(errors, environment) || `The program ended with ${signal ?? `exit code ${code}`}.`,
          ),
        );
    });
  });
  ended.catch(() => undefined);
  return { child, ended };
}

const failed = (path: string, detail: string): AshlarError =>
  new AshlarError('pg-dump-failed', {
    message: `${path.split(/[\\/]/).at(-1)} ended with an error.`,
    detail,
    suggestion: 'The incomplete output was discarded.',
  });

const longest = 5;

/** Returns the error lines that pg_dump or pg_restore printed, without the password and the values of rows. */
export function complaint(errors: string, environment: Readonly<Record<string, string>>): string {
  const text = errors
    .split('\n')
    .filter((line) => /^pg_(dump|restore): (?!detail: Command was|from TOC)/.test(line))
    .slice(0, longest)
    .map((line) => line.replace(/(invalid [^:]*|out of range[^:]*): ".*"/g, '$1'))
    .join('\n');
  const password = passwordOf(environment);
  return password ? text.replaceAll(password, '…') : text;
}
