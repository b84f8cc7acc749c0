import type { Engine } from '../../../contract/engine.js';
import type { RunSql } from '../../../contract/sql.js';
import { identifier, literal } from '../../../model/index.js';

/** Runs statements as the user that connected: CREATEDB is not inherited through SET ROLE. */
export function asLogin<T>(server: Engine, work: (run: RunSql) => Promise<T>): Promise<T> {
  return server.asOwner(async (owner) => {
    await owner.run('SET ROLE NONE');
    return work(owner.run);
  });
}

// a CHECK that compares texts depends on encoding and locale
const kind = `SELECT to_jsonb(d) ->> 'datlocprovider' AS provider, pg_encoding_to_char(encoding) AS encoding, datcollate, datctype,
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale
FROM pg_database d WHERE datname = current_database()`;

/** Creates an empty database with the encoding and the locale of the connected one. */
export async function createEmptyDatabase(run: RunSql, name: string): Promise<void> {
  const [like] = await run(kind);
  const locale = [
    `ENCODING ${literal(String(like?.encoding))}`,
    `LC_COLLATE ${literal(String(like?.datcollate))}`,
    `LC_CTYPE ${literal(String(like?.datctype))}`,
    ...(like?.provider === 'i' ? ['LOCALE_PROVIDER icu', `ICU_LOCALE ${literal(String(like.locale))}`] : []),
    ...(like?.provider === 'b'
      ? ['LOCALE_PROVIDER builtin', `BUILTIN_LOCALE ${literal(String(like.locale))}`]
      : []),
  ];
  await run(`CREATE DATABASE ${identifier(name)} TEMPLATE template0 ${locale.join(' ')}`);
}

/** Returns the server's time, in seconds since 1970: {@link dropAbandoned} finds it in the name of a database. */
export async function serverSeconds(run: RunSql): Promise<number> {
  const [row] = await run('SELECT extract(epoch FROM now())::bigint AS seconds');
  return Number(row?.seconds);
}

/**
 * Drops databases that killed processes left: those whose name is `PREFIX_SECONDS_…`, that are older than `grace`
 * seconds, that no client uses and that the connected user may drop.
 */
export async function dropAbandoned(run: RunSql, prefix: string, grace: number): Promise<void> {
  const found = await run(
    `SELECT datname AS name FROM pg_database d
WHERE starts_with(datname, $1 || '_') AND pg_has_role(datdba, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid AND a.backend_type = 'client backend')
  AND extract(epoch FROM now()) - coalesce(substring(substr(datname, length($1) + 2) FROM '^(\\d{1,12})_'), '0')::bigint > $2`,
    [prefix, grace],
  );
  for (const { name } of found) {
    // another process may drop it at the same time
    await run(`DROP DATABASE IF EXISTS ${identifier(String(name))}`).catch(() => undefined);
  }
}

/** Returns the URL of another database of the same server. */
export function atDatabase(text: string, database: string): string {
  const url = new URL(text);
  url.pathname = `/${database}`;
  return url.href;
}
