import { renderTemplate } from './clause-template.js';
import { currentVersion, versionOf } from './clauses.js';
import type { WillsSession } from './tables.js';

/**
 * The rendered text of a clause, with the id, code and version of the clause. Store all of it with the drafted will.
 */
export interface RenderedClause {
  readonly clause_id: string;
  readonly code: string;
  readonly version: number;
  readonly text: string;
}

/**
 * Renders the current version of a clause, or the one given as `version`, with the given variables.
 *
 * @throws AshlarError `row-not-found`; `input-invalid`, which names each variable that is missing, unknown or of the
 *   wrong type
 */
export async function renderClause(
  s: WillsSession,
  input: { readonly code: string; readonly version?: number | undefined; readonly variables: unknown },
): Promise<RenderedClause> {
  const { code, version, variables } = input;
  const clause = version === undefined ? await currentVersion(s, code) : await versionOf(s, code, version);
  const text = renderTemplate(code, clause.template_text, clause.variables_schema, variables);
  return { clause_id: clause.id, code, version: clause.version, text };
}
