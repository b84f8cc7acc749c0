import { AshlarError, parseInput } from 'ashlar';
import { z } from 'zod';
import { gapIn } from './gaps.js';
import { parseIsoTime } from './iso-time.js';
import { sha256Of } from './sha256.js';

/** An attorney's approval of a clause's text. */
export interface Approval {
  readonly approved_by: string;
  /** When: in any form of ISO 8601, and not in the future. A time without an offset is South African. */
  readonly approved_at: string;
  readonly approval_notes?: string | null | undefined;
  /**
   * The SHA-256 hash of the approved text, as the attorney has it ({@link approvedTextHash}). Where it is given, the text
   * must have it. It is recorded in any case.
   */
  readonly approved_text_sha256?: string | null | undefined;
}

/** Returns the SHA-256 hash of a clause's template (FIPS 180-4, of its UTF-8), in lower-case hex. */
export function approvedTextHash(template_text: string): string {
  return sha256Of(template_text);
}

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
  approved_text_sha256: z.string().nullish(),
});

/** An approval as it is stored. */
export type StoredApproval = Omit<z.output<typeof schema>, 'approved_text_sha256'> & {
  readonly approved_text_sha256: string;
};

/**
 * Checks an approval: somebody gave it, at a time that is not in the future, of exactly this text.
 *
 * @param now - the time of the session
 * @throws AshlarError `input-invalid`
 */
export function checkApproval(given: Approval, template_text: string, now: string): StoredApproval {
  const approval = parseInput('Invalid approval', schema, {
    approved_by: given.approved_by,
    approved_at: given.approved_at,
    approval_notes: given.approval_notes ?? null,
    approved_text_sha256: given.approved_text_sha256,
  });
  if (approval.approved_at > now) {
    throw new AshlarError('input-invalid', {
      message: `Invalid approval: approved_at ${approval.approved_at} is in the future.`,
      suggestion: 'Pass the time at which the attorney approved the text.',
    });
  }
  const approved_text_sha256 = approvedTextHash(template_text);
  const approved = approval.approved_text_sha256?.toLowerCase() ?? approved_text_sha256;
  if (approved !== approved_text_sha256) {
    throw new AshlarError('input-invalid', {
      message: 'Invalid approval: the attorney approved another text.',
      detail: `The approved text has the SHA-256 hash ${approved.slice(0, 64)}, this text ${approved_text_sha256}.`,
      suggestion: 'Publish the text that was approved, or have this text approved.',
    });
  }
  return { ...approval, approved_text_sha256 };
}
