import type { z } from 'zod';
import type { ColumnKind } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import type { InsertOf, RowOf, Shape, Table } from '../model/index.js';
import type { Database } from '../session/database.js';
import type { Session } from '../session/types.js';
import type { ChunkColumns, JobColumns, LogColumns, RowColumns } from './shapes.js';
import type { JobTables } from './tables.js';

/**
 * The tables of jobs of any kind, typed by the columns that all kinds have in common. The names `jobs`, `rows`,
 * `chunks` and `log` exist only in these types: at run time a table has its own name and its further columns.
 */
export type ModelTables = {
  readonly jobs: Table<'jobs', JobColumns<never>, 'id'>;
  readonly rows: Table<'rows', RowColumns<z.ZodType, Record<never, z.ZodType>>, 'id'>;
  readonly chunks: Table<'chunks', ChunkColumns<never>, 'job_id' | 'chunk'>;
  readonly log: Table<'log', LogColumns, 'id'>;
};

/** An open database with the tables of a job type. */
export type JobDatabase = Database<ModelTables>;
/** A session of a {@link JobDatabase}. */
export type JobSession = Session<ModelTables>;
/** A row of the table of jobs. */
export type Job = RowOf<JobColumns<never>>;
/** A row of the table of job rows. */
export type JobRow = RowOf<RowColumns<z.ZodType, Record<never, z.ZodType>>>;
/** The values of a job row to insert. */
export type NewJobRow = InsertOf<RowColumns<z.ZodType, Record<never, z.ZodType>>>;
/** A row of the table of chunks. */
export type JobChunk = RowOf<ChunkColumns<never>>;
/** The values of a chunk to insert. */
export type NewJobChunk = InsertOf<ChunkColumns<never>>;
/** A row of the log of jobs. */
export type LogEntry = RowOf<LogColumns>;

/** A column of the rows table that stores a part of the result of a row. */
export interface ResultColumn {
  readonly name: string;
  /** Whether every result must have a value for this column to be recorded. */
  readonly required: boolean;
  /** The SQL type, on both engines, to which the value is cast when it is recorded. */
  readonly sqlType: 'text' | 'bigint' | 'double precision' | 'boolean';
}

/**
 * The names of a summed result: `name` is its column in the rows and chunks tables, `total` its column in the jobs
 * table.
 */
export interface SumColumn {
  readonly name: string;
  readonly total: string;
}

/** A kind of job at run time: its tables, result columns, sums and limits, without the types of its declaration. */
export interface JobModel {
  readonly tables: ModelTables;
  readonly data: z.ZodType;
  readonly results: readonly ResultColumn[];
  readonly sums: readonly SumColumn[];
  readonly chunkRows: number;
  readonly leaseSeconds: number;
  readonly maxAttempts: number;
  readonly callSeconds: number;
}

/** What a declaration says beyond its tables. */
interface ModelParts {
  readonly data: z.ZodType;
  readonly result: Shape;
  readonly sums: readonly string[];
  readonly chunkRows?: number | undefined;
  readonly leaseSeconds?: number | undefined;
  readonly maxAttempts?: number | undefined;
  readonly callSeconds?: number | undefined;
}

/**
 * Converts a declaration of jobs into a {@link JobModel}. Only this function casts the types of a declaration.
 *
 * @throws AshlarError `table-invalid` for a result or a sum that cannot be recorded
 */
export function modelOf(tables: JobTables, parts: ModelParts): JobModel {
  const results = Object.entries(parts.result).map(([name, type]) => resultColumn(tables.rows, name, type));
  for (const name of parts.sums) assertSum(tables.rows, results, name);
  return {
    tables: tables as unknown as ModelTables,
    data: parts.data,
    results,
    sums: parts.sums.map((name) => ({ name, total: `total_${name}` })),
    chunkRows: Math.max(1, parts.chunkRows ?? 500),
    leaseSeconds: parts.leaseSeconds ?? 30,
    maxAttempts: parts.maxAttempts ?? 5,
    callSeconds: parts.callSeconds ?? 300,
  };
}

const sqlTypes: Partial<Record<ColumnKind, ResultColumn['sqlType']>> = {
  text: 'text',
  integer: 'bigint',
  real: 'double precision',
  boolean: 'boolean',
};

const resultColumn = (rows: Table, name: string, type: z.ZodType): ResultColumn => {
  const sqlType = sqlTypes[rows.columns[name]?.kind ?? 'json'];
  if (!sqlType || type.def.type === 'default') {
    throw invalid(
      rows,
      `the result ${name} must be text, a number or a boolean, and have no default.`,
      'Results of many rows are recorded in one statement, which supports only these types. Store times and JSON as text.',
    );
  }
  return { name, required: type.def.type !== 'nullable', sqlType };
};

const assertSum = (rows: Table, results: readonly ResultColumn[], name: string): void => {
  const result = results.find((each) => each.name === name);
  const column = rows.columns[name];
  if (result?.required && column?.kind === 'integer' && (column.rules.minimum ?? -1) >= 0) return;
  throw invalid(
    rows,
    `the sum ${name} must name a required result that is an integer of 0 or more.`,
    `Declare it in result: ${name}: z.int().min(0).`,
  );
};

const invalid = (table: Table, message: string, suggestion: string): AshlarError =>
  new AshlarError('table-invalid', { message: `Table ${table.name}: ${message}`, suggestion });
