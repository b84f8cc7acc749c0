import { checkValue, contextKey, sign } from '../engines/postgres/session/context-key.js';
import { scopeKeyError } from '../engines/scope-key-error.js';
import { AshlarError } from '../errors.js';
import type { RunIn, ToolTransactions } from './types.js';

/** What is fixed for one client. */
export interface Place {
  /** The schema of Ashlar's own objects. */
  readonly own: string;
  /** The role of the application, which a connection of the owner steps down to. */
  readonly appRole: string;
  /** SCOPE_KEY, 64 hex digits. */
  readonly scopeKey: string | undefined;
  /** Whether a connection of the owner that cannot step down may act all the same. */
  readonly allowOwner: boolean;
}

/** What a database says of a connection of the application. */
export interface Learned {
  /** The role to step down to, because the connected user could lift the guarantees. */
  readonly role: string | undefined;
  /** The key that signs; `undefined` where the database verifies none. */
  readonly key: { readonly id: number; readonly key: Buffer } | undefined;
  /** How far the clock of the server is ahead, in milliseconds. */
  readonly ahead: number;
  /** The functions that seal ledgers, as SQL. */
  readonly seals: readonly string[];
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

// as one row of texts: tools convert other types, and names of columns with capitals or underscores
const facts = `
  SELECT ((extract(epoch FROM pg_catalog.clock_timestamp()) * 1000::numeric)::bigint)::text AS now,
    f.oid IS NOT NULL AS known,
    s.strong, CASE WHEN s.strong THEN a.rolname::text END AS role
  FROM pg_catalog.pg_roles u
  LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1::name
  CROSS JOIN LATERAL (
    SELECT u.rolsuper OR coalesce(pg_catalog.has_schema_privilege(u.oid, n.oid, 'CREATE') OR pg_catalog.pg_has_role(u.oid, n.nspowner, 'MEMBER'), false) AS strong
  ) s
  LEFT JOIN pg_catalog.pg_proc f ON f.pronamespace = n.oid AND f.proname = 'ashlar_signing'
  LEFT JOIN pg_catalog.pg_roles a ON a.rolname = $2::name AND a.oid <> u.oid
    AND pg_catalog.pg_has_role(u.oid, a.oid, CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
    AND pg_catalog.has_schema_privilege(a.oid, n.oid, 'USAGE')
  WHERE u.rolname = session_user`;

const keysOf = (own: string): string =>
  `SELECT s.id::text AS id, s.identity::text AS identity, s.check_value AS proof FROM ${quoted(own)}.ashlar_signing() AS s`;

// every function that seals takes the lock of sealing so
const sealsOf = `
  SELECT pg_catalog.quote_ident(p.proname) AS name FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = $1::name AND p.pronargs = 0 AND p.prorettype = 'pg_catalog.text'::pg_catalog.regtype AND p.prosecdef
    AND pg_catalog.strpos(p.prosrc, 'FOR NO KEY UPDATE SKIP LOCKED') > 0
  ORDER BY 1`;

/**
 * Reads what the context of transactions depends on, in a transaction of its own.
 *
 * @throws AshlarError `database-missing` before `ashlar guard up`; `role-too-strong`; `scope-key-missing`, `scope-key-wrong`; `settings-invalid` for
 *   a text that is no key
 */
export function learn(
  client: ToolTransactions,
  { own, appRole, scopeKey, allowOwner }: Place,
): Promise<Learned> {
  return client.transaction(undefined, async (_, run) => {
    const before = Date.now();
    const [found] = await run(facts, [own, appRole]);
    const ahead = Number(found?.now) - (before + Date.now()) / 2;
    if (found?.known !== true) throw notGuarded(own);
    if (found.strong === true && typeof found.role !== 'string' && !allowOwner) throw tooStrong(appRole);
    const keys = await run(keysOf(own), []);
    const seals = await run(sealsOf, [own]);
    return {
      role: typeof found.role === 'string' ? found.role : undefined,
      key: keyAmong(keys, scopeKey),
      ahead,
      seals: seals.map(({ name }) => `SELECT ${quoted(own)}.${name}() AS state`),
    };
  });
}

const keyAmong = (rows: Awaited<ReturnType<RunIn>>, scopeKey: string | undefined): Learned['key'] => {
  if (rows.length === 0) return undefined;
  if (scopeKey === undefined) throw scopeKeyError('key-missing');
  for (const { id, identity, proof } of rows) {
    const key = contextKey(scopeKey, String(identity));
    if (checkValue(key) === proof) return { id: Number(id), key };
  }
  throw scopeKeyError('key-wrong');
};

const tooStrong = (appRole: string): AshlarError =>
  new AshlarError('role-too-strong', {
    message: `This connection can lift the guarantees, and cannot step down to ${appRole}.`,
    detail: 'The owner of the tables acts in every scope, whatever the context says.',
    suggestion: `Connect as the application’s role, or GRANT ${appRole} to the user of this connection.`,
  });

const notGuarded = (own: string): AshlarError =>
  new AshlarError('database-missing', {
    message: `This database has no guard in the schema ${own}.`,
    suggestion:
      'Run `ashlar guard up`, or name the schema of the guard: guarded(client, context, work, { own }).',
  });

/**
 * Gives a transaction its actor and its scope, signed where the database verifies, and steps down from the owner. It is to run
 * before every other statement: the database refuses a context at once.
 */
export async function setContext(
  run: RunIn,
  { own }: Pick<Place, 'own'>,
  { role, key, ahead }: Pick<Learned, 'role' | 'key' | 'ahead'>,
  context: { readonly actor: string; readonly scope: string },
): Promise<void> {
  const token = key ? sign(key, context, Math.round(Date.now() + ahead)) : '';
  // as parameters: other sessions of the role can read the texts of statements
  const settings: readonly (readonly [name: string, value: string])[] = [
    // another client of a pooler may have left a value in them
    ['ashlar.now', ''],
    ['ashlar.purging', ''],
    ['ashlar.actor', context.actor],
    ['ashlar.scope', context.scope],
    ['ashlar.token', token],
    ...(role === undefined ? [] : [['role', role] as const]),
  ];
  const set = settings.map(([name], at) => `pg_catalog.set_config('${name}', $${at + 1}, true)`);
  await run(
    `SELECT ${set.join(', ')}, (${quoted(own)}.ashlar_context(current_user)).sees IS NULL AS nobody`,
    settings.map(([, value]) => value),
  );
}

/** Whether an error, or one that it was made from, says that the database refused the context. */
export function isContextRefused(error: unknown): boolean {
  for (let each: unknown = error, depth = 0; each instanceof Error && depth < 10; each = each.cause, depth++)
    if (each.message.includes('ashlar/context: ')) return true;
  return false;
}
