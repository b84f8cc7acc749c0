import { keyAmong, type SigningKey, sign } from '../engines/postgres/session/context-key.js';
import { maySet } from '../engines/postgres/session/may-set.js';
import { scopeKeyError } from '../engines/scope-key-error.js';
import { AshlarError } from '../errors.js';
import { identifier } from '../model/names.js';
import {
  type ConnectionState,
  connectionState,
  deallocate,
  restoreState,
  stateSql,
} from './connection-state.js';
import { inOwnTransaction } from './own-transaction.js';
import type { RunIn, ToolTransactions } from './types.js';
import { nested } from './usage.js';

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
  readonly key: SigningKey | undefined;
  /** How far the clock of the server is ahead, in milliseconds. */
  readonly ahead: number;
  /** The functions that seal ledgers, as SQL. */
  readonly seals: readonly string[];
}

// as one row of texts: tools convert other types, and names of columns with capitals or underscores. A user is too strong who
// may become a role that no policy binds, or that owns a schema or a table of the guard
const facts = `
  SELECT ((extract(epoch FROM clock_timestamp()) * 1000::numeric)::bigint)::text AS now, f.oid IS NOT NULL AS known,
    s.strong, CASE WHEN s.strong THEN a.rolname::text END AS role
  FROM pg_roles u
  LEFT JOIN pg_namespace n ON n.nspname = $1::name
  CROSS JOIN LATERAL (
    SELECT coalesce(has_schema_privilege(u.oid, n.oid, 'CREATE'), false) OR EXISTS (
      SELECT FROM pg_roles r WHERE (r.rolsuper OR r.rolbypassrls) AND pg_has_role(u.oid, r.oid, 'MEMBER')
      UNION ALL
      SELECT FROM (
        SELECT n.nspowner
        UNION ALL
        SELECT c.relowner FROM pg_proc p
          JOIN pg_depend d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid AND d.classid IN ('pg_trigger'::regclass, 'pg_policy'::regclass)
          LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
          LEFT JOIN pg_policy l ON d.classid = 'pg_policy'::regclass AND l.oid = d.objid
          JOIN pg_class c ON c.oid = coalesce(t.tgrelid, l.polrelid)
        WHERE p.pronamespace = n.oid
      ) AS owners (owner)
      WHERE pg_has_role(u.oid, owner, 'MEMBER')
    ) AS strong
  ) s
  LEFT JOIN pg_proc f ON f.pronamespace = n.oid AND f.proname = 'ashlar_signing'
  LEFT JOIN pg_roles a ON a.rolname = $2::name AND a.oid <> u.oid AND pg_has_role(u.oid, a.oid, ${maySet})
    AND has_schema_privilege(a.oid, n.oid, 'USAGE')
  WHERE u.rolname = session_user`;

const keysOf = (own: string): string =>
  `SELECT s.id::text AS id, s.identity::text AS identity, s.check_value AS proof FROM ${identifier(own)}.ashlar_signing() AS s`;

// every function that seals takes the lock of sealing so
const sealsOf = `
  SELECT quote_ident(p.proname) AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = $1::name AND p.pronargs = 0 AND p.prorettype = 'text'::regtype AND p.prosecdef AND strpos(p.prosrc, 'FOR NO KEY UPDATE SKIP LOCKED') > 0
  ORDER BY 1`;

/**
 * Reads what the context of transactions depends on, in a transaction of its own.
 *
 * @throws AshlarError `database-missing` before `ashlar guard up`; `role-too-strong`; `scope-key-missing`, `scope-key-wrong`,
 *   `scope-key-absent`; `settings-invalid` for a text that is no key
 */
export function learn(
  client: ToolTransactions,
  { own, appRole, scopeKey, allowOwner }: Place,
): Promise<Learned> {
  return inOwnTransaction(client, async (run) => {
    const before = Date.now();
    const [found] = await run(facts, [own, appRole]);
    const ahead = Number(found?.now) - (before + Date.now()) / 2;
    if (found?.known !== true) throw notGuarded(own);
    if (found.strong === true && typeof found.role !== 'string' && !allowOwner) throw tooStrong(appRole);
    const keys = await run(keysOf(own), []);
    const seals = await run(sealsOf, [own]);
    return {
      role: typeof found.role === 'string' ? found.role : undefined,
      key: signingKey(keys, scopeKey),
      ahead,
      seals: seals.map(({ name }) => `SELECT ${identifier(own)}.${name}() AS state`),
    };
  });
}

const signingKey = (rows: Awaited<ReturnType<RunIn>>, scopeKey: string | undefined): Learned['key'] => {
  if (rows.length === 0) {
    // as in a dump that was restored without its keys: any SQL could set the scope
    if (scopeKey !== undefined) throw scopeKeyError('key-absent');
    return undefined;
  }
  if (scopeKey === undefined) throw scopeKeyError('key-missing');
  const keys = rows.map((row) => ({
    id: Number(row.id),
    identity: String(row.identity),
    check: String(row.proof),
  }));
  const key = keyAmong(keys, scopeKey);
  if (!key) throw scopeKeyError('key-wrong');
  return key;
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

/** A transaction that has its context. */
export interface Begun {
  /** The state of the connection before. */
  readonly before: ConnectionState;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Gives a transaction its actor and its scope, signed where the database verifies, and steps down from the owner. It is to run
 * before every other statement: the database refuses a context at once.
 *
 * @throws AshlarError `usage` in a transaction that has written already
 */
export async function begin(
  run: RunIn,
  { own }: Pick<Place, 'own'>,
  { role, key, ahead }: Pick<Learned, 'role' | 'key' | 'ahead'>,
  context: { readonly actor: string; readonly scope: string },
): Promise<Begun> {
  const settings: Readonly<Record<string, string>> = {
    // another client of a pooler may have left a value in them
    'ashlar.now': '',
    'ashlar.purging': '',
    'ashlar.actor': context.actor,
    'ashlar.scope': context.scope,
    'ashlar.token': key ? sign(key, context, Math.round(Date.now() + ahead)) : '',
    ...(role === undefined ? {} : { role }),
  };
  // as parameters: other sessions of the role can read the texts of statements
  const set = Object.keys(settings).map((name, at) => `pg_catalog.set_config('${name}', $${at + 1}, true)`);
  const [row] = await run(
    `SELECT ${stateSql} AS state, ${set.join(', ')}, (${identifier(own)}.ashlar_context(current_user)).sees IS NULL AS anonymous`,
    Object.values(settings),
  );
  const before = connectionState(row?.state);
  if (before.hasWritten) throw nested();
  await deallocate(run, before);
  return { before, settings: { ...settings, role: role ?? before.role } };
}

/**
 * Ends the work of a transaction: the connection is as it was before. COMMIT is to follow.
 *
 * @throws AshlarError `session-aborted`, `usage`
 */
export function finish(run: RunIn, { before, settings }: Begun): Promise<void> {
  return restoreState(run, before, settings);
}
