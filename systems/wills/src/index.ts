import { system } from 'ashlar';
import { tables } from './tables.js';

export {
  type AdviceHit,
  type AdviceRequest,
  type AdviceResult,
  adviceIn,
  filterAdvice,
  holdBackAdvice,
} from './advice-filter.js';
export { type AdviceRule, adviceRules } from './advice-rules.js';
export { type Approval, type ApprovedText, approvedTextHash } from './approval.js';
export type { Will, WillClause } from './assembled-will.js';
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
export * from './error-codes.js';
export { type ConsentReceipt, proveReceipt, type RecordedReceipt, recordReceipt } from './receipt.js';
export type { ReceiptProfile } from './receipt-profile.js';
export { type RenderedClause, renderClause } from './render.js';
export { requireConsent } from './require-consent.js';
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
export { assembleWill, type WillRequest } from './will.js';
export { willHtml } from './will-html.js';
export { willPdf } from './will-pdf.js';

/** The system `wills`: consent under POPIA, a library of attorney-approved clauses, and an append-only event log. */
export const wills = system('wills', { tables, migrations: new URL('../migrations/', import.meta.url) });
