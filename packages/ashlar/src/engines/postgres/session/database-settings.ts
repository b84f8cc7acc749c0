import { literal } from '../../../model/index.js';
import type { Channel } from '../wire/channel.js';
import { limitSettings, type Settings, settingsOfDatabase } from '../wire/session-settings.js';

const list = (names: readonly string[]): string => names.map(literal).join(', ');

// after SET … TO DEFAULT, the source is that of the value to which RESET returns
const toDefault = settingsOfDatabase.map((name) => `SET LOCAL ${name} TO DEFAULT`);

/** The sources of values that neither the role nor a client of a pooler has given. */
const trusted = [
  ...['default', 'dynamic default', 'environment variable', 'configuration file', 'command line'],
  ...['global', 'database', 'override'],
];

const values = `
WITH given AS (
  SELECT pg_catalog.lower(pg_catalog.split_part(c, '=', 1)) AS name, pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) AS value,
    d.setdatabase <> 0 AS is_here
  FROM pg_catalog.pg_db_role_setting d, pg_catalog.unnest(d.setconfig) c
  WHERE d.setrole = 0
    AND d.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
)
SELECT s.name, CASE
    WHEN s.name IN (${list(limitSettings)}) OR s.source IN (${list(trusted)}) THEN s.reset_val
    ELSE coalesce((SELECT g.value FROM given g WHERE g.name = s.name ORDER BY g.is_here DESC LIMIT 1), s.boot_val)
  END, s.reset_val
FROM pg_catalog.pg_settings s WHERE s.name IN (${list([...settingsOfDatabase, ...limitSettings])})
ORDER BY s.name`;

/** The values of settings that depend on the database. */
export interface DatabaseSettings {
  /** Those of {@link settingsOfDatabase}. */
  readonly own: Settings;
  /** Those of {@link limitSettings} that the server knows. */
  readonly limits: Settings;
  /** Whether RESET returns to other values on the connection on which they were read. */
  readonly differ: boolean;
}

/**
 * Reads the values that the server and the database give to settings. Where the role has another value, or the client that opened
 * the connection, the value of ALTER DATABASE … SET counts, else of ALTER ROLE ALL SET, else PostgreSQL's own default.
 *
 * @param channel - a channel in a transaction, which is rolled back
 */
export async function readDatabaseSettings(channel: Channel): Promise<DatabaseSettings> {
  const { rows } = await channel.together([...toDefault, values].map((text) => ({ text })));
  const read = rows.map(([name, value, reset]) => ({ name: name ?? '', value: value ?? '', reset }));
  const of = (names: readonly string[]): Settings =>
    read.filter(({ name }) => names.includes(name)).map(({ name, value }) => [name, value] as const);
  return {
    own: of(settingsOfDatabase),
    limits: of(limitSettings),
    differ: read.some(({ value, reset }) => value !== reset),
  };
}
