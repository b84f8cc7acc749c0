import type { Command } from 'commander';
import { mergePages, mostChanges, parseCursor, queryTrail, type TrailPage } from '../../audit/query-trail.js';
import { auditedTables, notAudited, trailsOf } from '../../audit/trail-conditions.js';
import type { TableFacts } from '../../contract/table.js';
import { AshlarError } from '../../errors.js';
import { propertiesOf } from '../../model/index.js';
import type { System } from '../../system/system.js';
import { assertInitialised } from '../assert-initialised.js';
import type { Answer, Commands } from '../command.js';
import { summaries } from '../command-names.js';
import type { Invocation } from '../invocation.js';
import { wholeNumber } from '../option-values.js';
import { printChange } from '../print-change.js';
import { timeOption } from '../time-option.js';

interface Options {
  readonly table?: string;
  readonly row?: string;
  readonly actor?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
  readonly after?: string;
}

/** `ashlar audit`: queries the audit trail. */
export function auditCommand(commands: Commands): Command {
  return commands
    .make<Options>('audit', summaries.audit.description, run)
    .option('--table <name>', 'only changes of this table')
    .option(
      '--row <key>',
      'only changes of the row with this primary key; a JSON array for a key of several columns',
    )
    .option('--actor <name>', 'only changes of this actor')
    .option('--since <time>', 'only changes at or after this time: 2026-03-31 or 2026-03-31T08:00:00Z')
    .option('--until <time>', 'only changes before this time')
    .option('--limit <n>', `the maximum number of changes, 1 to ${mostChanges} (default: 50)`)
    .option('--after <cursor>', 'continue at this cursor, which the previous page ends with')
    .addHelpText(
      'after',
      [
        '',
        'Reads the audit trails, the newest change first. The URL must be that of the owner or the auditor:',
        'DATABASE_MIGRATE_URL, else DATABASE_URL.',
        '',
        'Examples:',
        '  ashlar audit --table clauses --since 2026-01-01',
        '  ashlar audit --table clauses --row 0199c0de-0000-7000-8000-000000000001 --json',
        '  ashlar audit --actor user:42 --limit 10',
      ].join('\n'),
    );
}

async function run(invocation: Invocation, options: Options): Promise<Answer> {
  const { out } = invocation;
  const limit = limitOf(options);
  const [since, until] = [timeOption('--since', options.since), timeOption('--until', options.until)];
  if (options.after !== undefined) parseCursor(options.after);
  const systems = (await invocation.systems()).filter((system) => trailsOf(system).length > 0);
  const chosen = systems.filter((system) => options.table === undefined || tableOf(system, options.table));
  assertChosen(systems, chosen, options);
  const pages: TrailPage[] = [];
  for (const system of chosen) {
    const query = {
      table: options.table,
      row: rowOf(system, options),
      actor: options.actor,
      since,
      until,
      limit,
      after: options.after,
    };
    pages.push(
      await invocation.withEngine(
        'owner',
        async (engine) => {
          await assertInitialised(engine, system);
          return queryTrail(engine, system, query);
        },
        { create: false, system },
      ),
    );
  }
  const { changes, next } = mergePages(pages, limit);
  for (const change of changes) printChange(out, change);
  if (changes.length === 0) out.line('no changes');
  if (next !== null) out.note(`more changes: --after ${next}`);
  return { document: { changes, next } };
}

function limitOf({ limit }: Options): number | undefined {
  const count = wholeNumber('--limit', limit);
  if (count === undefined || count <= mostChanges) return count;
  throw new AshlarError('usage', {
    message: `--limit takes at most ${mostChanges}.`,
    suggestion: 'Read the rest page by page, with --after.',
  });
}

function tableOf(system: System, name: string): TableFacts | undefined {
  return auditedTables(system).find((table) => table.name === name);
}

function assertChosen(
  withTrails: readonly System[],
  chosen: readonly System[],
  { table = '' }: Options,
): void {
  if (chosen.length > 0) return;
  if (withTrails.length === 0) {
    throw new AshlarError('usage', {
      message: 'No system has an audit trail.',
      suggestion: 'Declare one with auditTrail(…), and let tables write into it with audited({ into }).',
    });
  }
  throw notAudited(table, withTrails);
}

/** The primary key in `--row`. @throws AshlarError `usage` */
function rowOf(system: System, { table: name, row }: Options): Readonly<Record<string, string>> | undefined {
  if (row === undefined) return undefined;
  const table = name === undefined ? undefined : tableOf(system, name);
  if (!table) {
    throw new AshlarError('usage', {
      message: '--row needs --table.',
      suggestion: 'Name the table of the row: --table clauses --row KEY',
    });
  }
  const columns = propertiesOf(table, table.primaryKey.columns);
  const values = columns.length === 1 ? [row] : listOf(row);
  if (values?.length === columns.length)
    return Object.fromEntries(columns.map((column, at) => [column, String(values[at])]));
  throw new AshlarError('usage', {
    message: `The primary key of ${table.name} has ${columns.length} columns: ${columns.join(', ')}.`,
    suggestion: `Write them as a JSON array: --row '["…", "…"]'`,
  });
}

function listOf(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
