import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExternalTables } from '../contract/guards.js';
import type { SqlName } from '../contract/sql.js';
import { AshlarError } from '../errors.js';

/** The file in which a step of a guard keeps the tool's tables as it found them. */
export function tablesFile(dialect: SqlName): string {
  return `tables.${dialect}.json`;
}

/** Reads the tool's tables that a step keeps. @throws AshlarError `migration-invalid` */
export async function readExternalTables(
  folder: string,
  step: string,
  dialect: SqlName,
): Promise<ExternalTables> {
  const file = tablesFile(dialect);
  try {
    const { schema, own, tables } = JSON.parse(await readFile(join(folder, file), 'utf8')) as ExternalTables;
    if (
      typeof schema === 'string' &&
      typeof own === 'string' &&
      typeof tables === 'object' &&
      tables !== null
    )
      return { schema, own, tables };
  } catch {
    // reported below
  }
  throw new AshlarError('migration-invalid', {
    message: `${file} of step ${step} is not valid.`,
    detail: 'It holds the tables of the other tool as the step found them, and was edited.',
    suggestion: 'Restore the file from version control.',
  });
}
