import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { OpenOptions } from '../../../contract/open-options.js';
import type { Owner } from '../../../contract/owner.js';
import type { RunSql } from '../../../contract/sql.js';
import { databaseArgument, toolEnvironment } from './pg-environment.js';
import { findTool, startTool } from './pg-tools.js';

/**
 * Restores a copy with pg_restore, in one transaction. Owners and rights are not restored, because the server may lack
 * those roles: the connected role (or `role`) owns the objects, and `up` grants rights.
 *
 * @param schema - the schema of the copy, which exists and is empty
 * @throws AshlarError `pg-dump-missing`, `pg-dump-unfit`, `pg-dump-failed`; the errors of the copy's bytes, in which
 *   case the copy may have been restored all the same
 */
export async function restoreInto(
  options: OpenOptions,
  bytes: Readable,
  {
    schema,
    role,
    major,
  }: { readonly schema: string; readonly role?: string | undefined; readonly major: number },
): Promise<void> {
  try {
    const tool = await findTool('pg_restore', options, major);
    const args = restoreArguments({ database: databaseArgument(options.url), schema, role });
    const { child, ended } = startTool(tool, args, toolEnvironment(options.url));
    let isOver = false;
    const over = ended.then(
      () => undefined,
      (error: unknown) => error,
    );
    void over.then(() => {
      isOver = true;
    });
    try {
      for await (const chunk of bytes) {
        // pg_restore can end before the last byte; read the rest anyway, to find damage
        if (isOver) {
          const error = await over;
          if (error) throw error;
        } else if (!child.stdin.write(chunk)) {
          await Promise.race([once(child.stdin, 'drain'), over]);
        }
      }
      child.stdin.end();
    } catch (error) {
      child.kill('SIGKILL');
      await over;
      throw error;
    }
    await ended;
  } finally {
    bytes.destroy();
  }
}

/** Returns the command-line arguments with which pg_restore restores one schema in one transaction. */
export function restoreArguments({
  database,
  schema,
  role,
}: {
  readonly database: string;
  readonly schema: string;
  readonly role?: string | undefined;
}): readonly string[] {
  return [
    database,
    // the objects without the schema itself, which exists
    `--schema=${schema}`,
    '--single-transaction',
    '--exit-on-error',
    '--no-owner',
    '--no-privileges',
    '--no-tablespaces',
    '--no-password',
    ...(role === undefined ? [] : [`--role=${role}`]),
  ];
}

const notOfExtension = (catalogue: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalogue}'::regclass AND d.objid = o.oid AND d.deptype = 'e')`;

const objects = `SELECT CASE o.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
  WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind, o.oid::regclass::text AS name
FROM pg_class o WHERE o.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
  AND o.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${notOfExtension('pg_class')}
UNION ALL SELECT 'ROUTINE', o.oid::regprocedure::text
FROM pg_proc o WHERE o.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND ${notOfExtension('pg_proc')}
UNION ALL SELECT 'TYPE', o.oid::regtype::text
FROM pg_type o WHERE o.typnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
  AND o.typtype IN ('e', 'd', 'r') AND ${notOfExtension('pg_type')}`;

/** Whether a schema contains an object that does not belong to an extension. */
export async function hasObjects(run: RunSql, schema: string): Promise<boolean> {
  return (await run(`SELECT 1 FROM (${objects}) AS found LIMIT 1`, [schema])).length > 0;
}

/** Drops all objects in a schema. The schema stays, with its rights. */
export async function emptySchema(owner: Owner, schema: string): Promise<void> {
  return owner.atomically(async () => {
    // tables first: the sequence of a column is dropped with its table
    const found = await owner.run(`SELECT * FROM (${objects}) AS found ORDER BY kind = 'TABLE' DESC`, [
      schema,
    ]);
    for (const { kind, name } of found) {
      await owner.run(`DROP ${kind} IF EXISTS ${name} CASCADE`);
    }
  });
}
