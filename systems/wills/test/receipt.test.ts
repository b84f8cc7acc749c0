import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  auditLogs,
  consentRecords,
  grantConsent,
  proveReceipt,
  type ReceiptProfile,
  recordEvent,
  recordReceipt,
  requireConsent,
  wills,
  withdrawConsent,
} from '@ashlar/wills';
import { newLedgerKey, type OpenLedger, openLedger, proveInclusion } from 'ashlar/ledger';
import { NotValid, verifyReceiptFile } from 'ashlar/verifier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { fresh, type OpenWills, openWills } from './support.js';

const versions = { consent_version: '1.0', privacy_policy_version: '2.0' };
const verifier = fileURLToPath(
  new URL('../../../packages/ashlar/verifier/ashlar-verify.mjs', import.meta.url),
);

const profile: ReceiptProfile = {
  controller: {
    party_id: 'urn:za:wills',
    party_name: 'Wills (Pty) Ltd',
    party_address: '1 Main Road, Polokwane, South Africa',
    party_email: 'privacy@example.org',
  },
  authority: {
    party_id: 'urn:za:inforegulator',
    party_name: 'Information Regulator (South Africa)',
    party_address: 'Johannesburg, South Africa',
  },
  privacy_notice: 'https://example.org/privacy/2.0',
  language: 'en-ZA',
  jurisdictions: ['ZA'],
  withdrawal_method: 'In the settings of the account, or by email to privacy@example.org.',
  privacy_rights: ['access', 'correction', 'deletion', 'objection'],
  validity_duration: null,
  purposes: {
    drafting: {
      purpose: 'To draft the will that the person asks for.',
      purpose_type: 'service-provision',
      pii_information: [{ pii_type: 'name', pii_optional: false }],
      collection_method: 'entered by the person',
      processing_method: 'stored and printed',
      storage_locations: ['ZA'],
      retention_period: 'P5Y',
      processing_locations: ['ZA'],
      services: ['drafting of wills'],
      recipient_third_parties: [],
    },
  },
};

