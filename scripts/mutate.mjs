// Changes every object of a database with every guarantee, one at a time, on each engine, and asks the comparison with the steps
// whether it names the change: npm run mutate
//
// It writes docs/mutation-score.md. The changes are listed from the live catalogue by packages/ashlar/test/catalogue, not from the
// code of the guarantees.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const order = ['sqlite', 'sqlcipher', 'pglite', 'postgres'];

/** The page of scores from what each engine's run found: engine → list of mutants with their outcome. */
export const scorePage = (results) => {
  const names = order.filter((name) => results[name] !== undefined);
  const kinds = [...new Set(names.flatMap((name) => results[name].map(({ kind }) => kind)))].sort();
  const count = (name, kind, outcome) =>
    results[name].filter((each) => each.outcome === outcome && (kind === undefined || each.kind === kind))
      .length;
  const cell = (name, kind) => {
    const [named, silent] = [count(name, kind, 'named'), count(name, kind, 'silent')];
    return named + silent === 0 ? '' : `${named} of ${named + silent}`;
  };
  const row = (cells) => `| ${cells.join(' | ')} |`;
  const survivors = names.flatMap((engine) =>
    results[engine].filter(({ outcome }) => outcome === 'silent').map((each) => ({ engine, ...each })),
  );
  return `# Mutation score

Written by \`npm run mutate\`. Each object of a live database with every guarantee is removed, disabled, replaced by one that does
nothing, weakened, given to another owner or opened to another role, and unknown objects of each kind are added. Each change is
made alone, in a transaction that is rolled back. The score is the share that the comparison names
([decision 0028](architecture/decisions/0028-the-whole-catalogue.md)). Changes that the engine itself refuses do not count.

${row(['change of', ...names])}
${row(['---', ...names.map(() => '---')])}
${kinds.map((kind) => row([kind, ...names.map((name) => cell(name, kind))])).join('\n')}
${row(['**all**', ...names.map((name) => `**${cell(name)}**`)])}
${row(['refused by the engine', ...names.map((name) => count(name, undefined, 'impossible'))])}

## Survivors

${survivors.length === 0 ? 'None: the comparison names every change.' : survivors.map(({ engine, kind, name }) => `- ${engine}, ${kind}: ${name}`).join('\n')}
`;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-mutate-'));
  try {
    execFileSync('npx', ['vitest', 'run', 'packages/ashlar/test/catalogue/mutants.test.ts'], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, MUTATE_RESULTS: folder },
    });
  } catch {
    process.exitCode = 1;
  }
  const results = Object.fromEntries(
    readdirSync(folder).map((file) => [
      file.replace('.json', ''),
      JSON.parse(readFileSync(join(folder, file), 'utf8')),
    ]),
  );
  writeFileSync(join(root, 'docs/mutation-score.md'), scorePage(results));
  rmSync(folder, { recursive: true });
}
