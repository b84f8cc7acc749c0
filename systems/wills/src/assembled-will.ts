import { AshlarError } from 'ashlar';
import type { RenderedClause } from './render.js';
import { sha256Of } from './sha256.js';
import type { ClauseCategory, WillType } from './tables.js';

/** A clause of a will, with the version and the approval of its text. */
export interface WillClause extends RenderedClause {
  readonly name: string;
  readonly category: ClauseCategory;
  readonly approved_by: string;
  readonly approved_at: string;
  /** The hash of the clause ({@link approvedTextHash}). */
  readonly text_sha256: string;
  /** Whether the approval names this hash. Versions from before approvals named their text have an approval without one. */
  readonly is_text_approved: boolean;
}

/** A whole will as text. `willHtml` and `willPdf` print it. */
export interface Will {
  readonly will_type: WillType;
  readonly clauses: readonly WillClause[];
  /** The SHA-256 hash of what the will says: of the type, and of the headings, texts and approvals of its clauses in order. */
  readonly sha256: string;
  readonly assembled_at: string;
}

/**
 * Returns the SHA-256 hash of what a will says, in lower-case hex: FIPS 180-4 of the UTF-8 of a JSON array of the type of will
 * and, of each clause in order, an array of code, version, name, text, approved_by, approved_at and text_sha256. Joined texts
 * would not do: a text may have blank lines of its own.
 */
export function willHash({ will_type, clauses }: Pick<Will, 'will_type' | 'clauses'>): string {
  const parts = clauses.map(({ code, version, name, text, approved_by, approved_at, text_sha256 }) => [
    code,
    version,
    name,
    text,
    approved_by,
    approved_at,
    text_sha256,
  ]);
  return sha256Of(JSON.stringify([will_type, ...parts]));
}

/**
 * Asserts that a will is as it was assembled: its page names its hash, which must be that of what the page says.
 *
 * @throws AshlarError `input-invalid`
 */
export function assertAssembled(will: Will): void {
  if (willHash(will) === will.sha256) return;
  throw new AshlarError('input-invalid', {
    message: 'The will cannot be printed: it was changed after it was assembled.',
    detail: 'Its hash, which is printed and recorded, is that of another text.',
    suggestion: 'Print the will that assembleWill returned, or assemble it again.',
  });
}