describe.each(engines)('a consent receipt on $name', (engine) => {
  let open: OpenWills;
  let ledger: OpenLedger;
  let folder: string;
  let publicKey: string;
  beforeAll(async () => {
    open = await openWills(engine);
    folder = await mkdtemp(join(tmpdir(), 'ashlar-receipts-'));
    const key = newLedgerKey('wills.example.org');
    publicKey = key.publicKey;
    ledger = openLedger(open.db.engine, wills, auditLogs, {
      checkpoints: join(folder, 'checkpoints'),
      key: key.key,
    });
  });
  afterAll(async () => {
    await open.remove();
    await rm(folder, { recursive: true });
  });

  const consent = (subject_id = fresh('person')) =>
    open.db.session((s) => grantConsent(s, { subject_id, categories: ['drafting'], ...versions }));
  const receiptOf = async (record_id: string) =>
    proveReceipt(ledger, await open.db.session((s) => recordReceipt(s, { record_id, profile })));
  const verify = (text: string, key = publicKey) => verifyReceiptFile(Buffer.from(text), [key]);

  it('has the fields of ISO/IEC TS 27560, the inclusion proof and the checkpoint', async () => {
    const record = await consent();
    const text = await receiptOf(record.id);
    const { receipt, proof } = JSON.parse(text);
    expect(receipt).toMatchObject({
      receipt_metadata: { schema_version: 'ISO/IEC TS 27560:2023', receipt_id: expect.any(String) },
      header: { record_id: record.id, pii_principal_id: record.subject_id },
      pii_processing: {
        privacy_notice: profile.privacy_notice,
        privacy_notice_version: '2.0',
        language: 'en-ZA',
        purposes: [
          {
            category: 'drafting',
            purpose: expect.any(String),
            purpose_type: 'service-provision',
            lawful_basis: 'consent',
            pii_information: [{ pii_type: 'name', pii_optional: false, sensitive_pii_category: false }],
            pii_controllers: ['urn:za:wills'],
            collection_method: expect.any(String),
            processing_method: expect.any(String),
            storage_locations: ['ZA'],
            retention_period: 'P5Y',
            processing_locations: ['ZA'],
            geographic_restrictions: null,
            services: ['drafting of wills'],
            jurisdictions: ['ZA'],
            recipient_third_parties: [],
            withdrawal_method: expect.any(String),
            privacy_rights: expect.arrayContaining(['access']),
            codes_of_conduct: [],
            impact_assessment: null,
            authority_party: 'urn:za:inforegulator',
          },
        ],
      },
      party_identification: [
        { party_id: 'urn:za:wills', party_role: 'pii-controller', party_email: 'privacy@example.org' },
        { party_id: 'urn:za:inforegulator', party_role: 'authority' },
      ],
      events: [{ event_time: record.accepted_at, event_type: 'explicit', event_state: 'consent-given' }],
    });
    expect(proof).toMatch(/^c2sp\.org\/tlog-proof@v1\nextra /);
    expect(proof).toMatch(/\n\nwills\/audit_logs\n\d+\n/);
    expect(verify(text)).toMatchObject({ origin: 'wills/audit_logs', receipt });
  });

  it('states a withdrawal', async () => {
    const record = await consent();
    await open.db.session((s) => withdrawConsent(s, { subject_id: record.subject_id ?? '' }));
    const withdrawn = await open.db.get(consentRecords, record.id);
    const { receipt } = JSON.parse(await receiptOf(record.id));
    expect(receipt.events).toMatchObject([
      { event_state: 'consent-given' },
      { event_state: 'consent-withdrawn', event_time: withdrawn?.withdrawn_at },
    ]);
  });

  it('is accepted by the stand-alone verifier, and refused after any one character was changed', async () => {
    const text = await receiptOf((await consent()).id);
    const accepted: number[] = [];
    for (let at = 0; at < text.length; at++) {
      const letter = text[at] === 'x' ? 'y' : text[at] === '\n' ? ' ' : 'x';
      const changed = text.slice(0, at) + letter + text.slice(at + 1);
      try {
        verify(changed);
        accepted.push(at);
      } catch (error) {
        if (!(error instanceof NotValid)) throw error;
      }
    }
    expect(accepted.map((at) => text.slice(at - 20, at + 20))).toEqual([]);
    for (const changed of [
      `${text} `,
      ` ${text}`,
      text.slice(0, -1),
      text.replace('"drafting"', '"marketing"'),
    ])
      expect(() => verify(changed)).toThrow(NotValid);
    expect(() => verify(text, newLedgerKey('wills.example.org').publicKey)).toThrow(NotValid);
  });

  it('is valid with the event of this receipt only: rows with its hash that others wrote are refused', async () => {
    const { id: record_id } = await consent();
    const recorded = await open.db.session((s) => recordReceipt(s, { record_id, profile }));
    const { receipt } = recorded;
    const { receipt_metadata: metadata } = receipt;
    const of = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');
    const good = {
      event_type: 'consent.receipt',
      event_category: 'consent',
      resource_type: 'consent_record',
      resource_id: record_id,
      details: { receipt_id: metadata.receipt_id, receipt_sha256: of(receipt) },
    };
    const file = async (row: typeof good, of_receipt: unknown = receipt) => {
      const event = await open.db.session((s) => s.insert(auditLogs, row));
      const { proof: signed } = await proveInclusion(ledger, event);
      const end = signed.lastIndexOf('\n\n') + 2;
      const proof = `${signed.slice(0, end)}${signed.slice(end).split('\n')[0]}\n`;
      return `${JSON.stringify({ format: 'ashlar/receipt/v1', receipt: of_receipt, proof }, null, 2)}\n`;
    };
    expect(verify(await file(good))).toMatchObject({ receipt });
    const { details } = good;
    const late = { ...receipt, receipt_metadata: { ...metadata, issued_at: '2999-01-01T00:00:00.000Z' } };
    for (const forged of [
      await file({ ...good, event_type: 'note' }),
      await file({ ...good, resource_type: 'will' }),
      await file({ ...good, resource_id: crypto.randomUUID() }),
      await file({ ...good, details: { ...details, receipt_id: crypto.randomUUID() } }),
      await file({ ...good, details: { ...details, receipt_sha256: of('x') } }),
      await file({ ...good, details: { ...details, receipt_sha256: of(late) } }, late),
      await file({ ...good, details: { ...details, receipt_sha256: of(null) } }, null),
    ])
      expect(() => verify(forged)).toThrow(NotValid);
    // the service writes such an event for nobody else
    const { event_type } = good;
    const byHand = open.db.session((s) => recordEvent(s, { ...good, event_type }));
    await expect(byHand).rejects.toMatchObject({ code: 'input-invalid' });
    const other = {
      ...recorded,
      receipt: { ...receipt, header: { ...receipt.header, pii_principal_id: 'x' } },
    };
    await expect(proveReceipt(ledger, other)).rejects.toMatchObject({ code: 'input-invalid' });
  });

  it('is not valid with the proof of another receipt', async () => {
    const [one, two] = [await receiptOf((await consent()).id), await receiptOf((await consent()).id)];
    const mixed = { ...JSON.parse(one), proof: JSON.parse(two).proof };
    expect(() => verify(`${JSON.stringify(mixed, null, 2)}\n`)).toThrow(/not the one that the ledger has/);
  });

  it('is refused without a description of each category, for an unknown record, and for a blank profile', async () => {
    const { id: record_id } = await consent();
    const make = (changes: Partial<ReceiptProfile>, id = record_id) =>
      open.db.session((s) => recordReceipt(s, { record_id: id, profile: { ...profile, ...changes } }));
    await expect(make({ purposes: {} })).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('drafting'),
    });
    await expect(make({}, crypto.randomUUID())).rejects.toMatchObject({ code: 'row-not-found' });
    for (const blank of [
      { withdrawal_method: ' ' },
      { privacy_notice: 'privacy' },
      { language: 'English' },
      { jurisdictions: [] },
      { controller: { ...profile.controller, party_name: '[NAME]' } },
    ])
      await expect(make(blank)).rejects.toMatchObject({ code: 'input-invalid' });
  });

  it('is read by the program of the verifier', async () => {
    const text = await receiptOf((await consent()).id);
    const run = async (content: string) => {
      const file = join(folder, 'receipt.json');
      await writeFile(file, content);
      return new Promise<{ code: number; output: string }>((resolve) => {
        execFile(process.execPath, [verifier, 'receipt', file, '--key', publicKey], (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
        );
      });
    };
    expect(await run(text)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^valid: the receipt is entry.*It states the consent as of 20/s),
    });
    expect(await run(text.replace('Polokwane', 'Polokwana'))).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^not valid:/),
    });
  });

  it('is no consent: a service that requires consent asks for the category and the texts in force', async () => {
    const subject_id = fresh('person');
    const required = (category: string, changes = {}) =>
      open.db.read((s) => requireConsent(s, subject_id, category, { ...versions, ...changes }));
    const refused = (detail: RegExp) => ({ code: 'consent-required', detail: expect.stringMatching(detail) });
    await expect(required('drafting')).rejects.toMatchObject(refused(/never given/));
    await consent(subject_id);
    await required('drafting');
    await expect(required('marketing')).rejects.toMatchObject(refused(/never given/));
    await expect(required('constructor')).rejects.toMatchObject(refused(/never given/));
    for (const consent_version of ['1.1', '0.9', '10', '1.0-draft'])
      await expect(required('drafting', { consent_version })).rejects.toMatchObject(
        refused(/another version/),
      );
    for (const privacy_policy_version of ['10.0', '1.9'])
      await expect(required('drafting', { privacy_policy_version })).rejects.toMatchObject(
        refused(/another version/),
      );
    await open.db.session((s) => withdrawConsent(s, { subject_id }));
    await expect(required('drafting')).rejects.toMatchObject(refused(/withdrew this consent at 20/));
    await open.db.read(async (s) => {
      await expect(requireConsent(s, '', 'drafting')).rejects.toMatchObject({ code: 'consent-required' });
    });
  });
});
