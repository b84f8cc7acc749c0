import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { Manifest } from './manifest.js';
import { readIfThere } from './manifest.js';

/** What a project's other data layer says of itself, read as text: none of its code runs. */
export interface Orm {
  readonly name: 'Drizzle' | 'Prisma';
  /** Its configuration or schema, as paths in the project. */
  readonly files: readonly string[];
  /** The database that it names, such as `postgresql` or `sqlite`. */
  readonly database: string | undefined;
  /** The environment variable with its URL; a URL itself may have a password and is not returned. */
  readonly variable: string | undefined;
  readonly tables: readonly string[];
}

/** Finds the Drizzle and Prisma set-ups of a project. */
export async function ormsOf(directory: string, manifest: Manifest): Promise<Orm[]> {
  const found = [await drizzle(directory, manifest), await prisma(directory, manifest)];
  return found.filter((each) => each !== undefined);
}

const endings = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs', 'json'];

const drizzle = async (directory: string, manifest: Manifest): Promise<Orm | undefined> => {
  const file = await firstOf(
    directory,
    endings.map((ending) => `drizzle.config.${ending}`),
  );
  if (file === undefined && !manifest.has('drizzle-orm')) return undefined;
  const config = file === undefined ? '' : await code(join(directory, file));
  const [, given = ''] = /["']?schema["']?\s*:\s*(\[[^\]]*\]|["'`][^"'`]+["'`])/.exec(config) ?? [];
  const places = [...given.matchAll(/["'`]([^"'`]+)["'`]/g)].map(([, place = '']) => place);
  const files = await filesAt(directory, places, /\.[mc]?[jt]sx?$/);
  const tables: string[] = [];
  for (const each of files)
    tables.push(
      ...matches(
        await code(join(directory, each)),
        /(?:\b(?:(?:pg|sqlite|mysql|singlestore|create)Table|\w+\.table)\()\s*["'`]([^"'`]+)/g,
      ),
    );
  return {
    name: 'Drizzle',
    files: [...(file === undefined ? [] : [file]), ...files],
    // before drizzle-kit 0.21 the driver was named instead
    database: /["']?(?:dialect|driver)["']?\s*:\s*["'`]([\w-]+)/.exec(config)?.[1],
    variable: variableIn(config),
    tables,
  };
};

const prisma = async (directory: string, manifest: Manifest): Promise<Orm | undefined> => {
  const file = await firstOf(
    directory,
    endings.map((ending) => `prisma.config.${ending}`),
  );
  const config = file === undefined ? '' : await code(join(directory, file));
  const named = /\bschema\s*:.*?["'`]([^"'`]+)["'`]/.exec(config)?.[1];
  const files = await filesAt(
    directory,
    [named ?? '', 'prisma', 'schema.prisma'].filter(Boolean),
    /\.prisma$/,
  );
  if (file === undefined && files.length === 0 && !manifest.has('prisma') && !manifest.has('@prisma/client'))
    return undefined;
  const texts = await Promise.all(files.map((each) => code(join(directory, each))));
  const source = /^\s*datasource\s+\w+\s*\{[^}]*\}/m.exec(texts.join('\n'))?.[0] ?? '';
  const models = [...texts.join('\n').matchAll(/^\s*model\s+(\w+)\s*\{([^}]*)\}/gm)];
  return {
    name: 'Prisma',
    files: [...(file === undefined ? [] : [file]), ...files],
    database: /^\s*provider\s*=\s*"([^"]+)"/m.exec(source)?.[1],
    variable: /\benv\("(\w+)"\)/.exec(source)?.[1] ?? variableIn(config),
    tables: models.map(([, model = '', body = '']) => /@@map\("([^"]+)"\)/.exec(body)?.[1] ?? model),
  };
};

const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = '']) => found);

/** The variable that has a URL, as `process.env.X`, `process.env['X']` or `env('X')`. */
const variableIn = (text: string): string | undefined =>
  matches(text, /\benv(?:\.|\[\s*["'`]|\(\s*["'`])([A-Z][A-Z0-9_]*)/g).find((name) =>
    /URL|DSN|URI/.test(name),
  );

/** The text of a file without whole-line comments. */
const code = async (path: string): Promise<string> =>
  (await readFile(path, 'utf8')).replaceAll(/^\s*\/\/.*$/gm, '');

const firstOf = async (directory: string, names: readonly string[]): Promise<string | undefined> => {
  for (const name of names) if ((await readIfThere(join(directory, name))) !== undefined) return name;
  return undefined;
};

/** The files of an ending at paths, in folders, and below the folder in which a glob begins; at most 200. */
const filesAt = async (directory: string, given: readonly string[], ending: RegExp): Promise<string[]> => {
  const places = [...given];
  const found = new Set<string>();
  for (const place of places) {
    const path = join(directory, place.replace(/\/?[^/]*[*{?[].*$/, ''));
    const kind = await stat(path).catch(() => undefined);
    // an index exports the tables of the files beside it
    const isIndex = kind?.isFile() === true && basename(path).startsWith('index.');
    if (kind?.isFile() && ending.test(path)) found.add(path);
    if (isIndex) places.push(dirname(place));
    // a glob from the project's root would read node_modules
    if (!kind?.isDirectory() || relative(directory, path) === '') continue;
    for (const entry of await readdir(path, { withFileTypes: true, recursive: true }))
      if (entry.isFile() && ending.test(entry.name) && !entry.parentPath.includes('node_modules'))
        found.add(join(entry.parentPath, entry.name));
  }
  return [...found].slice(0, 200).map((path) => relative(directory, path).replaceAll('\\', '/'));
};
