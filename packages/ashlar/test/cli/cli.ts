import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const { run } = (await import(
  new URL('../../dist/cli/run.js', import.meta.url).href
)) as typeof import('../../src/cli/run.js');
const { reuseInMemory } = (await import(
  new URL('../../dist/engines/postgres/pglite/emptied.js', import.meta.url).href
)) as typeof import('../../src/engines/postgres/pglite/emptied.js');
// the commands that run in this process have modules of their own
reuseInMemory(30_000);
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const library = new URL('../../dist/index.js', import.meta.url).href;

// a process that ends soon is not worth V8's optimising PGlite's WebAssembly: this saves a third of its CPU time
const quickStart = ['--liftoff-only'];

/** How a command line ended. */
export interface Ended {
  /** `undefined` when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProjectOptions {
  /**
   * Whether each command is a process of its own, as for a user, or a call in this one. Default: a call, which saves
   * the start of Node and the compilation of PGlite, most of the time of a command.
   */
  readonly processes?: boolean;
}

/** A folder to run the built command line in, as a user's project. */
export interface Project {
  readonly folder: string;
  ashlar(args: readonly string[], env?: NodeJS.Dict<string>): Promise<Ended>;
  /** The same in a process of its own, as for a user, whatever the options say. */
  spawned(args: readonly string[], env?: NodeJS.Dict<string>): Promise<Ended>;
  /** The same with `--json`: standard output, parsed. */
  json(args: readonly string[], env?: NodeJS.Dict<string>): Promise<Ended & { document: unknown }>;
  /** Runs it here as on a terminal, and types `keys` when standard error first says something like `question`. */
  typed(
    args: readonly string[],
    question: RegExp,
    keys: string,
    env?: NodeJS.Dict<string>,
  ): Promise<Ended & { asked: boolean }>;
  /** Starts it and sends a signal after some milliseconds, or when standard error first says something like that. */
  interrupted(
    args: readonly string[],
    signal: NodeJS.Signals,
    when: number | RegExp,
    env?: NodeJS.Dict<string>,
  ): Promise<Ended>;
  /** Writes `ashlar.config.js`; `source` may use what `ashlar` exports, and zod as `z`. */
  configure(source: string): Promise<void>;
  remove(): Promise<void>;
}

const own: NodeJS.Dict<string> = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(BACKUP_|DATABASE_|LEDGER_|LOG_LEVEL|NODE_OPTIONS|PG_|VITEST)/.test(name),
  ),
);

/** The configuration of a project with the five systems, as the repository's own. */
const fiveSystems = () =>
  ['docuvault', 'experts', 'shipping', 'sophia', 'wills'].map(
    (name) => [name, new URL(`../../../../systems/${name}/dist/index.js`, import.meta.url).href] as const,
  );

/** Lets this process be in a folder and have an environment, as a process started there would. Returns the way back. */
const enter = (folder: string, env: NodeJS.Dict<string>): (() => void) => {
  const before = { folder: process.cwd(), env: { ...process.env } };
  const become = (place: string, variables: NodeJS.Dict<string>): void => {
    process.chdir(place);
    for (const name of Object.keys(process.env)) if (variables[name] === undefined) delete process.env[name];
    for (const [name, value] of Object.entries(variables)) if (value !== undefined) process.env[name] = value;
  };
  become(folder, env);
  return () => become(before.folder, before.env);
};

const call = async (folder: string, args: readonly string[], env: NodeJS.Dict<string>): Promise<Ended> => {
  const written = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') =>
    new Writable({
      write: (chunk, _, done) => {
        written[name] += chunk;
        done();
      },
    });
  const leave = enter(folder, env);
  try {
    const code = await run(args, {
      stdin: new PassThrough().end(),
      stdout: into('stdout'),
      stderr: into('stderr'),
      env,
      directory: folder,
      interactive: false,
    });
    return { code, ...written };
  } finally {
    leave();
  }
};

let versions = 0;

export const makeProject = async ({ processes = false }: ProjectOptions = {}): Promise<Project> => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-project-'));
  const systems = fiveSystems();
  await writeFile(
    join(folder, 'ashlar.config.js'),
    `${systems.map(([name, url]) => `import { ${name} } from '${url}';`).join('\n')}\n` +
      `export default { systems: [${systems.map(([name]) => name).join(', ')}] };\n`,
  );

  const start = (
    args: readonly string[],
    env: NodeJS.Dict<string> = {},
    interrupt?: { signal: NodeJS.Signals; when: number | RegExp },
  ) =>
    new Promise<Ended>((resolve, reject) => {
      const child = spawn(process.execPath, [...quickStart, main, ...args], {
        cwd: folder,
        env: { ...own, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const out = { stdout: '', stderr: '' };
      let pending = interrupt;
      const send = () => {
        if (pending) child.kill(pending.signal);
        pending = undefined;
      };
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].setEncoding('utf8').on('data', (text: string) => {
          out[name] += text;
          if (pending?.when instanceof RegExp && pending.when.test(out.stderr)) send();
        });
      }
      const timer = typeof interrupt?.when === 'number' ? setTimeout(send, interrupt.when) : undefined;
      child.on('error', reject);
      child.on('close', (code) => {
        clearTimeout(timer);
        resolve({ code: code ?? undefined, ...out });
      });
    });

  // a module that was imported is not read again: a configuration that changed is read under another name
  let current = 'ashlar.config.js';
  let isLoaded = false;
  const here = (args: readonly string[]): readonly string[] =>
    current === 'ashlar.config.js' || args.includes('--config') ? args : [...args, '--config', current];
  const command = (args: readonly string[], env: NodeJS.Dict<string> = {}): Promise<Ended> => {
    if (processes) return start(args, env);
    isLoaded = true;
    return call(folder, here(args), { ...own, ...env });
  };

  return {
    folder,
    ashlar: command,
    spawned: start,
    typed: async (args, question, keys, env = {}) => {
      const said = { stdout: '', stderr: '' };
      const stdin = new PassThrough();
      let asked = false;
      const hear = (name: 'stdout' | 'stderr') =>
        new Writable({
          write: (chunk, _, done) => {
            said[name] += chunk;
            if (!asked && question.test(said.stderr)) {
              asked = true;
              // an answer while the question is still being written would be lost
              setImmediate(() => stdin.write(keys));
            }
            done();
          },
        });
      isLoaded = true;
      const code = await run(here(args), {
        stdin,
        stdout: hear('stdout'),
        stderr: hear('stderr'),
        env: { ...own, ...env },
        directory: folder,
        interactive: true,
      });
      return { code, asked, ...said };
    },
    interrupted: (args, signal, when, env) => start(args, env, { signal, when }),
    json: async (args, env) => {
      const ended = await command([...args, '--json'], env);
      return { ...ended, document: JSON.parse(ended.stdout) as unknown };
    },
    configure: async (source) => {
      const written =
        `import * as ashlar from '${library}';\nimport { z } from '${import.meta.resolve('zod')}';\n` +
        `const { id, index, renamed, system, table } = ashlar;\n${source}\n`;
      if (isLoaded) current = `ashlar.config.${++versions}.js`;
      isLoaded = false;
      for (const name of new Set(['ashlar.config.js', current])) await writeFile(join(folder, name), written);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};
