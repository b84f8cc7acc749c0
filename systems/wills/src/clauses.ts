import { AshlarError, type Insert, isAshlarError } from 'ashlar';
import { type Approval, checkApproval, type StoredApproval } from './approval.js';
import { writeEvent } from './audit.js';
import { assertTemplate } from './clause-template.js';
import { type Clause, type ClauseCategory, clauses, type WillsSession, type WillType } from './tables.js';

/** A clause to publish, with its approval. The service assigns its version and its position in the chain of versions. */
export type NewClause = Omit<
  Insert<typeof clauses>,
  'id' | 'version' | 'is_current' | 'previous_version_id' | 'created_at' | 'updated_at' | keyof Approval
> &
  Approval;

/**
 * The fields in which a new version of a clause differs from the current version. Omitted fields keep their value,
 * except the approval: each version needs its own, and an omitted `approval_notes` becomes `null`.
 */
export type ClauseChanges = Approval & {
  [K in keyof Omit<NewClause, 'code' | keyof Approval>]?: NewClause[K] | undefined;
};

/**
 * Publishes the first version of a clause.
 *
 * @throws AshlarError `state-conflict` when the code is already published; `input-invalid` when the template does not
 *   parse, has a placeholder, uses a variable that the schema does not declare, or the schema cannot validate input, and
 *   when the approval is blank, in the future or of another text; `value-invalid`
 */
export async function publishClause(s: WillsSession, clause: NewClause): Promise<Clause> {
  assertTemplate(clause.code, clause.template_text, clause.variables_schema);
  const approval = checkApproval(clause, clause, s.now());
  const published = await refuseDuplicateCode(s, clause.code, () =>
    s.session((inner) =>
      inner.insert(clauses, {
        ...clause,
        ...approval,
        version: 1,
        is_current: true,
        previous_version_id: null,
      }),
    ),
  );
  await writeEvent(s, {
    event_type: 'clause.published',
    event_category: 'clause',
    resource_type: 'clause',
    resource_id: published.id,
    details: { code: published.code, version: published.version, ...approved(approval) },
  });
  return published;
}

/**
 * Publishes a new version of a clause and makes it the current one. The previous version is kept and linked.
 *
 * @throws AshlarError `row-not-found` for an unknown code; `input-invalid` and `value-invalid` as in
 *   {@link publishClause}
 */
export async function supersedeClause(
  s: WillsSession,
  code: string,
  changes: ClauseChanges,
): Promise<Clause> {
  const current = await lockCurrent(s, code);
  const { id: previous_version_id, created_at: _, updated_at: __, ...kept } = current;
  const given = Object.fromEntries(
    Object.entries(changes).filter(([, value]) => value !== undefined),
  ) as Approval;
  const next = { ...kept, ...given, code };
  assertTemplate(code, next.template_text, next.variables_schema);
  const approval = checkApproval(changes, next, s.now());
  const superseding = await s.insert(clauses, {
    ...next,
    ...approval,
    version: current.version + 1,
    is_current: true,
    previous_version_id,
  });
  await writeEvent(s, {
    event_type: 'clause.superseded',
    event_category: 'clause',
    resource_type: 'clause',
    resource_id: superseding.id,
    details: {
      code,
      version: superseding.version,
      previous_version_id,
      ...approved(approval),
    },
  });
  return superseding;
}

// who approved which text, and when
const approved = ({ approved_by, approved_at, approved_text_sha256 }: StoredApproval) => ({
  approved_by,
  approved_at,
  approved_text_sha256,
});

/** Returns every version of a clause, oldest first; empty for an unknown code. */
export function clauseHistory(s: WillsSession, code: string): Promise<Clause[]> {
  return s.query.selectFrom('clauses').selectAll().where('code', '=', code).orderBy('version').execute();
}

/**
 * Returns the current version of each clause, sorted by `display_order`. The filters select clauses of one category, of
 * one type of will, or both.
 */
export async function currentClauses(
  s: WillsSession,
  wanted: { readonly category?: ClauseCategory | undefined; readonly will_type?: WillType | undefined } = {},
): Promise<Clause[]> {
  const { category, will_type } = wanted;
  let current = s.query.selectFrom('clauses').selectAll().where('is_current', '=', true);
  if (category !== undefined) current = current.where('category', '=', category);
  const found = await current.orderBy('display_order').orderBy('code').execute();
  // filtered here: a library has hundreds of clauses at most, and the engines differ in how they search JSON
  return will_type === undefined ? found : found.filter((clause) => clause.will_types.includes(will_type));
}

/**
 * Returns the current version of a clause.
 *
 * @throws AshlarError `row-not-found`
 */
export async function currentVersion(s: WillsSession, code: string): Promise<Clause> {
  const current = await s.query
    .selectFrom('clauses')
    .selectAll()
    .where('code', '=', code)
    .where('is_current', '=', true)
    .executeTakeFirst();
  if (current) return current;
  throw new AshlarError('row-not-found', {
    message: `Clause ${code} does not exist.`,
    suggestion: 'Check the code, or publish the clause first.',
  });
}

/**
 * Returns one version of a clause.
 *
 * @throws AshlarError `row-not-found`
 */
export async function versionOf(s: WillsSession, code: string, version: number): Promise<Clause> {
  const clause = await s.query
    .selectFrom('clauses')
    .selectAll()
    .where('code', '=', code)
    .where('version', '=', version)
    .executeTakeFirst();
  if (clause) return clause;
  throw new AshlarError('row-not-found', {
    message: `Clause ${code} has no version ${version}.`,
    suggestion: 'Call clauseHistory to list its versions.',
  });
}

const lockCurrent = async (s: WillsSession, code: string): Promise<Clause> => {
  // version 1 always exists and keeps its id, so its row lock serialises all sessions that supersede this code
  await s.query
    .selectFrom('clauses')
    .select('id')
    .where('code', '=', code)
    .where('version', '=', 1)
    .forUpdate()
    .execute();
  return currentVersion(s, code);
};

const refuseDuplicateCode = async <T>(
  s: WillsSession,
  code: string,
  publish: () => Promise<T>,
): Promise<T> => {
  try {
    return await publish();
  } catch (error) {
    // which of the constraints and triggers refuses first differs between engines
    const refused = isAshlarError(error, 'unique-violation', 'guarantee-violated');
    if (!refused || error.facts.table !== 'clauses' || (await clauseHistory(s, code)).length === 0)
      throw error;
    throw new AshlarError('state-conflict', {
      message: `Clause ${code} is already published.`,
      suggestion: 'Call supersedeClause to publish a new version.',
      cause: error,
    });
  }
};
