// Checks the structure of the sources: npm run check
//
// - no import cycle, those of types included
// - imports of the library go down the layers below, never up
// - contract/ exports types only
// - no `export *` in the library, which makes names public that were not chosen
// - no `any`: Biome refuses it (noExplicitAny), and this that the rule is switched off
// - no source file above 350 lines
//
// Imports are read from the text: the sources have one form of import (biome keeps it), so no parser is needed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The layers of the library, top first. A file imports from its own layer and from those below. A layer is every path that
 * begins with one of its names; where several match, the longest counts.
 *
 * An entry point's index.ts lists names for users and is above all that it lists: the library imports the files.
 */
const layers = [
  ['cli', 'testing'],
  [
    'index.ts',
    'extend',
    ...[
      'adopt',
      'audit',
      'backup',
      'guarantees',
      'guard',
      'guarded',
      'jobs',
      'keys',
      'ledger/database',
      'migrations',
      'move',
      'prove',
      'roles',
    ].map((entry) => `${entry}/index.ts`),
  ],
  ['config', 'status'],
  ['backup'],
  ['move'],
  ['keys', 'adopt', 'guard', 'guarded'],
  ['system'],
  ['jobs'],
  ['session'],
  ['query'],
  ['prove'],
  ['ledger/database'],
  ['audit'],
  ['migrations'],
  ['maintenance'],
  ['roles'],
  ['engines/open.ts', 'engines/shadow.ts'],
  ['engines/sqlite', 'engines/postgres'],
  ['engines'],
  ['guarantees'],
  ['encryption'],
  ['ledger'],
  ['sql'],
  ['samples'],
  ['model'],
  ['settings'],
  ['contract'],
  ['files'],
  ['version.ts', 'errors.ts', 'error-codes.ts'],
  ['package-folder.ts'],
];

const library = 'packages/ashlar/src';
const maxLines = 350;

