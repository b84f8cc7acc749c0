import { randomBytes } from 'node:crypto';
import type { OpenOptions } from '../../../contract/open-options.js';
import type { Owner } from '../../../contract/owner.js';
import type { RunSql } from '../../../contract/sql.js';
import { AshlarError } from '../../../errors.js';
import { identifier, literal } from '../../../model/index.js';
import { openPostgres } from './open.js';

const prefix = 'ashlar_copy_';
/** Longer than it takes to connect to a new database, in seconds. */
const grace = 600;

// ashlar_copy_SECONDS_RANDOM: the name contains the time of creation
const abandoned = `SELECT datname AS name FROM pg_database d
WHERE starts_with(datname, '${prefix}') AND pg_has_role(datdba, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid AND a.backend_type = 'client backend')
  AND extract(epoch FROM now()) - coalesce(substring(datname FROM '^${prefix}(\\d{1,12})_'), '0')::bigint > ${grace}`;

// a CHECK that compares texts depends on encoding and locale
const kind = `SELECT to_jsonb(d) ->> 'datlocprovider' AS provider, pg_encoding_to_char(encoding) AS encoding, datcollate, datctype,
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale,
  extract(epoch FROM now())::bigint AS seconds
FROM pg_database d WHERE datname = current_database()`;

/**
 * Runs `work` with an empty temporary database on the server of a URL, and drops the database afterwards. Also drops
 * those of killed processes: databases with such a name that have no connection.
 *
 * @throws AshlarError `privilege-missing` if the user cannot create databases; the errors of `work`
 */
export async function withThrowaway<T>(
  options: OpenOptions,
  work: (options: OpenOptions, owner: Owner) => Promise<T>,
): Promise<T> {
  // only databases are created here: the schema of the URL need not exist
  const server = await openPostgres({ ...options, create: false, anySchema: true, connections: 1 });
  try {
    const name = await asLogin(server, (run) => create(run));
    try {
      return await inside({ ...options, url: urlOf(options.url, name) }, work);
    } finally {
      await asLogin(server, (run) => run(`DROP DATABASE IF EXISTS ${identifier(name)} WITH (FORCE)`)).catch(
        () => undefined,
      );
    }
  } finally {
    await server.close();
  }
}

type Server = Awaited<ReturnType<typeof openPostgres>>;

// CREATEDB belongs to the login role; it is not inherited through SET ROLE
const asLogin = <T>(server: Server, work: (run: RunSql) => Promise<T>): Promise<T> =>
  server.asOwner(async (owner) => {
    await owner.run('SET ROLE NONE');
    return work(owner.run);
  });

const create = async (run: RunSql): Promise<string> => {
  for (const { name } of await run(abandoned)) {
    // another process may drop it at the same time
    await run(`DROP DATABASE IF EXISTS ${identifier(String(name))}`).catch(() => undefined);
  }
  const [like] = await run(kind);
  const name = `${prefix}${like?.seconds}_${randomBytes(6).toString('hex')}`;
  const locale = [
    `ENCODING ${literal(String(like?.encoding))}`,
    `LC_COLLATE ${literal(String(like?.datcollate))}`,
    `LC_CTYPE ${literal(String(like?.datctype))}`,
    ...(like?.provider === 'i' ? ['LOCALE_PROVIDER icu', `ICU_LOCALE ${literal(String(like.locale))}`] : []),
    ...(like?.provider === 'b'
      ? ['LOCALE_PROVIDER builtin', `BUILTIN_LOCALE ${literal(String(like.locale))}`]
      : []),
  ];
  try {
    await run(`CREATE DATABASE ${identifier(name)} TEMPLATE template0 ${locale.join(' ')}`);
  } catch (error) {
    if (!(error instanceof AshlarError) || error.code !== 'privilege-missing') throw error;
    throw new AshlarError('privilege-missing', {
      message:
        'The connected user may not create the temporary database in which a copy is checked before its use.',
      detail:
        'The copy is restored into a temporary database on the same server, and the database is dropped afterwards.',
      suggestion:
        'Ask a DBA for the right to create databases (ALTER ROLE … CREATEDB), or choose a server on which the user has it.',
      cause: error,
    });
  }
  return name;
};

// an open connection marks the database as in use
const inside = async <T>(
  options: OpenOptions,
  work: (options: OpenOptions, owner: Owner) => Promise<T>,
): Promise<T> => {
  const guard = await openPostgres({ ...options, create: true, connections: 1 });
  try {
    return await guard.asOwner((owner) => work(options, owner));
  } finally {
    await guard.close();
  }
};

const urlOf = (text: string, database: string): string => {
  const url = new URL(text);
  url.pathname = `/${database}`;
  return url.href;
};
