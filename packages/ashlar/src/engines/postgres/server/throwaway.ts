import { randomBytes } from 'node:crypto';
import type { OpenOptions } from '../../../contract/open-options.js';
import type { Owner } from '../../../contract/owner.js';
import type { RunSql } from '../../../contract/sql.js';
import { AshlarError } from '../../../errors.js';
import { identifier, literal } from '../../../model/index.js';
import { openPostgres } from './open.js';

const prefix = 'ashlar_copy_';
/** In seconds: longer than it takes to connect to one that was just made. */
const grace = 600;

// ashlar_copy_SECONDS_RANDOM: when it was made is in its name
const left = `SELECT datname AS name FROM pg_database d
WHERE starts_with(datname, '${prefix}') AND pg_has_role(datdba, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid AND a.backend_type = 'client backend')
  AND extract(epoch FROM now()) - coalesce(substring(datname FROM '^${prefix}(\\d{1,12})_'), '0')::bigint > ${grace}`;

// encoding and locale decide how texts compare, and so what a CHECK says
const kind = `SELECT to_jsonb(d) ->> 'datlocprovider' AS provider, pg_encoding_to_char(encoding) AS encoding, datcollate, datctype,
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale,
  extract(epoch FROM now())::bigint AS seconds
FROM pg_database d WHERE datname = current_database()`;

/**
 * Gives `work` an empty database on the server of a URL, and drops it afterwards. What a process left that died in
 * between is dropped by the next: a database of this name to which nobody is connected is nobody's.
 *
 * @throws AshlarError `privilege-missing` where the user may create no database; what `work` throws
 */
export const withThrowaway = async <T>(
  options: OpenOptions,
  work: (options: OpenOptions, owner: Owner) => Promise<T>,
): Promise<T> => {
  // only databases are created here: the schema of the URL need not exist
  const url = new URL(options.url);
  url.searchParams.set('schema', 'pg_catalog');
  const server = await openPostgres({ ...options, url: url.href, create: false, connections: 1 });
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
};

type Server = Awaited<ReturnType<typeof openPostgres>>;

// the right to make a database is the user's own, no role's that he may become
const asLogin = <T>(server: Server, work: (run: RunSql) => Promise<T>): Promise<T> =>
  server.asOwner(async (owner) => {
    await owner.run('SET ROLE NONE');
    return work(owner.run);
  });

const create = async (run: RunSql): Promise<string> => {
  for (const { name } of await run(left)) {
    // another may drop it at the same moment
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
        'This user may create no database, which is needed to look at a copy before anything relies on it.',
      detail:
        'The copy is restored into a database of its own on the same server, which is dropped afterwards.',
      suggestion:
        'Let a DBA give it the right (ALTER ROLE … CREATEDB), or name another server, on which it has it.',
      cause: error,
    });
  }
  return name;
};

// somebody is connected as long as it is in use
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
