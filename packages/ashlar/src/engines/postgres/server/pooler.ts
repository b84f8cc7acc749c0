import { AshlarError } from '../../../errors.js';
import { literal } from '../../../model/index.js';
import { valueSettings } from '../wire/session-settings.js';
import type { PgChannel } from './pg-channel.js';

// the server shows a search_path without quotes where it needs none, and DateStyle with the order of day and month
const comparable = (name: string, value: string): string =>
  name === 'DateStyle' ? (value.split(',')[0] ?? '') : value.replace(/"([a-z_][a-z0-9_$]*)"/g, '$1');

/**
 * Throws if the settings that the connection sent in its startup packet are not in force. A pooler that ignores the
 * parameter `options` drops them without an error; statements would then look for tables in another schema and read
 * values in another format.
 *
 * @throws AshlarError `pooler-unfit`
 */
export async function assertSettings(channel: PgChannel, schema: string): Promise<void> {
  const expected = valueSettings(schema);
  const shown = expected.map(([name]) => `current_setting(${literal(name)})`).join(', ');
  const { rows } = await channel.send({ text: `SELECT ${shown}` });
  const dropped = expected.filter(
    ([name, value], i) => comparable(name, rows[0]?.[i] ?? '') !== comparable(name, value),
  );
  if (dropped.length === 0) return;
  throw new AshlarError('pooler-unfit', {
    message: 'The settings with which the connection was opened are not in force.',
    detail: `A pooler between client and server dropped these settings: ${dropped.map(([name]) => name).join(', ')}.`,
    suggestion:
      'Connect to the server directly, or set pool_mode = session in PgBouncer and give the login role these ' +
      `settings: ${dropped.map(([name, value]) => `ALTER ROLE … SET ${name} = ${name === 'search_path' ? value : literal(value)}`).join('; ')}.`,
  });
}
