import { sql } from 'ashlar/query';
import type { Client, RecordChange, SophiaSession } from './tables.js';

/** The condition for rows of `record_changes` about a client's row, and about rows that name the client. */
export function concernsClient(id: Client['id']) {
  return sql<boolean>`((table_name = 'clients' AND row_key ->> 'id' = ${id})
    OR coalesce(after ->> 'client_id', before ->> 'client_id') = ${id})`;
}

/** Returns what the database recorded of changes of a client's dossier, oldest first. */
export function changesOf(s: SophiaSession, id: Client['id']): Promise<RecordChange[]> {
  return s.query.selectFrom('record_changes').selectAll().where(concernsClient(id)).orderBy('id').execute();
}
