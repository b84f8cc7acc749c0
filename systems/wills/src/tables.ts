import {
  check,
  createdAt,
  id,
  index,
  inet,
  primaryKey,
  type Row,
  references,
  type Session,
  table,
  timestamp,
  timestamps,
} from 'ashlar';
import { appendOnly, audited, auditTrail, ledgered, partitioned, versioned } from 'ashlar/guarantees';
import { z } from 'zod';

/** The categories of clauses, by subject. */
export const clauseCategories = [
  'revocation',
  'executor',
  'beneficiary',
  'guardian',
  'trust',
  'usufruct',
  'residue',
  'witness',
  'signature',
] as const;
/** A category of clauses. */
export type ClauseCategory = (typeof clauseCategories)[number];

/** The types of will that a clause can be part of. */
export const willTypes = ['basic', 'trust', 'usufruct', 'joint'] as const;
/** A type of will. */
export type WillType = (typeof willTypes)[number];

/**
 * The audit trail of `consent_records` and `clauses`: the database records each change, with its actor and the row
 * before and after the change. A ledger.
 */
export const recordChanges = auditTrail('record_changes', () => [ledgered()]);

/**
 * The consent records: the texts and categories that a person accepted, and the times of acceptance and withdrawal. A
 * grant is a row. A withdrawal sets `withdrawn_at`, once; nothing else can change.
 */
export const consentRecords = table(
  'consent_records',
  {
    id: id(),
    subject_id: z.string().min(1).max(255).nullable(),
    consent_version: z.string().min(1).max(50),
    privacy_policy_version: z.string().min(1).max(50),
    consent_categories: z.array(z.string().min(1)).min(1),
    accepted_at: timestamp(),
    withdrawn_at: timestamp().nullable(),
    ip_address: inet().nullable(),
    user_agent: z.string().nullable(),
    created_at: createdAt(),
  },
  (c) => [
    index(c.accepted_at),
    // every consent service reads the records of one person
    index(c.subject_id, c.accepted_at),
    check('consent_records_withdrawn_after_accepted', 'withdrawn_at >= accepted_at'),
    appendOnly({ stampOnce: c.withdrawn_at }),
    audited({ into: recordChanges }),
  ],
);

/** The clause library: every version of every clause, with exactly one current version of each clause. */
export const clauses = table(
  'clauses',
  {
    id: id(),
    code: z.string().min(1).max(50),
    name: z.string().min(1).max(200),
    category: z.enum(clauseCategories),
    version: z.int32().min(1).default(1),
    is_current: z.boolean().default(true),
    previous_version_id: z.uuid().nullable(),
    template_text: z.string().min(1),
    variables_schema: z.record(z.string(), z.json()),
    will_types: z.array(z.enum(willTypes)).min(1),
    is_required: z.boolean().default(false),
    display_order: z.int32().default(0),
    approved_by: z.string().min(1).max(200),
    approved_at: timestamp(),
    approval_notes: z.string().nullable(),
    // NULL for versions that were published before approvals named their text
    approved_text_sha256: z
      .string()
      .length(64)
      .regex(/^[0-9a-f]*$/)
      .nullable(),
    ...timestamps(),
  },
  (c) => [
    index(c.category, c.is_current),
    references(c.previous_version_id, c.id),
    check('clauses_approved_text_hex', "ltrim(approved_text_sha256, '0123456789abcdef') = ''"),
    versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous_version_id }),
    audited({ into: recordChanges }),
  ],
);

/** The log of events: who did what, and when. Append-only, a ledger, partitioned by month on PostgreSQL. */
export const auditLogs = table(
  'audit_logs',
  {
    id: id(),
    created_at: createdAt(),
    event_type: z.string().min(1).max(100),
    event_category: z.string().min(1).max(50),
    user_id: z.string().min(1).max(255).nullable(),
    session_id: z.string().min(1).nullable(),
    ip_address: inet().nullable(),
    user_agent: z.string().nullable(),
    resource_type: z.string().min(1).nullable(),
    resource_id: z.string().min(1).nullable(),
    details: z.record(z.string(), z.json()).default({}),
  },
  (c) => [
    primaryKey(c.id, c.created_at),
    index(c.event_type, c.created_at),
    index(c.user_id, c.created_at),
    index(c.event_category),
    // serves the newest page without a filter
    index(c.created_at),
    partitioned(c.created_at, { by: 'month', ahead: 14 }),
    appendOnly(),
    ledgered(),
  ],
);

/** A row of `consent_records`. */
export type ConsentRecord = Row<typeof consentRecords>;
/** A row of `clauses`. */
export type Clause = Row<typeof clauses>;
/** A row of `audit_logs`. */
export type AuditLog = Row<typeof auditLogs>;
/** A row of `record_changes`. */
export type RecordChange = Row<typeof recordChanges>;

/** The tables of this system. */
export const tables = { consentRecords, clauses, auditLogs, recordChanges };

/** The type of the session that the services of this system require. */
export type WillsSession = Session<typeof tables>;
