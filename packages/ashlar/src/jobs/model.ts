import type { z } from 'zod';
import type { ColumnKind } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import type { InsertOf, RowOf, Shape, Table } from '../model/index.js';
import type { Database } from '../session/database.js';
import type { Session } from '../session/types.js';
import type { ChunkColumns, JobColumns, LogColumns, RowColumns } from './shapes.js';
import type { JobTables } from './tables.js';

/**
 * The tables of any kind of job as the services see them: the columns that all kinds have, under names that only the
 * types know. At run time a table has its own name and its further columns.
 */
export type ModelTables = {
  readonly jobs: Table<'jobs', JobColumns<never>>;
  readonly rows: Table<'rows', RowColumns<z.ZodType, Record<never, z.ZodType>>>;
  readonly chunks: Table<'chunks', ChunkColumns<never>>;
  readonly log: Table<'log', LogColumns>;
};

export type JobDatabase = Database<ModelTables>;
export type JobSession = Session<ModelTables>;
export type Job = RowOf<JobColumns<never>>;
export type JobRow = RowOf<RowColumns<z.ZodType, Record<never, z.ZodType>>>;
export type NewJobRow = InsertOf<RowColumns<z.ZodType, Record<never, z.ZodType>>>;
export type JobChunk = RowOf<ChunkColumns<never>>;
export type NewJobChunk = InsertOf<ChunkColumns<never>>;
export type LogEntry = RowOf<LogColumns>;

/** A column that the result of a row fills in. */
export interface ResultColumn {
  readonly name: string;
  /** Whether a result without it cannot be recorded. */
  readonly required: boolean;
  /** The SQL type that both engines cast a parameter to. */
  readonly sqlType: 'text' | 'bigint' | 'double precision' | 'boolean';
}

/** A column of the results that is summed up: `name` in rows and chunks, `total` in jobs. */
export interface SumColumn {
  readonly name: string;
  readonly total: string;
}

/** A kind of job as the services see it. */
export interface JobModel {
  readonly tables: ModelTables;
  readonly data: z.ZodType;
  readonly results: readonly ResultColumn[];
  readonly sums: readonly SumColumn[];
  readonly chunkRows: number;
  readonly leaseSeconds: number;
  readonly maxAttempts: number;
}

/** What a declaration says beyond its tables. */
interface ModelParts {
  readonly data: z.ZodType;
  readonly result: Shape;
  readonly sums: readonly string[];
  readonly chunkRows?: number | undefined;
  readonly leaseSeconds?: number | undefined;
  readonly maxAttempts?: number | undefined;
}

/**
 * The one place where the types of a declaration become those of the services.
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
    maxAttempts: parts.maxAttempts ?? Number.POSITIVE_INFINITY,
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
      `the result ${name} is neither text, nor a number, nor a boolean, or has a default.`,
      'Results are recorded for many rows in one statement. Keep times and JSON as text.',
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
    `the sum ${name} is not a result of whole numbers that is always given.`,
    `Declare it in result: ${name}: z.int().min(0).`,
  );
};

const invalid = (table: Table, message: string, suggestion: string): AshlarError =>
  new AshlarError('table-invalid', { message: `Table ${table.name}: ${message}`, suggestion });
