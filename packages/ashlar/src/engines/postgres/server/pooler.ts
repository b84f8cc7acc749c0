import { AshlarError } from '../../../errors.js';
import { literal } from '../../../model/index.js';
import { valueSettings } from '../wire/session-settings.js';
import type { PgChannel } from './pg-channel.js';
import type { ServerUrl } from './url.js';

// the server shows a search_path without quotes where it needs none, and DateStyle with the order of day and month
const comparable = (name: string, value: string): string =>
  name === 'DateStyle' ? (value.split(',')[0] ?? '') : value.replace(/"([a-z_][a-z0-9_$]*)"/g, '$1');

/**
 * Throws if a connection that was opened as to a server goes through a pooler that is unfit for that: one that dropped the
 * settings of the startup packet, so that statements would look for tables in another schema and read values in another
 * format; or one that the URL does not allow for, as the number of the server's process shows. Poolers make up that
 * number in the startup, because they pass cancel requests on.
 *
 * @throws AshlarError `pooler-unfit`
 */
export async function assertDirect(channel: PgChannel, { path, pooled }: ServerUrl): Promise<void> {
  const expected = valueSettings(path);
  const shown = expected.map(([name]) => `current_setting(${literal(name)})`).join(', ');
  const { rows } = await channel.send({ text: `SELECT ${shown}, pg_backend_pid()` });
  const dropped = expected.filter(
    ([name, value], i) => comparable(name, rows[0]?.[i] ?? '') !== comparable(name, value),
  );
  if (dropped.length > 0) throw settingsDropped(dropped);
  if (pooled === undefined && Number(rows[0]?.[expected.length]) !== channel.processId) throw otherProcess();
}

const settingsDropped = (dropped: ReturnType<typeof valueSettings>): AshlarError =>
  new AshlarError('pooler-unfit', {
    message: 'The settings with which the connection was opened are not in force.',
    detail: `A pooler between client and server dropped these settings: ${dropped.map(([name]) => name).join(', ')}.`,
    suggestion:
      'Write ?pooled=true in the URL, or connect to the server directly. With ?pooled=false the login role needs these ' +
      `settings: ${dropped.map(([name, value]) => `ALTER ROLE … SET ${name} = ${name === 'search_path' ? value : literal(value)}`).join('; ')}.`,
  });

const otherProcess = (): AshlarError =>
  new AshlarError('pooler-unfit', {
    message: 'A pooler stands between client and server.',
    detail: 'The process that answers is not the one that the startup named.',
  });

/**
 * The error of work that needs a connection of its own to the server, such as locks and changes of the schema.
 *
 * @param reason - how the pooler was detected; `undefined` where the URL says `pooled=true`
 */
export function needsDirect({ address }: ServerUrl, reason: string | undefined): AshlarError {
  return new AshlarError('pooler-unfit', {
    message: `This work needs a connection of its own to the server, and ${address} is a pooler.`,
    detail:
      reason === undefined
        ? 'The URL says pooled=true: the pooler gives each transaction another connection.'
        : `The URL does not say it, but the connection shows it. ${reason}`,
    suggestion:
      'Give the URL of the server itself: set DATABASE_MIGRATE_URL, or pass --url.' +
      (reason === undefined
        ? ''
        : ' If the pooler keeps one connection for each client (PgBouncer: pool_mode = session), write ?pooled=false in the URL.'),
  });
}
