import { z } from 'zod';
import { gapIn } from './gaps.js';

const text = z
  .string()
  .max(2_000)
  .refine((given) => gapIn(given) === undefined, 'is blank or has a placeholder');
const texts = z.array(text).min(1);
const optional = text.nullable().default(null);

/** A party: ISO/IEC TS 27560, 6.3.6. */
const party = z.strictObject({
  party_id: text,
  party_name: text,
  party_address: text,
  party_email: optional,
  party_url: optional,
  party_phone: optional,
  party_contact: optional,
  party_type: optional,
});

/** What is processed: ISO/IEC TS 27560, 6.3.5. */
const piiInformation = z.strictObject({
  pii_type: text,
  pii_attribute_id: optional,
  pii_optional: z.boolean(),
  sensitive_pii_category: z.boolean().default(false),
  special_pii_category: z.boolean().default(false),
});

/** What a category of consent is for: ISO/IEC TS 27560, 6.3.4. */
const purpose = z.strictObject({
  purpose: text,
  purpose_type: text,
  pii_information: z.array(piiInformation).min(1),
  collection_method: text,
  processing_method: text,
  storage_locations: texts,
  retention_period: text,
  processing_locations: texts,
  geographic_restrictions: optional,
  services: texts,
  recipient_third_parties: z.array(text),
  codes_of_conduct: z.array(text).default([]),
  impact_assessment: optional,
});

/** The schema of {@link ReceiptProfile}. */
export const receiptProfile = z.strictObject({
  controller: party,
  /** The regulator: in South Africa the Information Regulator. */
  authority: party,
  /** Where the privacy notice is that the person accepted. */
  privacy_notice: z.url({ protocol: /^https?$/ }),
  /** BCP 47. */
  language: z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/),
  jurisdictions: texts,
  withdrawal_method: text,
  privacy_rights: texts,
  /** ISO 8601, for example `P2Y`; `null` for consent that lasts until it is withdrawn. */
  validity_duration: z
    .string()
    .regex(/^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?$/)
    .nullable()
    .default(null),
  purposes: z.record(z.string(), purpose),
});

/**
 * What the receipts of a service say besides the consent record: its controller and regulator, and what each category of
 * consent is for. The fields have the names of ISO/IEC TS 27560:2023.
 */
export type ReceiptProfile = z.input<typeof receiptProfile>;
