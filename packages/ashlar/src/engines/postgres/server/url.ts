import type { GuardedPlace } from '../../../contract/guards.js';
import { AshlarError } from '../../../errors.js';
import { guardRefused } from '../../../model/guard-refused.js';
import { percentDecoded } from '../../../settings/percent.js';

/** The parts of a server's URL. `connection` contains the password: pass it to the driver only. */
export interface ServerUrl {
  readonly connection: string;
  /** The URL without the password, for messages. */
  readonly shown: string;
  /** The schema of Ashlar's objects. */
  readonly schema: string;
  /** The schemas in which names are looked for: {@link schema}, and for a guard that of the tool's tables. */
  readonly path: readonly string[];
  /**
   * Whether the URL goes through a pooler that gives each transaction another connection to the server, as it says with
   * `pooled=true` or `pooled=false`; `undefined` where it does not say.
   */
  readonly pooled: boolean | undefined;
  readonly database: string;
  /** The host and port of the server, for messages. */
  readonly address: string;
}

const secrets = ['password', 'sslpassword', 'passfile'];

const invalid = (detail: string): AshlarError =>
  new AshlarError('url-invalid', {
    message: 'The PostgreSQL URL is malformed.',
    detail,
    suggestion:
      'Write postgres://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME; encode special characters of the password and of the names (%40 for @, %2F for /, %23 for #, %3F for ?, %25 for %).',
  });

/** Parses a `postgres://` URL. @throws AshlarError `url-invalid` */
export function parseServerUrl(text: string): ServerUrl {
  if (!URL.canParse(text)) throw invalid('The text is not a URL.');
  const url = new URL(text);
  if (url.pathname.includes('@') || url.hash !== '') {
    throw invalid(
      'The URL contains a "#", or an "@" after the host: special characters of the password are not encoded.',
    );
  }
  for (const part of [url.username, url.password, url.hostname, url.pathname])
    if (percentDecoded(part) === undefined)
      throw invalid('A "%" in the URL is not followed by two hex digits: write %25 for "%" itself.');
  const schema = url.searchParams.get('schema') ?? 'public';
  if (schema === '' || schema.includes('\0'))
    throw invalid('The name of the schema is empty or contains NUL.');
  url.searchParams.delete('schema');
  const pooled = url.searchParams.get('pooled') ?? undefined;
  if (pooled !== undefined && pooled !== 'true' && pooled !== 'false')
    throw invalid('The parameter "pooled" is neither true nor false.');
  url.searchParams.delete('pooled');
  const connection = url.href;
  const shown = new URL(text);
  shown.password = '';
  for (const secret of secrets) shown.searchParams.delete(secret);
  return {
    connection,
    shown: shown.href,
    schema,
    path: [schema],
    pooled: pooled === undefined ? undefined : pooled === 'true',
    database: decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username),
    address: `${url.searchParams.get('host') ?? (url.hostname || 'localhost')}:${url.port || '5432'}`,
  };
}

/**
 * Returns the parts of a URL for a guard: Ashlar's objects are in a schema of their own, beside the tool's.
 *
 * @param text - the tool's own URL; a schema in it must be the one that the guard names
 * @throws AshlarError `url-invalid`, `guard-refused`
 */
export function guardedUrl(text: string, guards: GuardedPlace | undefined): ServerUrl {
  const url = parseServerUrl(text);
  if (!guards) return url;
  const named = new URL(text).searchParams.get('schema') ?? guards.schema;
  if (named !== guards.schema)
    throw guardRefused(
      `The URL names the schema ${named}, and the guard is on tables of the schema ${guards.schema}.`,
      'Leave the schema out of the URL, or declare a guard for each schema: guard(name, { schema, own, … }).',
    );
  return { ...url, schema: guards.own, path: [guards.own, guards.schema] };
}
