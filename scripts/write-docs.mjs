// Writes the generated pages of docs/ from the built package: npm run docs
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** docs/errors.md from the catalogue of error codes. */
export const errorsPage = (errorCodes) =>
  [
    '# Errors',
    '',
    'Every error of Ashlar is an `AshlarError`: `code`, `message` (what), `detail` (why), `suggestion` (what to do).',
    'This page is generated from `src/errors.ts` by `npm run docs`. Exit: the status a command ends with',
    '(1 a check failed · 2 wrong usage · 3 could not connect or open).',
    '',
    '| code | exit | meaning |',
    '|---|---|---|',
    ...Object.entries(errorCodes).map(
      ([code, { exit, meaning }]) => `| \`${code}\` | ${exit} | ${meaning} |`,
    ),
    '',
  ].join('\n');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { errorCodes } = await import(new URL('../dist/src/errors.js', import.meta.url));
  writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsPage(errorCodes));
}
