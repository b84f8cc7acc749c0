import { AshlarError, parseInput } from 'ashlar';
import { z } from 'zod';
import { gapIn } from './gaps.js';
import { parseIsoTime } from './iso-time.js';
import { sha256Of } from './sha256.js';
import type { Clause } from './tables.js';

/** An attorney's approval of a clause's text. */
export interface Approval {
  readonly approved_by: string;
  /** When: in any form of ISO 8601, and not in the future. A time without an offset is South African. */
  readonly approved_at: string;
  readonly approval_notes?: string | null | undefined;
  /** The hash of what was approved, as the attorney has it ({@link approvedTextHash}): what is published must have it. */
  readonly approved_text_sha256: string;
}

/** What an attorney approves of a clause: its heading, its text, and what may be put into it. */
export type ApprovedText = Pick<Clause, 'name' | 'template_text' | 'variables_schema'>;

/**
 * Returns the SHA-256 hash of what is approved of a clause, in lower-case hex: FIPS 180-4 of the UTF-8 of the JSON array of
 * `name`, `template_text` and `variables_schema`, with the keys of objects in order.
 */
export function approvedTextHash({ name, template_text, variables_schema }: ApprovedText): string {
  return sha256Of(JSON.stringify(sorted([name, template_text, variables_schema])));
}

// PostgreSQL does not keep the order of keys
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

const text = z.string().refine((given) => gapIn(given) === undefined, 'is blank or has a placeholder');

const schema = z.object({
  approved_by: text.transform((given) => given.trim()),
  approved_at: z.string().transform((given, context) => {
    const time = parseIsoTime(given);
    if (time !== undefined) return time;
    context.addIssue({ code: 'custom', message: 'is not a time of ISO 8601 that names a day' });
    return z.NEVER;
  }),
  approval_notes: text.nullable().default(null),
  approved_text_sha256: z
    .string()
    .transform((hash) => hash.toLowerCase())
    .refine((hash) => /^[0-9a-f]{64}$/.test(hash), 'is not a SHA-256 hash in hex'),
});

/** An approval as it is stored. */
export type StoredApproval = z.output<typeof schema>;

/**
 * Checks an approval: somebody gave it, at a time that is not in the future, of exactly this text.
 *
 * @param now - the time of the session
 * @throws AshlarError `input-invalid`
 */
export function checkApproval(given: Approval, approved: ApprovedText, now: string): StoredApproval {
  const approval = parseInput('Invalid approval', schema, {
    approved_by: given.approved_by,
    approved_at: given.approved_at,
    approval_notes: given.approval_notes ?? null,
    approved_text_sha256: given.approved_text_sha256,
  });
  if (Date.parse(approval.approved_at) > Date.parse(now)) {
    throw new AshlarError('input-invalid', {
      message: `Invalid approval: approved_at ${approval.approved_at} is in the future.`,
      suggestion: 'Pass the time at which the attorney approved the text.',
    });
  }
  const published = approvedTextHash(approved);
  if (approval.approved_text_sha256 !== published) {
    throw new AshlarError('input-invalid', {
      message: 'Invalid approval: the attorney approved another text.',
      detail: `What was approved has the SHA-256 hash ${approval.approved_text_sha256}, this clause ${published}.`,
      suggestion:
        'Publish the text that was approved, or have this text approved: approvedTextHash(clause) is its hash.',
    });
  }
  return approval;
}
