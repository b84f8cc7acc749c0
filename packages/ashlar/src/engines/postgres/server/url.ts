import { AshlarError } from '../../../errors.js';

/** What is read of a server's URL. `connection` holds the password: it goes to the driver and nowhere else. */
export interface ServerUrl {
  readonly connection: string;
  /** For people: without password. */
  readonly shown: string;
  readonly schema: string;
  readonly database: string;
  /** Host and port, for messages. */
  readonly address: string;
}

const secrets = ['password', 'sslpassword', 'passfile'];

const invalid = (detail: string): AshlarError =>
  new AshlarError('url-invalid', {
    message: 'The PostgreSQL URL cannot be understood.',
    detail,
    suggestion:
      'Write postgres://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME; encode special characters of the password (%40 for @, %2F for /, %23 for #, %3F for ?).',
  });

/** Reads a `postgres://` URL. @throws AshlarError `url-invalid` */
export function parseServerUrl(text: string): ServerUrl {
  if (!URL.canParse(text)) throw invalid('It is not a URL.');
  const url = new URL(text);
  if (url.pathname.includes('@') || url.hash !== '') {
    throw invalid(
      'There is a "#", or an "@" behind the host: a password with / ? # or @ was pasted as it is.',
    );
  }
  const schema = url.searchParams.get('schema') ?? 'public';
  if (schema === '' || schema.includes('\0')) throw invalid('The schema has no name.');
  url.searchParams.delete('schema');
  const connection = url.href;
  const shown = new URL(text);
  shown.password = '';
  for (const secret of secrets) shown.searchParams.delete(secret);
  return {
    connection,
    shown: shown.href,
    schema,
    database: decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username),
    address: `${url.searchParams.get('host') ?? (url.hostname || 'localhost')}:${url.port || '5432'}`,
  };
}
