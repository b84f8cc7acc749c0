import { renderTemplate } from './clause-template.js';
import { currentVersion, versionOf } from './clauses.js';
import type { WillsSession } from './tables.js';

/** A clause's text, and which clause it came from: what a drafted will must keep. */
export interface RenderedClause {
  readonly clause_id: string;
  readonly code: string;
  readonly version: number;
  readonly text: string;
}

/**
 * The text of a clause with its variables filled in; of its current version, unless one is given.
 *
 * @throws AshlarError `row-not-found`; `input-invalid`, naming each variable that is missing, unknown or ill-typed
 */
export const renderClause = async (
  s: WillsSession,
  input: { readonly code: string; readonly version?: number | undefined; readonly variables: unknown },
): Promise<RenderedClause> => {
  const { code, version, variables } = input;
  const clause = version === undefined ? await currentVersion(s, code) : await versionOf(s, code, version);
  const text = renderTemplate(code, clause.template_text, clause.variables_schema, variables);
  return { clause_id: clause.id, code, version: clause.version, text };
};
