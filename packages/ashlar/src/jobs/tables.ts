import type { z } from 'zod';
import type { Column } from '../contract/column.js';
import { appendOnly } from '../guarantees/append-only/append-only.js';
import { lifecycle } from '../guarantees/lifecycle/lifecycle.js';
import {
  type Columns,
  check,
  index,
  primaryKey,
  references,
  type Shape,
  type Table,
  type TableItem,
  table,
  unique,
} from '../model/index.js';
import {
  type ChunkColumns,
  chunkColumns,
  type JobColumns,
  type LogColumns,
  logColumns,
  type RowColumns,
  rowColumns,
} from './shapes.js';

/** The four tables of a kind of job: jobs, rows, chunks and log. */
export type JobTables<
  Name extends string = string,
  Log extends string = string,
  Job extends Shape = Shape,
  Row extends Shape = Shape,
  Chunk extends Shape = Shape,
> = {
  /** A job: a batch of rows. Its counts and sums always equal its rows. */
  readonly jobs: Table<`${Name}s`, Job, 'id'>;
  /** A row of a job: its data, and the result of its execution. */
  readonly rows: Table<`${Name}_rows`, Row, 'id'>;
  /** A run of rows that one worker leases at a time. `epoch` is the fencing token: each claim adds one. */
  readonly chunks: Table<`${Name}_chunks`, Chunk, 'job_id' | 'chunk'>;
  /** The events of a job. While the job exists its log cannot change; it is deleted with the job. */
  readonly log: Table<Log, LogColumns, 'id'>;
};

/** What {@link makeTables} is given. */
interface TableParts<
  Name extends string,
  Log extends string,
  Job extends JobColumns<never>,
  Data extends z.ZodType,
  Result extends Shape,
  Sum extends string,
> {
  readonly name: Name;
  readonly log: Log;
  readonly columns: Job;
  readonly items: (columns: Columns<Job>) => readonly TableItem[];
  readonly data: Data;
  readonly result: Result;
  readonly sums: readonly Sum[];
}

/** Declares the four tables of a kind of job, with their guarantees. @throws AshlarError `table-invalid` */
export function makeTables<
  const Name extends string,
  const Log extends string,
  Job extends JobColumns<never>,
  Data extends z.ZodType,
  Result extends Shape,
  Sum extends string,
>({
  name,
  log,
  columns,
  items,
  data,
  result,
  sums,
}: TableParts<Name, Log, Job, Data, Result, Sum>): JobTables<
  Name,
  Log,
  Job,
  RowColumns<Data, Result>,
  ChunkColumns<Sum>
> {
  const jobs = table(`${name}s` as const, columns, (c) => [
    index(c.status),
    index(c.created_at),
    lifecycle(
      c.status,
      {
        pending: ['running', 'cancelled'],
        running: ['paused', 'completed', 'failed', 'cancelled'],
        paused: ['running', 'cancelled'],
        failed: ['running', 'cancelled'],
      },
      { initial: 'pending' },
    ),
    // against every writer: nothing is executed before a person has seen how much it would be
    check(
      `${name}s_confirmed`,
      "mode <> 'confirm' OR confirmed_at IS NOT NULL OR status IN ('pending', 'cancelled')",
    ),
    ...items(c),
  ]);
  const ofJob = ({ job_id }: { readonly job_id: Column }) =>
    references(job_id, jobs.columns.id, { onDelete: 'cascade' });

  const rows = table(`${name}_rows` as const, rowColumns(data, result), (c) => [
    unique(c.job_id, c.row_number),
    index(c.job_id, c.status),
    ofJob(c),
    lifecycle(
      c.status,
      {
        pending: ['processing', 'skipped', 'failed'],
        processing: ['completed', 'failed', 'pending'],
        failed: ['pending'],
      },
      // a rejected row is inserted as failed, so that no row is left out silently
      { initial: ['pending', 'failed'] },
    ),
  ]);

  const chunks = table(`${name}_chunks` as const, chunkColumns(sums), (c) => [
    primaryKey(c.job_id, c.chunk),
    ofJob(c),
    // ordered by a column that no other index has: a claim in primary key order re-reads every finished chunk
    index(c.job_id, c.lo, { name: `${name}_chunks_open_idx`, where: "state <> 'done'" }),
  ]);

  const entries = table(log, logColumns(), (c) => [
    index(c.job_id, c.timestamp),
    ofJob(c),
    appendOnly({ cascade: [c.job_id] }),
  ]);

  return { jobs, rows, chunks, log: entries } as unknown as ReturnType<
    typeof makeTables<Name, Log, Job, Data, Result, Sum>
  >;
}
