import { identifier, literal } from '../../model/index.js';
import type { PurgeSql } from './range.js';
import { sqliteConditions } from './sqlite.js';

/** The SQL of a purge on SQLite. */
export const sqlitePurge: PurgeSql = {
  dialect: 'sqlite',
  conditions: sqliteConditions,
  // qualified: a session may have a temporary view of the same name
  name: (table) => `main.${identifier(table)}`,
  time: ({ now, dryRun }) =>
    dryRun
      ? literal(now.toISOString())
      : `min(${literal(now.toISOString())}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))`,
  open: (table) => [`INSERT INTO main.ashlar_purge (table_name) VALUES (${literal(table)})`],
  close: () => ['DELETE FROM main.ashlar_purge'],
};
