import { isDeepStrictEqual } from 'node:util';
import { createTwoFilesPatch } from 'diff';
import { versionOf } from './clauses.js';
import type { Clause, WillsSession } from './tables.js';

/** A field whose value differs between two versions of a clause. */
export interface FieldChange {
  readonly field: keyof Clause;
  readonly from: Clause[keyof Clause];
  readonly to: Clause[keyof Clause];
}

/** The differences between two versions of a clause. */
export interface ClauseDiff {
  readonly code: string;
  readonly from: number;
  readonly to: number;
  /** The fields that differ, except `template_text`. */
  readonly fields: readonly FieldChange[];
  /** The changes to `template_text` as a unified diff; empty if the text is unchanged. */
  readonly text: string;
}

const compared = [
  'name',
  'category',
  'variables_schema',
  'will_types',
  'is_required',
  'display_order',
  'approved_by',
  'approved_at',
  'approval_notes',
] as const satisfies readonly (keyof Clause)[];

/**
 * Compares two versions of a clause. `from` may be newer than `to`.
 *
 * @throws AshlarError `row-not-found` when one of the versions does not exist
 */
export async function diffClause(
  s: WillsSession,
  code: string,
  from: number,
  to: number,
): Promise<ClauseDiff> {
  const [before, after] = [await versionOf(s, code, from), await versionOf(s, code, to)];
  return {
    code,
    from,
    to,
    fields: compared
      .filter((field) => !isDeepStrictEqual(before[field], after[field]))
      .map((field) => ({ field, from: before[field], to: after[field] })),
    text:
      before.template_text === after.template_text
        ? ''
        : createTwoFilesPatch(
            `${code} v${from}`,
            `${code} v${to}`,
            before.template_text,
            after.template_text,
          ),
  };
}
