import {
  createdAt,
  id,
  index,
  primaryKey,
  type Row,
  references,
  table,
  timestamp,
  unique,
  updatedAt,
} from 'ashlar';
import { appendOnly, audited, auditTrail, ledgered, lifecycle } from 'ashlar/guarantees';
import { z } from 'zod';

/** Where a job stands; `completed` and `cancelled` are final. */
export const jobStatuses = ['pending', 'running', 'paused', 'completed', 'failed', 'cancelled'] as const;
/** Where a row stands; `completed` and `skipped` are final. */
export const rowStatuses = ['pending', 'processing', 'completed', 'failed', 'skipped'] as const;
export const logLevels = ['INFO', 'WARNING', 'ERROR'] as const;
export const eventTypes = ['state_change', 'api_call', 'row_event', 'error'] as const;

const count = () => z.int().min(0).default(0);
const cents = () => z.int().min(0);
const sha256 = () => z.string().length(64);

/** Every change of a job, its totals and its cost, by whom, before and after. It stays when the job goes, in a ledger. */
export const jobChanges = auditTrail('job_changes', () => [ledgered()]);

/** A batch of rows under one command. Its counts and its cost always equal what its rows say. */
export const jobs = table(
  'jobs',
  {
    id: id(),
    name: z.string().min(1).max(200),
    description: z.string().nullable(),
    original_command: z.string(),
    status: z.enum(jobStatuses).default('pending'),
    mode: z.enum(['confirm', 'auto']).default('confirm'),
    total_rows: count(),
    processed_rows: count(),
    successful_rows: count(),
    failed_rows: count(),
    total_cost_cents: cents().nullable(),
    error_code: z.string().nullable(),
    error_message: z.string().nullable(),
    created_at: createdAt(),
    started_at: timestamp().nullable(),
    completed_at: timestamp().nullable(),
    updated_at: updatedAt(),
  },
  (c) => [
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
    audited({ into: jobChanges }),
  ],
);

/** One line of the spreadsheet: what it said, and what became of it. */
export const jobRows = table(
  'job_rows',
  {
    id: id(),
    job_id: z.uuid(),
    row_number: z.int().min(1),
    row_checksum: sha256(),
    row_data: z.record(z.string(), z.json()),
    status: z.enum(rowStatuses).default('pending'),
    tracking_number: z.string().min(1).nullable(),
    label_path: z.string().nullable(),
    cost_cents: cents().nullable(),
    error_code: z.string().nullable(),
    error_message: z.string().nullable(),
    attempts: count(),
    idempotency_key: sha256().nullable(),
    created_at: createdAt(),
    processed_at: timestamp().nullable(),
  },
  (c) => [
    unique(c.job_id, c.row_number),
    index(c.job_id, c.status),
    references(c.job_id, jobs.columns.id, { onDelete: 'cascade' }),
    lifecycle(
      c.status,
      {
        pending: ['processing', 'skipped', 'failed'],
        processing: ['completed', 'failed', 'pending'],
        failed: ['pending'],
      },
      // a line that cannot be shipped enters as failed, so that nothing is left out in silence
      { initial: ['pending', 'failed'] },
    ),
  ],
);

/** A run of rows that one worker leases at a time. `epoch` is the fencing token: each claim adds one. */
export const jobChunks = table(
  'job_chunks',
  {
    job_id: z.uuid(),
    chunk: z.int().min(1),
    lo: z.int().min(1),
    hi: z.int().min(1),
    state: z.enum(['open', 'leased', 'done']).default('open'),
    epoch: count(),
    owner: z.string().nullable(),
    lease_until: timestamp().nullable(),
    completed_rows: count(),
    failed_rows: count(),
    skipped_rows: count(),
    cost_cents: cents().default(0),
  },
  (c) => [
    primaryKey(c.job_id, c.chunk),
    references(c.job_id, jobs.columns.id, { onDelete: 'cascade' }),
    // ordered by a column that no other index has: a claim in primary key order re-reads every finished chunk
    index(c.job_id, c.lo, { name: 'job_chunks_open_idx', where: "state <> 'done'" }),
  ],
);

/** What happened to a job. While the job lives its log cannot be edited or thinned; it leaves with the job. */
export const auditLogs = table(
  'audit_logs',
  {
    id: id(),
    job_id: z.uuid(),
    timestamp: createdAt(),
    level: z.enum(logLevels),
    event_type: z.enum(eventTypes),
    message: z.string(),
    details: z.record(z.string(), z.json()).nullable(),
    row_number: z.int().min(1).nullable(),
  },
  (c) => [
    index(c.job_id, c.timestamp),
    references(c.job_id, jobs.columns.id, { onDelete: 'cascade' }),
    appendOnly({ cascade: [c.job_id] }),
  ],
);

export const tables = { jobs, jobRows, jobChunks, auditLogs, jobChanges };

export type ShippingTables = typeof tables;
export type Job = Row<typeof jobs>;
export type JobRow = Row<typeof jobRows>;
export type JobChunk = Row<typeof jobChunks>;
export type AuditLog = Row<typeof auditLogs>;
export type JobChange = Row<typeof jobChanges>;
