import { AshlarError } from '../../../errors.js';
import { programEnvironment } from '../../program-environment.js';
import { parseServerUrl } from './url.js';

type Environment = Readonly<Record<string, string>>;

// what is libpq's, but for the password
const libpq = /^PG(?!PASSWORD$)\w+$/i;

// parameters of a URL as libpq's environment has them (PostgreSQL manual, "Environment Variables" of libpq)
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
 * What PostgreSQL's programs are to find in their environment to connect where a URL says. A password travels so, never
 * on a command line, which every user of the machine can read.
 *
 * @param settings - the server's settings for the connection
 * @throws AshlarError `url-invalid`
 */
export function toolEnvironment(url: string, settings: Environment = {}): Record<string, string> {
  const { connection, database } = parseServerUrl(url);
  const { hostname, port, username, password, searchParams } = new URL(connection);
  const environment = programEnvironment(libpq);
  const told: Record<string, string> = {
    ...(hostname ? { PGHOST: decodeURIComponent(hostname).replace(/^\[(.*)\]$/, '$1') } : {}),
    ...(port ? { PGPORT: port } : {}),
    ...(username ? { PGUSER: decodeURIComponent(username) } : {}),
    ...(password ? { PGPASSWORD: decodeURIComponent(password) } : {}),
  };
  for (const [name, value] of searchParams) {
    const variable = variables[name];
    if (variable) told[variable] = value;
    if (name === 'ssl' && value === 'true') told.PGSSLMODE ??= 'verify-full';
  }
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${escaped(value)}`);
  return {
    ...environment,
    ...(process.env.PGPASSWORD && !told.PGPASSWORD ? { PGPASSWORD: process.env.PGPASSWORD } : {}),
    ...told,
    PGDATABASE: database,
    PGAPPNAME: 'ashlar',
    PGCONNECT_TIMEOUT: '15',
    PGCLIENTENCODING: 'UTF8',
    PGOPTIONS: [searchParams.get('options') ?? '', ...options].join(' ').trim(),
    // complaints in English, which are told apart by their words
    LC_ALL: 'C',
  };
}

const escaped = (value: string): string => value.replace(/[\\ ]/g, '\\$&');

/** The password in an environment, to be kept out of what is told. */
export function passwordOf(environment: Environment): string | undefined {
  return environment.PGPASSWORD || undefined;
}

/**
 * A database's name as an argument: what looks like a connection string would be taken for one.
 *
 * @throws AshlarError `url-invalid`
 */
export function databaseArgument(url: string): string {
  const { database } = parseServerUrl(url);
  if (database.includes('\0')) throw new AshlarError('url-invalid', { message: 'The database has no name.' });
  return `--dbname=dbname='${database.replace(/[\\']/g, '\\$&')}'`;
}
