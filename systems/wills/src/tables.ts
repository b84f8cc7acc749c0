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

/** What a clause of a will is about. */
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
export type ClauseCategory = (typeof clauseCategories)[number];

/** The kinds of will a clause can stand in. */
export const willTypes = ['basic', 'trust', 'usufruct', 'joint'] as const;
export type WillType = (typeof willTypes)[number];

/** Every row of consent and clauses that was written or stamped, by whom, before and after: by the database itself, in a ledger. */
export const recordChanges = auditTrail('record_changes', () => [ledgered()]);

/** What a person accepted, when, and until when. A grant is a row; a withdrawal stamps it, once, and changes nothing else. */
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
    // every service here asks for one person's records
    index(c.subject_id, c.accepted_at),
    check('consent_records_withdrawn_after_accepted', 'withdrawn_at >= accepted_at'),
    appendOnly({ stampOnce: c.withdrawn_at }),
    audited({ into: recordChanges }),
  ],
);

/** The clause library: each version of each clause, exactly one of them current. */
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
    ...timestamps(),
  },
  (c) => [
    index(c.category, c.is_current),
    references(c.previous_version_id, c.id),
    versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous_version_id }),
    audited({ into: recordChanges }),
  ],
);

/** Who did what, when. Rows never change and never leave, which the ledger shows; their months are partitions. */
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
    // the newest page of everything
    index(c.created_at),
    partitioned(c.created_at, { by: 'month', ahead: 14 }),
    appendOnly(),
    ledgered(),
  ],
);

export type ConsentRecord = Row<typeof consentRecords>;
export type Clause = Row<typeof clauses>;
export type AuditLog = Row<typeof auditLogs>;
export type RecordChange = Row<typeof recordChanges>;

export const tables = { consentRecords, clauses, auditLogs, recordChanges };

/** A session that the services of this system run in. */
export type WillsSession = Session<typeof tables>;
