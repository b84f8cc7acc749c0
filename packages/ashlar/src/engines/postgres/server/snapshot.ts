import { Readable } from 'node:stream';
import type { OpenOptions } from '../../../contract/open-options.js';
import type { Snapshot } from '../../../contract/snapshot.js';
import { everyScope, identifier, literal, ownerActor } from '../../../model/index.js';
import { reporter } from '../../report.js';
import { place } from '../schema/context.js';
import type { Channel } from '../wire/channel.js';
import { decodeRows, storedForm } from '../wire/decode.js';
import { translated } from '../wire/errors.js';
import { wireValues } from '../wire/parameters.js';
import { reported } from '../wire/report.js';
import { toolEnvironment } from './pg-environment.js';
import { findTool, type RunningTool, startTool } from './pg-tools.js';
import { isBoundByRowSecurity } from './row-security.js';
import { parseServerUrl } from './url.js';

const begin = [
  'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY',
  `SET LOCAL ashlar.actor = ${literal(ownerActor)}`,
  `SET LOCAL ashlar.scope = ${literal(everyScope)}`,
  // the connection is idle while the copy runs
  'SET LOCAL idle_in_transaction_session_timeout = 0',
  'SELECT pg_export_snapshot()',
].join('; ');

// by the name: a schema that replaces another one has its name, and a number of its own
const named = `(SELECT system_identifier::text FROM pg_control_system()) || '/' ||
  (SELECT oid FROM pg_database WHERE datname = current_database()) || '/' || current_schema()`;

/** How long pg_dump waits for the lock of a table that is being altered, in milliseconds. */
const lockWait = 30_000;

/**
 * Calls `work` with a snapshot of a database on a server. pg_dump uses the exported snapshot of the transaction, so
 * reads and the copy see the same rows. No other session waits for it.
 *
 * @param channel - a connection that is used for nothing else, with the owner's role
 */
export async function serverSnapshot<T>(
  channel: Channel,
  options: OpenOptions,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const report = reporter(options.onStatement, 'postgres');
  const read: Snapshot['read'] = async (sql, parameters = []) => {
    const values = parameters.length > 0 ? { values: wireValues(parameters) } : {};
    return decodeRows(
      await reported(report, sql, () => translated(() => channel.send({ text: sql, ...values }))),
      storedForm,
    );
  };
  const { rows } = await translated(() => channel.send({ text: begin }));
  const id = rows[0]?.[0] ?? '';
  const copies: Readable[] = [];
  try {
    const where = await whereOf(read);
    return await work({
      format: 'pg-custom',
      ...where,
      read,
      count: async (table) =>
        Number((await read(`SELECT count(*) AS rows FROM ${identifier(table)}`))[0]?.rows),
      copy: () => {
        const copy = Readable.from(dumped(id, read, options), { objectMode: false });
        copies.push(copy);
        return copy;
      },
    });
  } finally {
    // the snapshot ends: abort copies that were not read to their end
    for (const copy of copies) copy.destroy();
    await channel.send({ text: 'ROLLBACK' }).catch(() => undefined);
  }
}

const whereOf = async (read: Snapshot['read']): Promise<Pick<Snapshot, 'place' | 'incarnation'>> => {
  const [found] = await read(
    `SELECT ${named} AS place, ${place} AS schema, has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE')::int AS may`,
  );
  // a promoted copy of a cluster goes on with another timeline
  const [control] =
    Number(found?.may) === 1
      ? await read('SELECT timeline_id::text AS timeline FROM pg_catalog.pg_control_checkpoint()')
      : [];
  return {
    place: String(found?.place),
    incarnation: `${String(found?.schema)}/${String(control?.timeline ?? '')}`,
  };
};

async function* dumped(id: string, read: Snapshot['read'], options: OpenOptions): AsyncIterable<Buffer> {
  const { child, ended } = await startDump(id, read, options);
  child.stdin.end();
  try {
    yield* child.stdout;
    // the output is complete only if the program ends with status 0
    await ended;
  } finally {
    child.kill('SIGKILL');
  }
}

const startDump = async (id: string, read: Snapshot['read'], options: OpenOptions): Promise<RunningTool> => {
  const [row] = await read(`SELECT current_user::text AS "role", session_user::text AS "user",
    current_setting('server_version_num')::int / 10000 AS major`);
  const { schema } = parseServerUrl(options.url);
  const isBound = await isBoundByRowSecurity(read, schema);
  const tool = await findTool('pg_dump', options, Number(row?.major));
  const args = dumpArguments({
    schema,
    snapshot: id,
    role: row?.role === row?.user ? undefined : String(row?.role),
    isBound,
  });
  return startTool(tool, args, toolEnvironment(options.url, isBound ? { 'ashlar.scope': everyScope } : {}));
};

/** Returns the command-line arguments with which pg_dump copies one schema as a snapshot shows it. */
export function dumpArguments({
  schema,
  snapshot,
  role,
  isBound,
}: {
  readonly schema: string;
  readonly snapshot: string;
  readonly role: string | undefined;
  readonly isBound: boolean;
}): readonly string[] {
  return [
    '--format=custom',
    '--compress=1',
    '--no-password',
    `--lock-wait-timeout=${lockWait}`,
    // the argument is a pattern; double quotes make it literal
    `--schema="${schema.replaceAll('"', '""')}"`,
    `--snapshot=${snapshot}`,
    ...(role === undefined ? [] : [`--role=${role}`]),
    // without this option pg_dump fails on tables with row level security
    ...(isBound ? ['--enable-row-security'] : []),
  ];
}
