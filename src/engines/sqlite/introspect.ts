import type { RunSql } from '../../table/index.js';
import type { Schema } from '../schema.js';

/** What the database holds now, in SQLite's own words. */
export const introspect = async (_run: RunSql): Promise<Schema> => ({ tables: [], functions: [] });
