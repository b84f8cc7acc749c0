import { AshlarError } from '../../../errors.js';
import { programEnvironment } from '../../program-environment.js';
import { parseServerUrl } from './url.js';

type Environment = Readonly<Record<string, string>>;

// libpq's variables, except the password
const libpq = /^PG(?!PASSWORD$)\w+$/i;

// URL parameters and their libpq variables (PostgreSQL manual, libpq, "Environment Variables")
const variables: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslcrl: 'PGSSLCRL',
  sslnegotiation: 'PGSSLNEGOTIATION',
  channel_binding: 'PGCHANNELBINDING',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
};

/**
 * Returns the environment variables with which pg_dump and pg_restore connect to the server of a URL. The environment
 * contains the password, because every user of the machine can read command lines.
 *
 * @param settings - server settings for the connection
 * @throws AshlarError `url-invalid`
 */
export function toolEnvironment(url: string, settings: Environment = {}): Record<string, string> {
  const { connection, database } = parseServerUrl(url);
  const { hostname, port, username, password, searchParams } = new URL(connection);
  const environment = programEnvironment(libpq);
  const given: Record<string, string> = {
    ...(hostname ? { PGHOST: decodeURIComponent(hostname).replace(/^\[(.*)\]$/, '$1') } : {}),
    ...(port ? { PGPORT: port } : {}),
    ...(username ? { PGUSER: decodeURIComponent(username) } : {}),
    ...(password ? { PGPASSWORD: decodeURIComponent(password) } : {}),
  };
  for (const [name, value] of searchParams) {
    const variable = variables[name];
    if (variable) given[variable] = value;
    if (name === 'ssl' && value === 'true') given.PGSSLMODE ??= 'verify-full';
  }
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${escaped(value)}`);
  return {
    ...environment,
    ...(process.env.PGPASSWORD && !given.PGPASSWORD ? { PGPASSWORD: process.env.PGPASSWORD } : {}),
    ...given,
    PGDATABASE: database,
    PGAPPNAME: 'ashlar',
    PGCONNECT_TIMEOUT: '15',
    PGCLIENTENCODING: 'UTF8',
    PGOPTIONS: [searchParams.get('options') ?? '', ...options].join(' ').trim(),
    // error messages are parsed, so they must be in English
    LC_ALL: 'C',
  };
}

const escaped = (value: string): string => value.replace(/[\\ ]/g, '\\$&');

/** Returns the password in environment variables, so that it can be removed from messages. */
export function passwordOf(environment: Environment): string | undefined {
  return environment.PGPASSWORD || undefined;
}

/**
 * Returns the command-line argument with which pg_dump and pg_restore connect to the database of a URL. Quoted, because
 * a name that looks like a connection string would be parsed as one.
 *
 * @throws AshlarError `url-invalid`
 */
export function databaseArgument(url: string): string {
  const { database } = parseServerUrl(url);
  if (database.includes('\0'))
    throw new AshlarError('url-invalid', { message: 'The name of the database contains NUL.' });
  return `--dbname=dbname='${database.replace(/[\\']/g, '\\$&')}'`;
}
