// Changes every object of a database with every guarantee, one at a time, and asks who names the change: npm run mutate
//
// Two scores: the comparison with the steps and of the roles, on each engine, and the attacks alone, with the comparison switched
// off, on each engine too. The changes are listed from the live catalogue by packages/ashlar/test/catalogue, not from
// the code of the guarantees. It ends with an error if the comparison misses a change, or if survivors.ts gives no reason why the
// attacks miss one.
//
//   npm run mutate                        runs everything, which takes hours
//   npm run mutate -- --write             and writes docs/mutation-score.md
//   npm run mutate -- pglite              one engine
//   npm run mutate -- --attacks           the attacks only; --compared: the comparison only
//   npm run mutate -- --every 7 --seed x  one change of seven, chosen by the seed; the page says so
//   npm run mutate -- --results FOLDER    keeps what is found in a folder; a run that ended goes on where it ended
//   npm run mutate -- --results FOLDER --page --write   only writes the page from it
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const order = ['sqlite', 'sqlcipher', 'pglite', 'postgres'];

const row = (cells) => `| ${cells.join(' | ')} |`;

/** A table of the share that is named, by kind of object. */
const scoreTable = (results) => {
  const names = order.filter((name) => results[name] !== undefined);
  const kinds = [...new Set(names.flatMap((name) => results[name].map(({ kind }) => kind)))].sort();
  const count = (name, kind, outcome) =>
    results[name].filter((each) => each.outcome === outcome && (kind === undefined || each.kind === kind))
      .length;
  const cell = (name, kind) => {
    const [named, silent] = [count(name, kind, 'named'), count(name, kind, 'silent')];
    return named + silent === 0 ? '' : `${named} of ${named + silent}`;
  };
  const share = (name) => {
    const [named, silent] = [count(name, undefined, 'named'), count(name, undefined, 'silent')];
    return named + silent === 0 ? '' : `${Math.floor((1000 * named) / (named + silent)) / 10} %`;
  };
  return [
    row(['change of', ...names]),
    row(['---', ...names.map(() => '---')]),
    ...kinds.map((kind) => row([kind, ...names.map((name) => cell(name, kind))])),
    row(['**all**', ...names.map((name) => `**${cell(name)}**`)]),
    row(['share', ...names.map(share)]),
    row(['refused by the engine', ...names.map((name) => count(name, undefined, 'impossible'))]),
  ].join('\n');
};

/** What was done to an object, without the object: `trigger: dropped`. */
const changeOf = ({ kind, name }) =>
  kind === 'role' || kind === 'unknown object' ? `${kind}: ${name}` : `${kind}: ${name.replace(/^.*: /, '')}`;
const objectOf = ({ kind, name }) =>
  kind === 'role' || kind === 'unknown object' ? '' : name.replace(/: [^:]*$/, '');

const survivorsOf = (engine, results) => {
  const groups = new Map();
  for (const each of results.filter(({ outcome }) => outcome === 'silent')) {
    const key = JSON.stringify([changeOf(each), each.reason ?? '**no reason is given**']);
    groups.set(key, [...(groups.get(key) ?? []), objectOf(each)]);
  }
  if (groups.size === 0) return '';
  const lines = [...groups].map(([key, objects]) => {
    const [change, reason] = JSON.parse(key);
    const of = objects.filter(Boolean);
    return `- **${change}**${of.length === 0 ? '' : ` (${of.length})`}: ${reason}${of.length === 0 ? '' : `\n  <details><summary>objects</summary>${of.join('; ')}</details>`}`;
  });
  const instead = results.filter((each) => each.outcome === 'silent' && each.instead?.length > 0);
  if (instead.length > 0)
    lines.push(
      '',
      'What was seen to stop the attacks that the unchanged object stops:',
      '',
      ...instead.map((each) => `- ${each.name}: ${each.instead.join('; ')}`),
    );
  return `### ${engine}\n\n${lines.join('\n')}\n`;
};

