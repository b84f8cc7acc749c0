// Keeps words out of the repository's texts that its readers stumbled over: npm run check
//
// The words are written in halves, so that a search for them finds no text.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const words = [
  ['who', 'ever'],
  ['a', 'new'],
  ['men', 'ded'],
  ['no', "body's"],
  ['stands', ' in for'],
];
const banned = new RegExp(`\\b(${words.map((halves) => halves.join('')).join('|')})\\b`, 'i');

/** The lines of the repository's files that have a banned word, as `file:line: text`. */
export const wordProblems = (root) =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\0')
    .filter((file) => /\.(md|m?[jt]s|sql|txt|json|sh)$/.test(file) && file !== 'package-lock.json')
    .flatMap((file) => {
      let text;
      try {
        text = readFileSync(join(root, file), 'utf8');
      } catch {
        return []; // removed in the working tree
      }
      return text
        .split('\n')
        .flatMap((line, at) => (banned.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : []));
    });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = wordProblems(fileURLToPath(new URL('..', import.meta.url)));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
