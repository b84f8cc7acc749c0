import { randomUUID } from 'node:crypto';
import { AshlarError, parseInput } from 'ashlar';
import { type OpenLedger, proveInclusion, type Verifier } from 'ashlar/ledger';
import { recordEvent } from './audit.js';
import { type ReceiptProfile, receiptProfile } from './receipt-profile.js';
import { sha256Of } from './sha256.js';
import { type ConsentRecord, consentRecords, type WillsSession } from './tables.js';

/** The standard whose fields a receipt has. */
const schemaVersion = 'ISO/IEC TS 27560:2023';

/** The format of a receipt's file, which `ashlar-verify.mjs receipt` reads. */
const fileFormat = 'ashlar/receipt/v1';

/** A receipt that was recorded: its fields, and the event in `audit_logs` that has its hash. */
export interface RecordedReceipt {
  readonly receipt: ConsentReceipt;
  readonly event: { readonly id: string; readonly created_at: string };
}

/** A consent receipt with the sections and fields of ISO/IEC TS 27560:2023, clause 6. */
export type ConsentReceipt = ReturnType<typeof receiptOf>;

/**
 * Makes the receipt of a consent record, and records it: an event `consent.receipt` in `audit_logs`, which is a ledger, has
 * the hash of the receipt. {@link proveReceipt} then adds the proof.
 *
 * @param input - `profile`: what the record does not say: who the controller is, and what each category is for
 * @throws AshlarError `row-not-found`; `input-invalid` when the profile is incomplete or lacks a category of the record
 */
export async function recordReceipt(
  s: WillsSession,
  { record_id, profile: given }: { readonly record_id: string; readonly profile: ReceiptProfile },
): Promise<RecordedReceipt> {
  const profile = parseInput('Invalid receipt profile', receiptProfile, given);
  const record = await s.get(consentRecords, record_id);
  if (!record) {
    throw new AshlarError('row-not-found', {
      message: 'The consent record does not exist.',
      suggestion: 'Pass the id that grantConsent returned.',
    });
  }
  const missing = record.consent_categories.filter((category) => !Object.hasOwn(profile.purposes, category));
  if (missing.length > 0) {
    throw new AshlarError('input-invalid', {
      message: `Invalid receipt profile: it has no purpose for the category ${missing.join(', ')}.`,
      suggestion: 'Describe each category of the consent record in `purposes`.',
    });
  }
  const receipt = receiptOf(record, profile, s.now());
  const { id, created_at } = await recordEvent(s, {
    event_type: 'consent.receipt',
    event_category: 'consent',
    resource_type: 'consent_record',
    resource_id: record.id,
    details: {
      receipt_id: receipt.receipt_metadata.receipt_id,
      receipt_sha256: sha256Of(JSON.stringify(receipt)),
    },
  });
  return { receipt, event: { id, created_at } };
}

/**
 * Returns a recorded receipt as a file: the receipt, and the inclusion proof of its event with a signed checkpoint. Anyone
 * who has the public key of the ledger verifies it without the database and without Ashlar:
 * `node ashlar-verify.mjs receipt FILE --key VKEY` accepts it, and refuses it when one character was changed.
 *
 * @param ledger - that of `audit_logs`, opened with the key that signs it
 * @throws AshlarError as `proveInclusion` of `ashlar/ledger`
 *
 * @example
 * const recorded = await db.session((s) => recordReceipt(s, { record_id, profile }));
 * await writeFile('receipt.json', await proveReceipt(openLedger(db.engine, wills, auditLogs, keys), recorded));
 */
export async function proveReceipt(ledger: OpenLedger, { receipt, event }: RecordedReceipt): Promise<string> {
  const { proof } = await proveInclusion(ledger, event);
  const file = { format: fileFormat, receipt, proof: withOneSignature(proof, ledger) };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * The proof with the signature of the ledger's signer alone: a verifier has one key, and what it cannot verify could be
 * changed without being noticed.
 */
const withOneSignature = (proof: string, { signer, verifiers }: OpenLedger): string => {
  const own = signer ?? verifiers[0];
  const end = proof.lastIndexOf('\n\n') + 2;
  const signatures = proof.slice(end).split('\n');
  const mine = signatures.find((line) => own !== undefined && isBy(own, line)) ?? signatures[0] ?? '';
  return `${proof.slice(0, end)}${mine}\n`;
};

const isBy = ({ name, keyId }: Verifier, line: string): boolean => {
  const [dash, by, encoded = ''] = line.split(' ');
  return dash === '—' && by === name && Buffer.from(encoded, 'base64').subarray(0, 4).equals(keyId);
};

const receiptOf = (record: ConsentRecord, profile: ReceiptProfile, issued_at: string) => {
  const controllers = [profile.controller.party_id];
  return {
    receipt_metadata: { schema_version: schemaVersion, receipt_id: randomUUID(), issued_at },
    header: {
      schema_version: schemaVersion,
      record_id: record.id,
      pii_principal_id: record.subject_id,
    },
    pii_processing: {
      privacy_notice: profile.privacy_notice,
      privacy_notice_version: record.privacy_policy_version,
      consent_text_version: record.consent_version,
      language: profile.language,
      purposes: record.consent_categories.map((category) => ({
        category,
        lawful_basis: 'consent',
        pii_controllers: controllers,
        withdrawal_method: profile.withdrawal_method,
        privacy_rights: profile.privacy_rights,
        jurisdictions: profile.jurisdictions,
        authority_party: profile.authority.party_id,
        ...profile.purposes[category],
      })),
    },
    party_identification: [
      { ...profile.controller, party_role: 'pii-controller' },
      { ...profile.authority, party_role: 'authority' },
    ],
    events: [
      {
        event_time: record.accepted_at,
        event_type: 'explicit',
        event_state: 'consent-given',
        entity_id: record.subject_id,
        validity_duration: profile.validity_duration,
      },
      ...(record.withdrawn_at === null
        ? []
        : [
            {
              event_time: record.withdrawn_at,
              event_type: 'explicit',
              event_state: 'consent-withdrawn',
              entity_id: record.subject_id,
              validity_duration: null,
            },
          ]),
    ],
  };
};