/** What was tried whole and what was not, in words. */
const tried = (results, totals) => {
  const runs = order.flatMap((name) => [
    [`the comparison on ${name}`, name],
    [`the attacks on ${name}`, `${name}-attacks`],
  ]);
  const of = (test) => runs.filter(([, run]) => test(results[run]?.length ?? 0, totals[run] ?? 0));
  const whole = of((found, total) => found > 0 && found >= total);
  const partly = of((found, total) => found > 0 && found < total);
  const never = of((found) => found === 0);
  const words = (list) => list.map(([what]) => what).join(', ');
  return [
    ...(whole.length === 0 ? [] : [`Tried whole: ${words(whole)}.`]),
    ...(partly.length === 0
      ? []
      : [
          `Tried in part, a sample by a seed as far as the run came: ${partly
            .map(([what, run]) => `${what} (${results[run].length} of ${totals[run]} changes)`)
            .join(', ')}.`,
        ]),
    ...(never.length === 0 ? [] : [`Not tried: ${words(never)}.`]),
  ].join('\n');
};

/**
 * The page of scores from what each run found: its name → list of mutants with their outcome.
 *
 * @param totals - the number of mutants of each run
 */
export const scorePage = (results, totals = {}) => {
  const compared = Object.fromEntries(order.map((name) => [name, results[name]]));
  const attacked = Object.fromEntries(order.map((name) => [name, results[`${name}-attacks`]]));
  const missed = order.flatMap((engine) =>
    (compared[engine] ?? [])
      .filter(({ outcome }) => outcome === 'silent')
      .map((each) => `- ${engine}, ${each.kind}: ${each.name}`),
  );
  return `# Mutation score

Written by \`npm run mutate -- --write\`. Each object of a live database with every guarantee is removed, disabled, replaced by one
that does nothing, weakened, given to another owner or opened to another role, and one unknown object of each kind is added. Each
change is made alone, and undone before the next. Changes that the engine itself refuses do not count.

${tried(results, totals)}

## Named by the comparison

What \`prove\` and \`status\` name without any attack: the comparison with the steps, and what roles can do
([decision 0028](architecture/decisions/0028-the-whole-catalogue.md)).

${scoreTable(compared)}

${missed.length === 0 ? 'No change is missed.' : `Missed:\n\n${missed.join('\n')}`}

## Named by the attacks alone

Here nothing is compared: only the attacks of \`prove\` run, on tables with rows, with \`SCOPE_KEY\` on PostgreSQL. The engines of a dialect
run the same statements. For an object of one table, that table is attacked; for every other object, all are. A role belongs to all
databases of a server: what is done to one is attacked on PGlite only.

${scoreTable(attacked)}

## What no attack tells

An attack sees what a statement does. What it cannot see, the comparison has to name. Each change that no attack told, with the
reason:

${order
  .filter((name) => attacked[name] !== undefined)
  .map((name) => survivorsOf(name, attacked[name]))
  .join('\n')}`;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = process.argv.slice(2);
  const value = (option) => (given.includes(option) ? given[given.indexOf(option) + 1] : undefined);
  const engines = given.filter((each) => order.includes(each));
  const kept = value('--results');
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'ashlar-mutate-'));
  mkdirSync(folder, { recursive: true });
  const what = given.includes('--attacks')
    ? 'the attacks alone.*'
    : given.includes('--compared')
      ? 'every change of one object.*'
      : '';
  const on = engines.length === 0 ? '' : `on '?(${engines.join('|')})'?( |$)`;
  try {
    execFileSync(
      'npx',
      [
        'vitest',
        'run',
        'packages/ashlar/test/catalogue/mutants.test.ts',
        ...(what === '' && on === '' ? [] : ['-t', `${what}${on}`]),
      ],
      {
        cwd: root,
        stdio: 'inherit',
        env: {
          ...process.env,
          MUTATE_RESULTS: folder,
          MUTATE_EVERY: value('--every') ?? '1',
          MUTATE_SEED: value('--seed') ?? '',
          MUTATE_PAGE: given.includes('--page') ? '1' : '',
        },
      },
    );
  } catch {
    process.exitCode = 1;
  }
  const of = (ending, read) =>
    Object.fromEntries(
      readdirSync(folder)
        .filter((file) => file.endsWith(ending))
        .map((file) => [file.slice(0, -ending.length), read(readFileSync(join(folder, file), 'utf8'))]),
    );
  const page = scorePage(of('.json', JSON.parse), of('.total', Number));
  if (given.includes('--write')) writeFileSync(join(root, 'docs/mutation-score.md'), page);
  else process.stdout.write(page);
  if (kept === undefined) rmSync(folder, { recursive: true });
}
