import { system } from 'ashlar';
import { tables } from './tables.js';

export { type AuditEvent, type EventPage, type EventQuery, queryEvents, recordEvent } from './audit.js';
export { type ClauseDiff, diffClause, type FieldChange } from './clause-diff.js';
export { renderTemplate } from './clause-template.js';
export {
  type ClauseChanges,
  clauseHistory,
  currentClauses,
  type NewClause,
  publishClause,
  supersedeClause,
} from './clauses.js';
export { type Consent, grantConsent, type Withdrawal, withdrawConsent } from './consent.js';
export { type ConsentState, type ConsentStatus, consentStatus } from './consent-status.js';
export { type RenderedClause, renderClause } from './render.js';
export { sampleClauses } from './sample.js';
export { type WillsSettings, willsSettings } from './settings.js';
export {
  type AuditLog,
  auditLogs,
  type Clause,
  type ClauseCategory,
  type ConsentRecord,
  clauseCategories,
  clauses,
  consentRecords,
  type RecordChange,
  recordChanges,
  type WillsSession,
  type WillType,
  willTypes,
} from './tables.js';

/** The system `wills`: consent under POPIA, a library of attorney-approved clauses, and an append-only event log. */
export const wills = system('wills', { tables, migrations: new URL('../migrations/', import.meta.url) });
