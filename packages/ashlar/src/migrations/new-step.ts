import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SchemaChange } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { type Decisions, resolveRenames } from './decisions.js';
import { changesOf, compareModel } from './model-changes.js';
import { assertBoundNames } from './renames.js';
import { byStepOrder, folderPath } from './steps.js';

/** The options of `newStep`. */
export interface NewStepOptions extends Decisions {
  /**
   * Whether to write the step even if the migrations and the tables do not differ; the step can then be completed by
   * hand.
   */
  readonly empty?: boolean | undefined;
}

/** A step that `newStep` wrote. */
export interface NewStep {
  readonly name: string;
  readonly folder: string;
  readonly changes: Readonly<Record<SqlName, readonly SchemaChange[]>>;
}

const sqlNames: readonly SqlName[] = ['sqlite', 'postgres'];

/**
 * Writes a step that turns the schema of the migrations into that of the tables: up and down files in every dialect.
 *
 * @param folder - the migrations folder to write into
 * @param name - describes the step, in snake_case
 * @returns the step; `undefined` when nothing differs
 * @throws AshlarError `usage`, `migration-ambiguous`, `migration-invalid`, `migration-failed`, `driver-missing`
 */
export async function newStep(
  system: SystemFacts,
  folder: URL | string,
  name: string,
  options: NewStepOptions = {},
): Promise<NewStep | undefined> {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new AshlarError('usage', {
      message: `A step cannot be named "${name}".`,
      suggestion: 'Describe it in snake_case: owner_required.',
    });
  }
  const root = folderPath(folder);
  await mkdir(root, { recursive: true });
  const comparisons = [];
  // one after another: a shadow database takes memory
  for (const dialect of sqlNames)
    comparisons.push(await compareModel({ ...system, migrations: asUrl(folder) }, dialect));
  const renames = await resolveRenames(system, comparisons, options);
  assertBoundNames(system, renames);
  const changes = Object.fromEntries(
    comparisons.map((comparison) => [comparison.dialect.name, changesOf(system, comparison, renames)]),
  ) as Record<SqlName, readonly SchemaChange[]>;
  if (sqlNames.every((dialect) => changes[dialect].length === 0) && !options.empty) return undefined;
  const step = `${await nextNumber(root)}_${name}`;
  const target = join(root, step);
  await mkdir(target);
  for (const dialect of sqlNames) {
    await writeFile(join(target, `up.${dialect}.sql`), upText(step, changes[dialect]));
    await writeFile(join(target, `down.${dialect}.sql`), downText(step, changes[dialect]));
  }
  return { name: step, folder: target, changes };
}

const asUrl = (folder: URL | string): URL =>
  typeof folder === 'string' ? pathToFileURL(join(folder, '/')) : folder;

const nextNumber = async (root: string): Promise<string> => {
  const last = (await readdir(root))
    .filter((entry) => /^\d{4,}_/.test(entry))
    .sort(byStepOrder)
    .at(-1);
  return String(last === undefined ? 1 : Number.parseInt(last, 10) + 1).padStart(4, '0');
};

const upText = (step: string, changes: readonly SchemaChange[]): string => {
  const header = [
    ...(changes.some((change) => change.rebuild.includes('up')) ? ['-- ashlar: rebuild'] : []),
    `-- ${step}`,
    ...(changes.length === 0 ? ['-- nothing to do here'] : []),
    ...changes.flatMap(({ summary, danger }) => [
      `-- ${summary}`,
      ...(danger ? [`--   careful: ${danger}`] : []),
    ]),
  ];
  return file(
    header,
    changes.map((change) => change.up),
  );
};

const downText = (step: string, changes: readonly SchemaChange[]): string => {
  const stuck = changes.filter((change) => change.up.length > 0 && change.down.length === 0);
  const header = [
    ...(stuck.length > 0 ? ['-- ashlar: irreversible'] : []),
    ...(changes.some((change) => change.rebuild.includes('down')) ? ['-- ashlar: rebuild'] : []),
    `-- undoes ${step}`,
    ...(changes.length === 0 ? ['-- nothing to do here'] : []),
    ...stuck.map(({ summary }) => `-- no way back that keeps the data: ${summary}`),
  ];
  return file(header, changes.map((change) => change.down).reverse());
};

const file = (header: readonly string[], groups: readonly (readonly string[])[]): string => {
  const blocks = groups.filter((group) => group.length > 0).map((group) => group.map(terminated).join('\n'));
  return `${[header.join('\n'), ...blocks].join('\n\n')}\n`;
};

const terminated = (statement: string): string => {
  const text = statement.trim();
  return text.endsWith(';') ? text : `${text};`;
};