/** Every source file below a folder, with `/` in its path. */
const sourcesBelow = (root, folder) =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.m?ts$/.test(entry.name) && !entry.name.endsWith('.d.mts'))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .split(sep)
        .join('/'),
    )
    .filter((path) => !/(^|\/)(dist|node_modules)\//.test(path));

/** The text without comments; strings stay, and a `//` inside one is not taken for a comment. */
const withoutComments = (text) =>
  text.replace(
    /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|\/\*[\s\S]*?\*\/|(?<=^|[\s;{}(),])\/\/[^\n]*/g,
    '$1',
  );

const specifiers = (code) =>
  [...code.matchAll(/(?:^|\s|\()(?:from|import)\s*\(?\s*['"]([^'"\n]+)['"]/g)].map(
    ([, specifier]) => specifier,
  );

/** The source file that an import names; `undefined` for a package from outside. */
const resolver = (root, files) => {
  const known = new Set(files);
  const packages = new Map();
  for (const folder of new Set(files.map((file) => file.slice(0, file.indexOf('/src/'))))) {
    const path = join(root, folder, 'package.json');
    if (!existsSync(path)) continue;
    const { name, exports = {} } = JSON.parse(readFileSync(path, 'utf8'));
    const entries = typeof exports === 'string' ? { '.': exports } : exports;
    for (const [entry, target] of Object.entries(entries)) {
      const built = typeof target === 'string' ? target : target.default;
      const source = `${folder}/${built.replace(/^\.\/dist\//, 'src/').replace(/\.js$/, '.ts')}`;
      if (known.has(source)) packages.set(entry === '.' ? name : `${name}${entry.slice(1)}`, source);
    }
  }
  return (file, specifier) => {
    if (!specifier.startsWith('.')) return packages.get(specifier);
    const path = normalize(join(dirname(file), specifier))
      .split(sep)
      .join('/');
    return [path.replace(/\.js$/, '.ts'), path.replace(/\.mjs$/, '.mts')].find((each) => known.has(each));
  };
};

/** Groups of files that import each other, by Tarjan's algorithm. */
const cyclesIn = (imports) => {
  const numbers = new Map();
  const lows = new Map();
  const stack = [];
  const cycles = [];
  const visit = (file) => {
    numbers.set(file, numbers.size);
    lows.set(file, numbers.get(file));
    stack.push(file);
    for (const target of imports.get(file)) {
      if (!numbers.has(target)) {
        visit(target);
        lows.set(file, Math.min(lows.get(file), lows.get(target)));
      } else if (stack.includes(target)) lows.set(file, Math.min(lows.get(file), numbers.get(target)));
    }
    if (lows.get(file) !== numbers.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1 || imports.get(file).includes(file)) cycles.push(group);
  };
  for (const file of imports.keys()) if (!numbers.has(file)) visit(file);
  return cycles;
};

const layerOf = (file) => {
  const path = file.slice(library.length + 1);
  let found = { layer: -1, length: 0 };
  for (const [layer, names] of layers.entries())
    for (const name of names)
      if ((path === name || path.startsWith(`${name}/`)) && name.length > found.length)
        found = { layer, length: name.length };
  return found.layer;
};

const layerProblems = (imports) =>
  [...imports].flatMap(([file, targets]) => {
    if (!file.startsWith(`${library}/`)) return [];
    const from = layerOf(file);
    if (from < 0) return [`${file}: no layer. Add its folder to the layers of scripts/check-structure.mjs.`];
    return targets
      .filter((target) => target.startsWith(`${library}/`) && layerOf(target) < from)
      .map((target) => `${file} imports ${target}, which is in a layer above.`);
  });

/** Exports of a module that exist when the program runs. */
const runtimeExports = (code) =>
  [...code.matchAll(/^export\s+(?!type\b|interface\b|declare\b)(?:\{[^}]*\}|\*|[^\n{=(]*)/gm)].flatMap(
    ([statement]) => {
      const names = /^export\s+\{([^}]*)\}/.exec(statement)?.[1];
      if (names === undefined) return [statement.trim()];
      return names.split(',').filter((name) => name.trim() !== '' && !/^\s*type\s/.test(name));
    },
  );

/**
 * What is wrong with the structure of the repository at `root`, one line each.
 *
 * @param root - an absolute path
 */
export const structureProblems = (root) => {
  const folders = [
    library,
    ...['systems', 'examples'].flatMap((folder) =>
      readdirSync(join(root, folder)).map((name) => `${folder}/${name}/src`),
    ),
    'demo/src',
    'bench/src',
  ].filter((folder) => existsSync(join(root, folder)));
  const texts = new Map(
    folders
      .flatMap((folder) => sourcesBelow(root, folder))
      .map((file) => [file, readFileSync(join(root, file), 'utf8')]),
  );
  const codes = new Map([...texts].map(([file, text]) => [file, withoutComments(text)]));
  const resolve = resolver(root, [...texts.keys()]);
  const imports = new Map(
    [...codes].map(([file, code]) => [
      file,
      [...new Set(specifiers(code).flatMap((specifier) => resolve(file, specifier) ?? []))],
    ]),
  );
  return [
    ...cyclesIn(imports).map((group) => `import cycle: ${group.sort().join(' ↔ ')}`),
    ...layerProblems(imports),
    ...[...codes]
      .filter(([file]) => file.startsWith(`${library}/contract/`))
      .flatMap(([file, code]) => runtimeExports(code).map((what) => `${file} exports a value: ${what}`)),
    ...[...codes]
      .filter(([file]) => file.startsWith(`${library}/`))
      .flatMap(([file, code]) =>
        [...code.matchAll(/^export \*.*?'([^']+)'/gm)]
          // TypeScript merges an augmentation of SystemErrors only into a name that is exported so
          .filter(([, from]) => file !== `${library}/index.ts` || from !== './errors.js')
          .map(([statement]) => `${file} has ${statement}: list the names.`),
      ),
    ...[...texts]
      .filter(([, text]) => text.includes('biome-ignore lint/suspicious/noExplicitAny'))
      .map(([file]) => `${file} uses any.`),
    ...[...texts]
      .map(([file, text]) => ({ file, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > maxLines)
      .map(({ file, lines }) => `${file} has ${lines} lines, more than ${maxLines}.`),
  ];
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = structureProblems(fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, ''));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
