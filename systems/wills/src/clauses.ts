import { AshlarError, type Insert } from 'ashlar';
import { recordEvent } from './audit.js';
import { assertTemplate } from './clause-template.js';
import { type Clause, type ClauseCategory, clauses, type WillsSession, type WillType } from './tables.js';

/** A clause to publish. Its version and its place in the chain are the system's to give. */
export type NewClause = Omit<
  Insert<typeof clauses>,
  'id' | 'version' | 'is_current' | 'previous_version_id' | 'created_at' | 'updated_at'
>;

type Approval = Pick<NewClause, 'approved_by' | 'approved_at' | 'approval_notes'>;

/** What a new version changes; what is left out stays as it was, except the approval, which is given anew. */
export type ClauseChanges = Approval & {
  [K in keyof Omit<NewClause, 'code' | keyof Approval>]?: NewClause[K] | undefined;
};

/**
 * Publishes the first version of a clause.
 *
 * @throws AshlarError `state-conflict` when the code is taken; `input-invalid` when the template does not parse or uses
 *   a variable that its schema does not declare, or the schema cannot be checked; `value-invalid`
 */
export const publishClause = async (s: WillsSession, clause: NewClause): Promise<Clause> => {
  assertTemplate(clause.code, clause.template_text, clause.variables_schema);
  const published = await refuseTaken(s, clause.code, () =>
    s.session((inner) =>
      inner.insert(clauses, { ...clause, version: 1, is_current: true, previous_version_id: null }),
    ),
  );
  await recordEvent(s, {
    event_type: 'clause.published',
    event_category: 'clause',
    resource_type: 'clause',
    resource_id: published.id,
    details: { code: published.code, version: published.version, approved_by: published.approved_by },
  });
  return published;
};

/**
 * Makes a new version of a clause the current one. The old one is kept, linked and no longer current.
 *
 * @throws AshlarError `row-not-found` for an unknown code; `input-invalid` and `value-invalid` as `publishClause`
 */
export const supersedeClause = async (
  s: WillsSession,
  code: string,
  changes: ClauseChanges,
): Promise<Clause> => {
  const current = await lockCurrent(s, code);
  const { id: previous_version_id, created_at: _, updated_at: __, ...kept } = current;
  const given = Object.fromEntries(
    Object.entries(changes).filter(([, value]) => value !== undefined),
  ) as Approval;
  const next = { ...kept, approval_notes: null, ...given, code };
  assertTemplate(code, next.template_text, next.variables_schema);
  const superseding = await s.insert(clauses, {
    ...next,
    version: current.version + 1,
    is_current: true,
    previous_version_id,
  });
  await recordEvent(s, {
    event_type: 'clause.superseded',
    event_category: 'clause',
    resource_type: 'clause',
    resource_id: superseding.id,
    details: {
      code,
      version: superseding.version,
      previous_version_id,
      approved_by: superseding.approved_by,
    },
  });
  return superseding;
};

/** Every version of a clause, the first one first; empty for an unknown code. */
export const clauseHistory = (s: WillsSession, code: string): Promise<Clause[]> =>
  s.query.selectFrom('clauses').selectAll().where('code', '=', code).orderBy('version').execute();

/** The current clauses, of a category and fit for a will type where these are given, in the order in which a will has them. */
export const currentClauses = async (
  s: WillsSession,
  wanted: { readonly category?: ClauseCategory | undefined; readonly will_type?: WillType | undefined } = {},
): Promise<Clause[]> => {
  const { category, will_type } = wanted;
  let current = s.query.selectFrom('clauses').selectAll().where('is_current', '=', true);
  if (category !== undefined) current = current.where('category', '=', category);
  const found = await current.orderBy('display_order').orderBy('code').execute();
  // a library has hundreds of clauses at most, and engines differ in how JSON is searched
  return will_type === undefined ? found : found.filter((clause) => clause.will_types.includes(will_type));
};

/** The current version of a clause. @throws AshlarError `row-not-found` */
export const currentVersion = async (s: WillsSession, code: string): Promise<Clause> => {
  const current = await s.query
    .selectFrom('clauses')
    .selectAll()
    .where('code', '=', code)
    .where('is_current', '=', true)
    .executeTakeFirst();
  if (current) return current;
  throw new AshlarError('row-not-found', {
    message: `There is no clause ${code}.`,
    suggestion: 'Publish it first, or check the code.',
  });
};

/** One version of a clause. @throws AshlarError `row-not-found` */
export const versionOf = async (s: WillsSession, code: string, version: number): Promise<Clause> => {
  const clause = await s.query
    .selectFrom('clauses')
    .selectAll()
    .where('code', '=', code)
    .where('version', '=', version)
    .executeTakeFirst();
  if (clause) return clause;
  throw new AshlarError('row-not-found', {
    message: `The clause ${code} has no version ${version}.`,
    suggestion: 'Look at its history for the versions there are.',
  });
};

const lockCurrent = async (s: WillsSession, code: string): Promise<Clause> => {
  // version 1 is always there and never changes its id, so all who supersede this code queue at it
  await s.query
    .selectFrom('clauses')
    .select('id')
    .where('code', '=', code)
    .where('version', '=', 1)
    .forUpdate()
    .execute();
  return currentVersion(s, code);
};

const refuseTaken = async <T>(s: WillsSession, code: string, publish: () => Promise<T>): Promise<T> => {
  try {
    return await publish();
  } catch (error) {
    // which of the database's walls is met first is its own affair
    const refused =
      error instanceof AshlarError && /^(unique-violation|guarantee-violated)$/.test(error.code);
    if (!refused || (await clauseHistory(s, code)).length === 0) throw error;
    throw new AshlarError('state-conflict', {
      message: `The clause ${code} is already published.`,
      suggestion: 'Supersede it: a new version keeps and links the old one.',
      cause: error,
    });
  }
};
