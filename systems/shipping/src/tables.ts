import type { Row } from 'ashlar';
import { audited, auditTrail, ledgered } from 'ashlar/guarantees';
import { defineJobs, type ExecutorOf } from 'ashlar/jobs';
import { z } from 'zod';
import { dollars } from './dollars.js';

/** Every change of a job, with its actor and its row before and after. It stays when the job is deleted, in a ledger. */
export const jobChanges = auditTrail('job_changes', () => [ledgered()]);

/** Batches of order lines that a carrier ships. Costs are integer cents. */
export const shipments = defineJobs('job', {
  log: 'audit_logs',
  data: z.record(z.string(), z.json()),
  result: {
    tracking_number: z.string().min(1),
    label_path: z.string().nullable(),
    cost_cents: z.int().min(0),
  },
  sums: { cost_cents: { label: 'cost', format: dollars } },
  columns: ({ id, name, description, status, ...rest }) => ({
    id,
    name,
    description,
    original_command: z.string(),
    status,
    mode: z.enum(['confirm', 'auto']).default('confirm'),
    ...rest,
  }),
  items: () => [audited({ into: jobChanges })],
});

export const { jobs, rows: jobRows, chunks: jobChunks, log: auditLogs } = shipments.tables;

export const tables = { jobs, jobRows, jobChunks, auditLogs, jobChanges };

export type ShippingTables = typeof tables;
export type Job = Row<typeof jobs>;
export type JobRow = Row<typeof jobRows>;
export type JobChunk = Row<typeof jobChunks>;
export type AuditLog = Row<typeof auditLogs>;
export type JobChange = Row<typeof jobChanges>;

/** What ships a row: usually a call to a carrier. */
export type Executor = ExecutorOf<typeof shipments>;
/** What a carrier's answer leaves on a row. */
export type Shipment = Awaited<ReturnType<Executor['run']>>;
