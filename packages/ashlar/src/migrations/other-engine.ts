import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import type { SqlStatement } from '../sql/statements.js';
import { check } from './model-changes.js';
import { newStep } from './new-step.js';
import { folderPath, readSteps } from './steps.js';

/** The files that give the steps of a system another engine. */
export interface OtherEngine {
  readonly engine: SqlName;
  /** Paths from the migrations folder. */
  readonly files: readonly string[];
  /** The steps that write rows: a new database of the other engine does not get them until a person writes the statements. */
  readonly writesRows: readonly string[];
}

const others: Readonly<Record<SqlName, SqlName>> = { sqlite: 'postgres', postgres: 'sqlite' };

/**
 * Gives the steps of a system, which were written for one engine, files for the other: the first one makes the whole schema, and
 * each later one says that there is nothing to do. Then `up` makes databases of that engine, and a move can go there. Steps in code
 * run on both. The files are tried in a shadow database, and removed if they do not make what the tables declare.
 *
 * @returns `undefined` if every step has files for the engine already
 * @throws AshlarError `migration-invalid` without steps, or where some have files for the engine; `migration-pending` where the
 *   steps do not make the declared tables; `guarantee-refused`, `column-type-unsupported`; what `newStep` throws
 */
export async function addEngine(system: SystemFacts, engine: SqlName): Promise<OtherEngine | undefined> {
  const root = folderPath(system.migrations);
  const steps = await readSteps(system.migrations, others[engine]);
  const open = steps.filter(({ up }) => up.kind === 'sql').map(({ name }) => name);
  const having = (direction: 'up' | 'down'): readonly string[] =>
    open.filter((name) => existsSync(join(root, name, `${direction}.${engine}.sql`)));
  const has = having('up');
  const [first, ...later] = open;
  if (first === undefined)
    throw invalid('There is no step in SQL.', 'Write the first step: ashlar migrate new initial.');
  if (has.length === open.length) return undefined;
  const part = [...new Set([...has, ...having('down')])];
  if (part.length > 0)
    throw invalid(
      `A part of the files for ${engine} is there already, in ${part.join(', ')}.`,
      `Complete them by hand: up.${engine}.sql and down.${engine}.sql, a comment where there is nothing to do.`,
    );
  await check(system, others[engine]);
  const texts = await whole(system, engine, first);
  const files = new Map<string, string>(texts.map(([file, text]) => [join(first, file), text]));
  for (const name of later)
    for (const direction of ['up', 'down'])
      files.set(
        join(name, `${direction}.${engine}.sql`),
        `-- ${name}\n-- nothing: ${first} makes the schema\n`,
      );
  const written: string[] = [];
  try {
    for (const [file, text] of files) {
      await writeFile(join(root, file), text, { flag: 'wx' });
      written.push(file);
    }
    await check(system, engine);
  } catch (error) {
    for (const file of written) await rm(join(root, file), { force: true });
    throw error;
  }
  return {
    engine,
    files: written,
    writesRows: steps.flatMap(({ name, up }) =>
      up.kind === 'sql' && up.statements.some(writes) ? [name] : [],
    ),
  };
}

const writes = ({ tokens: [first] }: SqlStatement): boolean =>
  ['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'WITH', 'COPY'].includes(first?.word ?? '');

/** The files of a first step that makes the whole schema, as `migrate new` writes and tries it. */
const whole = async (
  system: SystemFacts,
  engine: SqlName,
  first: string,
): Promise<readonly (readonly [file: string, text: string])[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-engine-'));
  try {
    const step = await newStep(system, folder, first.replace(/^\d+_/, ''), { engines: [engine] });
    if (!step) return [];
    const names = await readdir(step.folder);
    return await Promise.all(
      names.map(async (name) => {
        const text = await readFile(join(step.folder, name), 'utf8');
        return [name, text.replace(`-- ${step.name}\n`, `-- ${first}\n`)] as const;
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const invalid = (message: string, suggestion: string): AshlarError =>
  new AshlarError('migration-invalid', { message, suggestion: `${suggestion} Nothing was written.` });
