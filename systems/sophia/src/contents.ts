import { isAshlarError } from 'ashlar';
import { type RecordContent, recordContents, type SophiaSession } from './tables.js';

/** The logs whose rows have their content in `record_contents`. */
export type ContentLog = 'audit_log' | 'enrichment_log';

/** What a row of a log says of a client. */
export type Content = RecordContent['content'];

/** Stores what a row of a log says of a client, encrypted under the client's key. */
export async function storeContent(
  s: SophiaSession,
  log: ContentLog,
  { id, client_id }: { readonly id: string; readonly client_id: string },
  content: Content,
): Promise<void> {
  await s.insert(recordContents, { id, client_id, log, content });
}

// a statement has a limited number of parameters
const idsAtOnce = 500;

/**
 * Reads the contents of rows of a log, by their ids. Rows that concern no client, rows from before contents were encrypted, and
 * those of a client who was erased have none.
 */
export async function contentsOf(
  s: SophiaSession,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Content>> {
  const found = new Map<string, Content>();
  for (let start = 0; start < ids.length; start += idsAtOnce) {
    const rows = await s.query
      .selectFrom('record_contents')
      .selectAll()
      .where('id', 'in', ids.slice(start, start + idsAtOnce))
      .execute();
    for (const { id, content } of await readable(s, rows)) found.set(id, content as Content);
  }
  return found;
}

const readable = async <
  R extends { readonly id: string; readonly client_id: string; readonly content: unknown },
>(
  s: SophiaSession,
  rows: readonly R[],
): Promise<readonly { readonly id: string; readonly content: unknown }[]> => {
  const byClient = new Map<string, R[]>();
  for (const row of rows) byClient.set(row.client_id, [...(byClient.get(row.client_id) ?? []), row]);
  const all: { readonly id: string; readonly content: unknown }[] = [];
  for (const some of byClient.values()) {
    try {
      all.push(...(await s.decrypt(recordContents, some)));
    } catch (error) {
      if (!isAshlarError(error, 'scope-shredded')) throw error;
    }
  }
  return all;
};
