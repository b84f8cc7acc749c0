import { parseInput } from 'ashlar';
import { z } from 'zod';
import { type AdviceRule, adviceRule, adviceRules } from './advice-rules.js';
import { recordEvent } from './audit.js';
import { sha256Of } from './sha256.js';
import type { WillsSession } from './tables.js';

const longestText = 100_000;

const request = z.strictObject({
  text: z.string().max(longestText),
  subject_id: z.string().min(1).nullish(),
  rules: z.array(adviceRule).min(1).optional(),
});

/** A text to check before it is shown to a person. */
export interface AdviceRequest {
  /** At most 100,000 characters. */
  readonly text: string;
  /** The person to whom it would be shown, for the log. */
  readonly subject_id?: string | null | undefined;
  /** The rules. Default: `adviceRules`. */
  readonly rules?: readonly AdviceRule[] | undefined;
}

/** A rule that a text matched, and the words that it matched. */
export interface AdviceHit {
  readonly rule: string;
  readonly reason: string;
  readonly words: string;
}

/** The result of {@link holdBackAdvice}: the text, or the rules that hold it back. */
export type AdviceResult =
  | { readonly released: true; readonly text: string }
  | { readonly released: false; readonly hits: readonly AdviceHit[] };

/**
 * Holds back a text that has words of legal advice, which only a legal practitioner may give (Legal Practice Act 28 of
 * 2014, section 33).
 *
 * It is a filter of words, and not a lawyer: advice in other words passes, and harmless sentences are held back. What it
 * releases is not thereby lawful, and what it holds back is for a person to read.
 *
 * Each hit is an event `advice.held` in `audit_logs`, with the rule and the hash of the text, but without the text.
 *
 * @throws AshlarError `input-invalid` for a text that is too long, or a rule that is none
 */
export async function holdBackAdvice(s: WillsSession, input: AdviceRequest): Promise<AdviceResult> {
  const { text, subject_id, rules = adviceRules } = parseInput('Invalid text to filter', request, input);
  const hits = adviceIn(text, rules);
  const text_sha256 = sha256Of(text);
  for (const { rule } of hits)
    await recordEvent(s, {
      event_type: 'advice.held',
      event_category: 'advice',
      resource_type: 'text',
      resource_id: text_sha256,
      details: { rule, text_sha256, ...(subject_id ? { subject_id } : {}) },
    });
  return hits.length === 0 ? { released: true, text } : { released: false, hits };
}

/** Returns the rules that a text matches. Nothing is logged. */
export function adviceIn(text: string, rules: readonly AdviceRule[] = adviceRules): readonly AdviceHit[] {
  const plain = plainWords(text);
  return rules.flatMap(({ id, pattern, reason }) => {
    const found = new RegExp(pattern, 'iu').exec(plain);
    return found ? [{ rule: id, reason, words: found[0] }] : [];
  });
}

/** A text as a reader sees it: compatibility forms, invisible characters, quotation marks and spaces do not matter. */
const plainWords = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/[\p{Cf}]/gu, '')
    .replace(/[‘’ʼ`´]/g, "'")
    .toLowerCase()
    .replace(/[\s\u00a0*_~]+/gu, ' ');
