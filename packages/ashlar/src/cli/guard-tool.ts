import { join } from 'node:path';
import type { SqlName } from '../contract/sql.js';
import { AshlarError } from '../errors.js';
import type { GuardRequest } from '../guard/request.js';
import { guardRefused } from '../model/guard-refused.js';
import { Manifest, readIfThere } from './init/manifest.js';
import { type Orm, ormsOf } from './init/orm.js';

/** Where the tables of a guard come from. */
export const sources = ['database', 'drizzle', 'prisma', 'kysely'] as const;

export type Source = (typeof sources)[number];

/** The tool that owns the tables, as far as its files say. Kysely has none, and `database` names none. */
export interface Tool {
  readonly source: Source;
  readonly orm: Orm | undefined;
}

const isSource = (text: string): text is Source => sources.some((each) => each === text);

/** Reads the set-up of a tool in a project. @throws AshlarError `usage` where the project has none, or for an unknown tool */
export async function readTool(directory: string, from: string): Promise<Tool> {
  if (!isSource(from))
    throw new AshlarError('usage', {
      message: `There is no source ${JSON.stringify(from)}.`,
      suggestion: `Write --from ${sources.join(', --from ')}.`,
    });
  if (from === 'database' || from === 'kysely') return { source: from, orm: undefined };
  const orms = await ormsOf(directory, await Manifest.read(directory));
  const orm = orms.find(({ name }) => name.toLowerCase() === from);
  if (orm && orm.files.length > 0) return { source: from, orm };
  throw new AshlarError('usage', {
    message: `This folder has no files of ${from === 'drizzle' ? 'Drizzle: drizzle.config.ts' : 'Prisma: prisma/schema.prisma'}.`,
    suggestion: 'Run the command where they are, or read the database alone: ashlar guard --from database.',
  });
}

const engines: readonly (readonly [pattern: RegExp, engine: SqlName])[] = [
  [/^(postgres|pg|pglite|node-postgres|cockroach)/i, 'postgres'],
  [/^(sqlite|turso|libsql|better-sqlite|d1)/i, 'sqlite'],
];

/** @throws AshlarError `guard-refused` if the files of the tool name another kind of database than the one that was read */
export function assertToolEngine({ orm }: Tool, dialect: SqlName): void {
  if (orm?.database === undefined) return;
  const engine = engines.find(([pattern]) => pattern.test(orm.database ?? ''))?.[1];
  if (engine === dialect) return;
  throw guardRefused(
    `${orm.files[0]} names the database ${orm.database}, and the URL is of another one.`,
    engine === undefined
      ? 'A guard can be put on PostgreSQL and on a SQLite file.'
      : `Give the URL that the tool uses: --url, or ${orm.variable ?? 'DATABASE_URL'}.`,
  );
}

/**
 * Returns what a person does in the files of the tool, one line each.
 *
 * @param place - the engine, and on SQLite Ashlar's own tables in the file
 */
export async function toDo(
  directory: string,
  { source, orm }: Tool,
  requests: readonly GuardRequest[],
  { dialect, ownTables }: { readonly dialect: SqlName; readonly ownTables: readonly string[] },
): Promise<readonly string[]> {
  const scoped = requests
    .filter(({ guarantees }) => guarantees.some(({ name }) => name === 'scoped'))
    .map(({ table }) => table);
  const lines: string[] = [];
  if (source === 'drizzle') {
    const texts = await Promise.all(
      (orm?.files ?? []).map(async (file) => (await readIfThere(join(directory, file))) ?? ''),
    );
    const has = (policy: string): boolean => texts.some((text) => text.includes(policy));
    for (const table of scoped.filter((name) => !has(`${name}_scoped`)))
      lines.push(
        `the schema of Drizzle: add to the third argument of pgTable('${table}', …), or \`drizzle-kit push\` drops the policy: pgPolicy('${table}_scoped', { as: 'permissive', for: 'all', to: 'public', using: sql\`false\` })`,
      );
  }
  const migrates = {
    drizzle: 'drizzle-kit migrate',
    prisma: 'prisma migrate deploy',
    kysely: 'kysely migrate latest',
    database: 'your migrations',
  }[source];
  lines.push(
    `after each migration: ${migrates} && ashlar guard up; in CI, after the migration: ashlar guard check`,
  );
  const client = { drizzle: 'db', prisma: 'prisma', kysely: 'db', database: 'pool' }[source];
  if (dialect === 'postgres') {
    lines.push(
      `in the application: await guarded(${client}, { actor, scope }, (tx) => …), with guarded from ashlar/guarded`,
    );
    return lines;
  }
  const audited = requests.some(({ guarantees }) => guarantees.some(({ name }) => name === 'audited'));
  if (audited)
    lines.push(
      source === 'kysely' || source === 'prisma'
        ? `in the application: await guardedFile(${client}, { actor, scope: null }, (tx) => …), with guardedFile from ashlar/guarded`
        : `in the application: guardedSync(${source === 'drizzle' ? 'db' : 'database'}, { actor, scope: null }, (tx) => …), with guardedSync from ashlar/guarded`,
    );
  // this filter takes patterns
  const others = ownTables.filter((name) => !name.startsWith('ashlar_'));
  const beside = ownTables.map((name) => `'${name}'`).join(', ');
  if (source === 'drizzle')
    lines.push(
      `drizzle.config.ts, or \`drizzle-kit push\` drops these tables: tablesFilter: ['*', '!ashlar_*', ${others.map((name) => `'!${name}'`).join(', ')}]`,
    );
  if (source === 'prisma')
    lines.push(
      `prisma.config.ts, or \`prisma db push\` drops these tables: experimental: { externalTables: true }, tables: { external: [${beside}] }`,
    );
  return lines;
}
