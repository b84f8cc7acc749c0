import { createHash } from 'node:crypto';
import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExternalTables } from '../contract/guards.js';
import type { SqlName } from '../contract/sql.js';
import { AshlarError } from '../errors.js';
import { type SqlStatement, splitStatements } from '../sql/statements.js';
import { readDirectives, type StepMode } from './directives.js';
import type { OwnershipLines } from './ownership/lines.js';
import { readExternalTables, tablesFile } from './tables-file.js';

/** One direction of a step (up or down), written in SQL. */
export interface SqlBody {
  readonly kind: 'sql';
  readonly file: string;
  readonly text: string;
  readonly statements: readonly SqlStatement[];
  readonly mode: StepMode;
  /** Whether a directive in the file marks the step as irreversible or the down file as unfinished. */
  readonly irreversible: boolean;
  /** Whether `up` waits for `--contract` before it. */
  readonly contract: boolean;
  /** What the file says about the objects that it makes; `undefined` if it says nothing. */
  readonly ownership?: OwnershipLines | undefined;
  /** The objects that shadow databases are made without, as {@link objectKey} names them. */
  readonly omits: readonly string[];
}

/** One direction of a step (up or down), written as a function that gets the owner's connection. */
export interface CodeBody {
  readonly kind: 'code';
  readonly file: string;
  readonly path: string;
  readonly mode: 'transaction';
  readonly irreversible: false;
  readonly contract: false;
}

/** The content of one direction of a step: SQL, or a function. */
export type StepBody = SqlBody | CodeBody;

/** One step of a system's migrations, read from its folder for one dialect. */
export interface Step {
  /** The name of the step's folder: `0002_owner_required`. */
  readonly name: string;
  /** The SHA-256 hash of the `up` file with normalised line endings, in hex. */
  readonly checksum: string;
  readonly up: StepBody;
  readonly down: StepBody | undefined;
  /** For a step of a guard: the tool's tables as it found them. Shadow databases are made with them. */
  readonly tables?: ExternalTables | undefined;
}

const stepName = /^(\d{4,})_[a-z0-9_]+$/;

const invalid = (message: string, suggestion: string, detail?: string): AshlarError =>
  new AshlarError('migration-invalid', { message, detail, suggestion });

/** Returns the path of a folder that is given as a URL or a path. */
export function folderPath(folder: URL | string): string {
  return typeof folder === 'string' ? folder : fileURLToPath(folder);
}

/** Compares two steps for sorting: by number, then by name. */
export function byStepOrder(a: string, b: string): number {
  const difference = Number.parseInt(a, 10) - Number.parseInt(b, 10);
  return difference !== 0 ? difference : a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Reads the steps in a folder, in the order in which they apply.
 *
 * @throws AshlarError `migration-invalid` when the folder is missing, a name does not begin with a number, or a step
 *   has no `up` file for this dialect, or two
 */
export async function readSteps(folder: URL | string, dialect: SqlName): Promise<Step[]> {
  const root = folderPath(folder);
  const names = stepNames(root);
  return Promise.all(names.map((name) => readStep(join(root, name), name, dialect)));
}

/**
 * Returns the checksums of the steps in a folder by their names, in the order in which they apply. It reads only the
 * `up` files, splits no SQL, and reads synchronously: every start of a program waits for it.
 *
 * @throws AshlarError `migration-invalid` as {@link readSteps}
 */
export function readChecksums(folder: URL | string, dialect: SqlName): ReadonlyMap<string, string> {
  const root = folderPath(folder);
  const checksumOf = (name: string): readonly [string, string] => {
    const files = new Set(readdirSync(join(root, name)));
    const file = [`up.${dialect}.sql`, 'up.ts', 'up.js'].find((each) => files.has(each));
    return [name, checksum(file === undefined ? '' : readFileSync(join(root, name, file), 'utf8'))];
  };
  return new Map(stepNames(root).map(checksumOf));
}

/**
 * Whether a step is a contract step, for which `up` waits. It reads one file, and splits no SQL.
 *
 * @throws AshlarError `migration-invalid` for a directive that cannot be obeyed
 */
export function isContractStep(folder: URL | string, step: string, dialect: SqlName): boolean {
  const file = join(folderPath(folder), step, `up.${dialect}.sql`);
  if (!existsSync(file)) return false;
  const text = readFileSync(file, 'utf8');
  return (
    /contract/i.test(text) && readDirectives(text, dialect, `up.${dialect}.sql of step ${step}`).contract
  );
}

const stepNames = (root: string): string[] => {
  const names: string[] = [];
  for (const entry of entriesOf(root)) {
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory() && stepName.test(entry.name)) names.push(entry.name);
    else if (entry.isDirectory() || /^\d{4,}.*\.(sql|ts|js)$/.test(entry.name)) {
      throw invalid(
        `${entry.name} in the migrations folder is not a step.`,
        'A step is a folder such as 0002_owner_required, that contains files such as up.sqlite.sql and down.sqlite.sql.',
      );
    }
  }
  return names.sort(byStepOrder);
};

