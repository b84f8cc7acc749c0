import { AshlarError } from '../../../errors.js';
import { asAshlarError } from '../wire/errors.js';
import type { ServerUrl } from './url.js';

const unreachable =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ECONNRESET|ENOENT|EACCES)$/;
const timedOut = /timeout/i;

const refused = ({ address }: ServerUrl, detail: string): AshlarError =>
  new AshlarError('connection-refused', {
    message: `No PostgreSQL server answers at ${address}.`,
    detail,
    suggestion: 'Check the host and port, and that the server is running and accepts connections.',
  });

/**
 * Translates the error of a failed connection into an AshlarError. The driver's error, which can contain the password,
 * is not its cause.
 */
export function connectError(error: unknown, url: ServerUrl): AshlarError {
  if (error instanceof AshlarError) return error;
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (unreachable.test(code)) return refused(url, code);
  if (code === '3D000') {
    return new AshlarError('database-missing', {
      message: `The server at ${url.address} has no database "${url.database}".`,
      suggestion: `Create it: CREATE DATABASE "${url.database}".`,
    });
  }
  if (code.startsWith('28') || message.startsWith('SASL')) {
    return new AshlarError('authentication-failed', {
      message: `The server at ${url.address} refused the user or the password.`,
      detail: code.startsWith('28')
        ? `SQLSTATE ${code}`
        : 'The server requires a password, and the URL has none.',
      suggestion: 'Check the user and the password in the URL.',
    });
  }
  if (code === '57P03') return refused(url, 'The server is starting up or shutting down.');
  if (code === '53300')
    return refused(
      url,
      'The server has no free connection: lower the option "connections", or raise max_connections on the server.',
    );
  if (message.includes('unsupported startup parameter')) {
    return new AshlarError('pooler-unfit', {
      message: `The pooler at ${url.address} refuses the settings in the startup packet.`,
      detail: `${message}.`,
      suggestion: 'Write ?pooled=true in the URL, or connect to the server directly.',
    });
  }
  if (timedOut.test(message)) return refused(url, 'The connection timed out.');
  // a pooler's own errors have this code
  if (code === '08P01') return refused(url, `${message}.`);
  return asAshlarError(error);
}
