import { type RawBuilder, sql } from 'kysely';
import type { JobModel, JobRow, JobSession } from './model.js';

const rowsOfChunk = ({ tables }: JobModel, status: JobRow['status']): RawBuilder<unknown> => {
  const chunk = (column: string) => sql.ref(`${tables.chunks.name}.${column}`);
  return sql`from ${sql.table(tables.rows.name)} r where r.job_id = ${chunk('job_id')}
    and r.row_number between ${chunk('lo')} and ${chunk('hi')} and r.status = ${sql.lit(status)}`;
};

/**
 * Counts the failed and skipped rows of each chunk again, after rows in many chunks were changed. A worker counts its
 * own.
 */
export async function recountChunks(model: JobModel, s: JobSession, jobId: string): Promise<void> {
  const rows = (status: JobRow['status']) => sql<number>`(select count(*) ${rowsOfChunk(model, status)})`;
  await s.query
    .updateTable(model.tables.chunks.name)
    .set({ failed_rows: rows('failed'), skipped_rows: rows('skipped') })
    .where('job_id', '=', jobId)
    .execute();
}

/** The SQL condition that is true for a chunk with rows of a status. */
export function hasRows(model: JobModel, status: JobRow['status']): RawBuilder<boolean> {
  return sql<boolean>`exists (select 1 ${rowsOfChunk(model, status)})`;
}