const entriesOf = (root: string): Dirent[] => {
  try {
    return readdirSync(root, { withFileTypes: true });
  } catch {
    throw invalid(
      'The migrations folder does not exist.',
      'Write the first step with: ashlar migrate new initial',
      `Looked for ${root}.`,
    );
  }
};

const readStep = async (folder: string, name: string, dialect: SqlName): Promise<Step> => {
  const files = new Set(await readdir(folder));
  const up = await readBody({ folder, step: name, files, direction: 'up', dialect });
  if (!up) {
    throw invalid(
      `Step ${name} has no up file for ${dialect}.`,
      `Add up.${dialect}.sql (a comment is enough if there is nothing to do), or up.ts to change data in code.`,
    );
  }
  return {
    name,
    checksum: checksum(await readFile(join(folder, sourceOf(up, files)), 'utf8')),
    up,
    down: await readBody({ folder, step: name, files, direction: 'down', dialect }),
    ...(files.has(tablesFile(dialect)) ? { tables: await readExternalTables(folder, name, dialect) } : {}),
  };
};

// a byte order mark counts: without it, steps that were applied with one would look edited
const checksum = (text: string): string =>
  createHash('sha256').update(text.replaceAll('\r\n', '\n'), 'utf8').digest('hex');

// a build writes up.js next to or instead of up.ts; the checksum must not depend on which of them runs
const sourceOf = (up: StepBody, files: ReadonlySet<string>): string =>
  up.kind === 'code' && files.has('up.ts') ? 'up.ts' : up.file;

interface BodyFile {
  readonly folder: string;
  readonly step: string;
  readonly files: ReadonlySet<string>;
  readonly direction: 'up' | 'down';
  readonly dialect: SqlName;
}

const readBody = async ({
  folder,
  step,
  files,
  direction,
  dialect,
}: BodyFile): Promise<StepBody | undefined> => {
  const sqlFile = `${direction}.${dialect}.sql`;
  const codeFile = [`${direction}.js`, `${direction}.ts`].find((file) => files.has(file));
  if (files.has(sqlFile) && codeFile !== undefined) {
    throw invalid(
      `Step ${step} has both ${sqlFile} and ${codeFile}.`,
      'Keep one of the two files, and move the other into a separate step.',
    );
  }
  if (codeFile !== undefined) {
    const path = join(folder, codeFile);
    return { kind: 'code', file: codeFile, path, mode: 'transaction', irreversible: false, contract: false };
  }
  if (!files.has(sqlFile)) return undefined;
  return sqlBody(step, sqlFile, await readFile(join(folder, sqlFile), 'utf8'), dialect);
};

const unfilled = (step: string, file: string, fills: readonly string[]): AshlarError =>
  new AshlarError('migration-unfilled', {
    message: `${file} of step ${step} waits for a person: ${fills.length} of its expressions ${fills.length > 1 ? 'are' : 'is'} only proposed.`,
    detail: fills.join('\n'),
    suggestion:
      'Correct the expression behind each mark of the same name, /* fill … */, and delete the line of the directive.',
  });

/**
 * Reads the SQL of one direction of a step from its text. A step that waits for a person is not read, so that nothing runs it.
 *
 * @throws AshlarError `migration-invalid`, `migration-unfilled`
 */
export function sqlBody(step: string, file: string, source: string, dialect: SqlName): SqlBody {
  if (source.includes('\0')) {
    throw invalid(
      `${file} of step ${step} contains a NUL character.`,
      'Save the file as UTF-8.',
      'The engines read no statement after a NUL character. A text in UTF-16 has many.',
    );
  }
  // psql and the sqlite3 shell skip a byte order mark, and a script of several steps must not have one inside
  const text = source.replace(/^\uFEFF+/, '');
  const { fills = [], ...directives } = readDirectives(text, dialect, `${file} of step ${step}`);
  if (fills.length > 0) throw unfilled(step, file, fills);
  return { kind: 'sql', file, text, statements: splitStatements(text, dialect), ...directives };
}
