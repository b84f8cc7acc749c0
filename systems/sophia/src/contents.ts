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
 * Returns rows of a log that concern a client, each with its content. Rows from before contents were encrypted, and those of a
 * client who was erased, are returned as they are.
 *
 * @param fields - the columns of the log that a content gives; a row that has a value of its own in one of them keeps it
 */
export async function withContents<
  F extends string,
  R extends { readonly id: string } & Readonly<Record<F, unknown>>,
>(
  s: SophiaSession,
  {
    log,
    client_id,
    fields,
  }: { readonly log: ContentLog; readonly client_id: string; readonly fields: readonly F[] },
  rows: readonly R[],
): Promise<R[]> {
  const contents = new Map<string, Content>();
  for (let start = 0; start < rows.length; start += idsAtOnce) {
    const ids = rows
      .slice(start, start + idsAtOnce)
      .filter((row) => fields.every((field) => row[field] === null))
      .map(({ id }) => id);
    if (ids.length === 0) continue;
    const found = await s.query
      .selectFrom('record_contents')
      .selectAll()
      .where('log', '=', log)
      .where('client_id', '=', client_id)
      .where('id', 'in', ids)
      .execute();
    for (const { id, content } of await readable(s, found)) contents.set(id, content as Content);
  }
  return rows.map((row) => ({ ...row, ...contents.get(row.id) }));
}

const readable = async <R extends { readonly id: string; readonly content: unknown }>(
  s: SophiaSession,
  rows: readonly R[],
): Promise<readonly { readonly id: string; readonly content: unknown }[]> => {
  if (rows.length === 0) return [];
  try {
    return await s.decrypt(recordContents, rows);
  } catch (error) {
    if (!isAshlarError(error, 'scope-shredded')) throw error;
    return [];
  }
};
