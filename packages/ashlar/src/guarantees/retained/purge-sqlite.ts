import { identifier, literal } from '../../model/index.js';
import type { PurgeSql } from './range.js';
import { sqliteConditions } from './sqlite.js';

/** Retirement as SQLite says it. */
export const sqlitePurge: PurgeSql = {
  dialect: 'sqlite',
  conditions: sqliteConditions,
  // a session may have hidden a table behind a view of its name
  name: (table) => `main.${identifier(table)}`,
  moment: ({ now, dryRun }) =>
    dryRun
      ? literal(now.toISOString())
      : `min(${literal(now.toISOString())}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))`,
  open: (table) => [`INSERT INTO main.ashlar_purge (table_name) VALUES (${literal(table)})`],
  close: () => ['DELETE FROM main.ashlar_purge'],
};
