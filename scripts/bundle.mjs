// Bundles the library: npm run build
//
// One graph of chunks for all entry points, so that each module exists once in a process, whichever entry points it imports.
// The declarations are the compiler's, file by file: docs/architecture/decisions/0044-start.md
//
//   node ../../scripts/bundle.mjs    in packages/ashlar, after the compiler has written build/
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { rolldown } from 'rolldown';

const library = process.cwd();
const source = join(library, 'src');
const { exports: entries } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));

/** Packages whose modules become part of the bundle; every other package is imported when the program runs. */
const bundled = ['kysely', 'uuid'];

/**
 * The chunks of which a program loads some when it starts, each with the modules that it is for. It has everything that
 * these import, except what a chunk before it has; so chunks import only chunks before them.
 */
const chunks = {
  core: ['index.ts'],
  // what at least two of those behind it need
  shared: [],
  queries: ['session/queries.ts', 'query/index.ts'],
  guarantees: ['guarantees/index.ts'],
  sqlite: ['engines/sqlite/engine.ts'],
  postgres: ['engines/postgres/server/open.ts'],
};

const inputs = {
  ...Object.fromEntries(
    Object.values(entries).flatMap(({ default: target }) => {
      if (!target?.startsWith('./dist/')) return [];
      const name = target.slice('./dist/'.length, -'.js'.length);
      return [[name, join(source, `${name}.ts`)]];
    }),
  ),
  'cli/main': join(source, 'cli/main.ts'),
  'cli/run': join(source, 'cli/run.ts'),
  // the tests of the command line run it in their process, and let it keep PGlites
  'engines/postgres/pglite/emptied': join(source, 'engines/postgres/pglite/emptied.ts'),
};

const behind = Object.keys(chunks).slice(2);

/** What at least two of several sets have. */
const sharedBy = (sets) =>
  new Set(
    sets.flatMap((set, at) => [...set].filter((id) => sets.some((other, n) => n !== at && other.has(id)))),
  );

/** The chunk of each module, by the module's path: known when all modules have been read. */
const chunkOf = new Map();

const divided = {
  name: 'chunks',
  buildEnd() {
    const reached = (roots) => {
      const found = new Set();
      const visit = (id) => {
        const info = found.has(id) || chunkOf.has(id) ? null : this.getModuleInfo(id);
        if (!info || info.isExternal) return;
        found.add(id);
        for (const next of info.importedIds) visit(next);
      };
      for (const root of roots) visit(join(source, root));
      return found;
    };
    for (const [chunk, roots] of Object.entries(chunks)) {
      const found =
        chunk === 'shared' ? sharedBy(behind.map((other) => reached(chunks[other]))) : reached(roots);
      for (const id of found) chunkOf.set(id, chunk);
    }
  },
};

const isBundled = (specifier) =>
  bundled.some((name) => specifier === name || specifier.startsWith(`${name}/`));

const bundle = await rolldown({
  input: inputs,
  cwd: library,
  platform: 'node',
  external: (specifier) =>
    !/^[./]/.test(specifier) && !specifier.startsWith(library) && !isBundled(specifier),
  tsconfig: false,
  transform: { target: 'es2023' },
  plugins: [divided],
  preserveEntrySignatures: 'strict',
  onLog(level, log, handle) {
    if (level === 'warn') throw new Error(log.message);
    handle(level, log);
  },
});
const { output } = await bundle.write({
  dir: join(library, 'dist'),
  cleanDir: true,
  format: 'es',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name].js',
  comments: { legal: false, annotation: true, jsdoc: false },
  sourcemap: true,
  sourcemapExcludeSources: true,
  codeSplitting: {
    groups: Object.keys(chunks).map((name, at) => ({
      name,
      test: (id) => chunkOf.get(id) === name,
      priority: Object.keys(chunks).length - at,
    })),
  },
});
await bundle.close();

// the licences of the bundled packages ask for their notices; a package that no one chose must not slip in
const modules = output.flatMap(({ moduleIds = [] }) => moduleIds);
const packages = new Set(
  modules.flatMap((id) =>
    id
      .split(`${sep}node_modules${sep}`)
      .slice(1)
      .map((path) => path.split(sep)[0]),
  ),
);
for (const name of packages)
  if (!bundled.includes(name)) throw new Error(`${name} became part of the bundle.`);
const folderOf = (name) =>
  modules
    .find((id) => id.includes(`${sep}node_modules${sep}${name}${sep}`))
    ?.replace(new RegExp(`(.*[\\\\/]node_modules[\\\\/]${name})[\\\\/].*`), '$1');
const notices = bundled.map((name) => {
  const folder = folderOf(name);
  if (!folder) throw new Error(`${name} is in no chunk.`);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const licence = ['LICENSE', 'LICENSE.md'].flatMap((file) => {
    try {
      return [readFileSync(join(folder, file), 'utf8').trim()];
    } catch {
      return [];
    }
  })[0];
  if (!licence) throw new Error(`${name} has no licence.`);
  return `${name} ${version}\n\n${licence}\n`;
});
writeFileSync(
  join(library, 'dist/licences.txt'),
  `Packages that are part of these files, with their licences.\n\n${notices.join(`\n${'-'.repeat(80)}\n\n`)}`,
);

cpSync(join(library, 'build'), join(library, 'dist'), {
  recursive: true,
  filter: (path) => !/\.[jt]s(\.map)?$/.test(path) || path.endsWith('.d.ts'),
});
