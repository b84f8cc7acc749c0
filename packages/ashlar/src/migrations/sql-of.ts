import type { FoundationVersion, SqlDialect } from '../contract/dialect.js';
import type { GuardedPlace } from '../contract/guards.js';
import { AshlarError } from '../errors.js';
import { versionSql } from './foundation.js';
import { recordSql } from './history.js';
import { historySql } from './history-sql.js';
import type { Step } from './steps.js';

/** The input of {@link sqlOf}: the steps of a system to write as SQL. */
export interface StepsAsSql {
  readonly dialect: SqlDialect;
  readonly system: string;
  readonly steps: readonly Step[];
  readonly actor: string;
  readonly firstEver: boolean;
  /** The versions of Ashlar's own objects that the database lacks. Default: none. */
  readonly foundation?: readonly FoundationVersion[];
  /** Where the tables are that a guard is on. */
  readonly guards?: GuardedPlace | undefined;
}

/**
 * Returns an SQL script, to be run by hand, that applies the given steps and records them in the history.
 *
 * @param firstEver - also make the history's table
 * @throws AshlarError `usage` when a step is code
 */
export function sqlOf(input: StepsAsSql): string {
  const { dialect, system, steps, actor, firstEver } = input;
  const { create, preamble } = historySql[dialect.name];
  const objects = dialect.foundation.map((object) => object.create);
  const recordOf = (version: FoundationVersion): string => versionSql(dialect, version, actor, 0);
  const parts = steps.map((step) => sqlOfStep(dialect, system, step, actor));
  const { begin } = historySql[dialect.name];
  const first = firstEver
    ? [...objects, create, ...dialect.foundationVersions.map(recordOf)].map((sql) => `${sql};`)
    : (input.foundation ?? []).flatMap((version) => [
        begin,
        ...[...version.change, recordOf(version)].map((sql) => `${sql};`),
        'COMMIT;',
      ]);
  const all = [...first, ...parts];
  return all.length === 0 || (firstEver && parts.length === 0)
    ? '\n'
    : `${[...preamble(input.guards), ...all].join('\n\n')}\n`;
}

const sqlOfStep = (dialect: SqlDialect, system: string, step: Step, actor: string): string => {
  const { up } = step;
  if (up.kind === 'code') {
    throw new AshlarError('usage', {
      message: `Step ${step.name} is code (${up.file}); it cannot be shown as SQL.`,
      suggestion: 'Run it with ashlar migrate up.',
    });
  }
  const { begin, beginRebuild, commitRebuild } = historySql[dialect.name];
  const record = `${recordSql({ dialect, system, step, actor, milliseconds: 0 })};`;
  const text = up.text.trimEnd();
  const body = up.statements.length > 0 && !text.endsWith(';') ? `${text};` : text;
  switch (up.mode) {
    case 'no-transaction':
    case 'batches':
      return [body, record].join('\n\n');
    case 'rebuild':
      return [beginRebuild, body, record, commitRebuild].join('\n\n');
    case 'transaction':
      return [begin, body, record, 'COMMIT;'].join('\n\n');
  }
};
