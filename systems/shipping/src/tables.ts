import type { Row } from 'ashlar';
import { audited, auditTrail, ledgered } from 'ashlar/guarantees';
import { defineJobs, type ExecutorOf } from 'ashlar/jobs';
import { z } from 'zod';
import { dollars } from './dollars.js';

/**
 * The audit trail of jobs: it records each change, with its actor and the row before and after the change. A ledger;
 * its rows stay when a job is deleted.
 */
export const jobChanges = auditTrail('job_changes', () => [ledgered()]);

/** The declaration of the jobs: batches of order lines that a carrier ships. Costs are integer cents. */
export const shipments = defineJobs('job', {
  log: 'audit_logs',
  data: z.record(z.string(), z.json()),
  result: {
    tracking_number: z.string().min(1),
    label_path: z.string().nullable(),
    cost_cents: z.int().min(0),
  },
  sums: { cost_cents: { label: 'cost', format: dollars } },
  // nothing is shipped before a person has seen how many rows it would be
  mode: 'confirm',
  // a row that keeps stopping its worker
  maxAttempts: 3,
  columns: ({ id, name, description, status, mode, ...rest }) => ({
    id,
    name,
    description,
    original_command: z.string(),
    status,
    mode,
    ...rest,
  }),
  items: () => [audited({ into: jobChanges })],
});

export const { jobs, rows: jobRows, chunks: jobChunks, log: auditLogs } = shipments.tables;

/** The tables of the system, by name. */
export const tables = { jobs, jobRows, jobChunks, auditLogs, jobChanges };

/** The type of {@link tables}. */
export type ShippingTables = typeof tables;
/** A row of `jobs`. */
export type Job = Row<typeof jobs>;
/** A row of `job_rows`. */
export type JobRow = Row<typeof jobRows>;
/** A row of `job_chunks`. */
export type JobChunk = Row<typeof jobChunks>;
/** A row of `audit_logs`. */
export type AuditLog = Row<typeof auditLogs>;
/** A row of `job_changes`. */
export type JobChange = Row<typeof jobChanges>;

/** The executor that ships a row, usually by a call to a carrier. */
export type Executor = ExecutorOf<typeof shipments>;
/** The result of shipping a row, taken from the carrier's answer: tracking number, label and cost. */
export type Shipment = Awaited<ReturnType<Executor['run']>>;
