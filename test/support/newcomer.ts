import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(DATABASE_|NODE_OPTIONS|VITEST)/.test(name)),
);

/** The standard output and standard error of a program that ended with 0. */
export interface Said {
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of somebody who has installed Ashlar from the packed tarball, outside the repository. */
export interface Newcomer {
  readonly folder: string;
  /** Runs Node there. */
  node(args: readonly string[], env?: NodeJS.Dict<string>): Promise<Said>;
  /** Runs the installed command line there. */
  ashlar(args: readonly string[], env?: NodeJS.Dict<string>): Promise<Said>;
  /** Runs `npm` there. */
  npm(...args: readonly string[]): Promise<Said>;
  /** Installs a package of the repository, as `npm install` would from a registry. */
  link(name: string): Promise<void>;
  /** Writes files by their paths. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  remove(): Promise<void>;
}

/** Unpacks the tarball that would be published into `node_modules`, with links to what its package.json needs. */
const installAshlar = async (folder: string): Promise<readonly string[]> => {
  const home = join(folder, 'node_modules', 'ashlar');
  await mkdir(home, { recursive: true });
  const packed = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', home], {
    cwd: join(root, 'packages', 'ashlar'),
  });
  const tarball = join(home, packed.stdout.trim());
  await run('tar', ['-xzf', tarball, '-C', home, '--strip-components', '1']);
  await rm(tarball);
  const { dependencies } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return Object.keys(dependencies);
};

const programs = { ashlar: 'bin/ashlar.js', vitest: 'vitest.mjs', typescript: 'bin/tsc' } as const;

/**
 * Creates a folder with the packed Ashlar and these packages.
 *
 * @param name - the folder's name: it may have spaces
 */
export async function makeNewcomer(packages: readonly string[], name = 'shop'): Promise<Newcomer> {
  const parent = await mkdtemp(join(tmpdir(), 'ashlar-newcomer-'));
  const folder = join(parent, name);
  const node = (args: readonly string[], env: NodeJS.Dict<string> = {}) =>
    run(process.execPath, args, { cwd: folder, env: { ...environment, ...env } });
  const at = (path: string): string => join(folder, 'node_modules', path);
  const program = async (owner: keyof typeof programs): Promise<void> => {
    await mkdir(at('.bin'), { recursive: true });
    const command = owner === 'typescript' ? 'tsc' : owner;
    await symlink(at(join(owner, programs[owner])), at(join('.bin', command)));
  };
  const link = async (name: string): Promise<void> => {
    await mkdir(dirname(at(name)), { recursive: true });
    await symlink(join(root, 'node_modules', name), at(name), 'dir');
    if (name === 'vitest' || name === 'typescript') await program(name);
  };
  const needed = await installAshlar(folder);
  await program('ashlar');
  for (const each of new Set([...needed, ...packages])) if (each !== 'ashlar') await link(each);
  return {
    folder,
    node,
    // a process that ends soon is not worth V8's optimising PGlite's WebAssembly
    ashlar: (args, env) => node(['--liftoff-only', at('ashlar/bin/ashlar.js'), ...args], env),
    npm: (...args) => run('npm', args, { cwd: folder, env: environment }),
    link,
    write: async (files) => {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), text);
      }
    },
    remove: () => rm(parent, { recursive: true, force: true }),
  };
}
