import { AshlarError } from '../errors.js';
import { identifier } from '../model/names.js';
import type { RunIn } from './types.js';
import { ended } from './usage.js';

/** What a connection keeps beyond a transaction, as far as it decides what later statements mean. */
export interface ConnectionState {
  /** The time at which the transaction began: another one has another. */
  readonly transaction: string;
  /** Whether the transaction has written. */
  readonly hasWritten: boolean;
  readonly role: string;
  readonly settings: Readonly<Record<string, string>>;
  /** The names of cursors that outlast a transaction. */
  readonly cursors: readonly string[];
  /** The names of statements that SQL prepared, not the driver. */
  readonly statements: readonly string[];
  /** The objects of the temporary schema. */
  readonly temporary: readonly string[];
}

/** The settings that decide what a statement means. Others change how fast it is, or how long it may take. */
const settings = [
  'search_path',
  'client_encoding',
  'standard_conforming_strings',
  'backslash_quote',
  'array_nulls',
  'transform_null_equals',
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'bytea_output',
  'extra_float_digits',
  'xmlbinary',
  'xmloption',
  'row_security',
  'synchronous_commit',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'default_transaction_deferrable',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
];

const is = 'OPERATOR(pg_catalog.=)';
const names = (name: string, from: string): string =>
  `(SELECT coalesce(pg_catalog.json_agg(${name}), '[]'::pg_catalog.json) FROM pg_catalog.${from})`;

/** An SQL expression for the {@link ConnectionState}, as a text of JSON. It finds nothing by a path that SQL has set. */
export const stateSql = `pg_catalog.json_build_object(
  'transaction', extract(epoch FROM pg_catalog.transaction_timestamp())::pg_catalog.text,
  'hasWritten', pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL,
  'role', pg_catalog.current_setting('role'),
  'settings', (SELECT pg_catalog.json_object_agg(s, pg_catalog.current_setting(s)) FROM pg_catalog.unnest('{${settings.join(',')}}'::pg_catalog.text[]) AS s),
  'cursors', ${names('c.name', 'pg_cursors AS c WHERE c.is_holdable')},
  'statements', ${names('p.name', 'pg_prepared_statements AS p WHERE p.from_sql')},
  'temporary', ${names('d.objid::pg_catalog.text', `pg_depend AS d WHERE d.refclassid ${is} 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid AND d.refobjid ${is} pg_catalog.pg_my_temp_schema()`)}
)::pg_catalog.text`;

/** Reads the text of {@link stateSql}. */
export function connectionState(text: unknown): ConnectionState {
  return JSON.parse(String(text)) as ConnectionState;
}

/**
 * Has a connection forget the statements that SQL prepared: a rollback does not, and under the name of a tool's statement such a
 * one would run in its place.
 */
export async function deallocate(run: RunIn, { statements }: ConnectionState): Promise<void> {
  for (const name of statements) await run(`DEALLOCATE ${identifier(name)}`, []);
}

/**
 * Brings a connection back to the state that it had before the transaction, as the last statement before COMMIT. Until then the
 * transaction keeps its settings: its deferred triggers run at the commit.
 *
 * @param kept - the settings of the transaction, which end with it whatever SQL has set
 * @throws AshlarError `session-aborted` where a statement has failed, or the work has ended the transaction itself; `usage` where
 *   it has made temporary objects on a connection that had others
 */
export async function restoreState(
  run: RunIn,
  before: ConnectionState,
  kept: Readonly<Record<string, string>>,
): Promise<void> {
  const own = Object.entries(kept);
  // a value that is set first is that of the connection after the commit, and one that is set local after it that until then
  const after = Object.fromEntries(own.map(([name]) => [name, name === 'role' ? before.role : '']));
  const local = own.map(([name], at) => `, pg_catalog.set_config('${name}', $${at + 2}, true)`);
  const [row] = await run(
    `SELECT ${stateSql} AS state, (SELECT pg_catalog.count(pg_catalog.set_config(e.key, e.value, false))
      FROM pg_catalog.json_each_text($1::pg_catalog.json) AS e)::pg_catalog.text AS restored${local.join('')}`,
    [JSON.stringify({ ...before.settings, role: before.role, ...after }), ...own.map(([, value]) => value)],
  );
  const now = connectionState(row?.state);
  if (now.transaction !== before.transaction) throw ended();
  for (const name of now.cursors)
    if (!before.cursors.includes(name)) await run(`CLOSE ${identifier(name)}`, []);
  await deallocate(run, now);
  if (now.temporary.every((object) => before.temporary.includes(object))) return;
  if (before.temporary.length > 0) throw mixed();
  await run('DISCARD TEMP', []);
}

const mixed = (): AshlarError =>
  new AshlarError('usage', {
    message: 'The work of guarded(…) made temporary objects on a connection that had others before.',
    detail: 'Those of the transaction must not reach the next one, and the others are not Ashlar’s to drop.',
    suggestion: 'Drop them at the end of the work, or make the others inside of guarded(…), too.',
  });
