import type { SelectQueryNode } from 'kysely';
import { mixed } from './beside.js';
import { commonForm, isWrittenAs } from './common-form.js';
import { comparand } from './literals.js';
import { type Output, outputsOf } from './meaning.js';
import type { Scope } from './scope.js';

/**
 * Refuses a set operation whose queries have columns of different forms. PostgreSQL converts some of them, and SQLite
 * none: the same time with three and with six digits would be two rows.
 *
 * @param scope - the names in the first query
 * @throws AshlarError `usage`
 */
export function refuseUnion(node: SelectQueryNode, scope: Scope): void {
  if (!node.setOperations?.length) return;
  const columns = outputsOf({ ...node, setOperations: [] } as SelectQueryNode, scope);
  for (const { operator, expression } of node.setOperations)
    for (const [at, output] of outputsOf(expression, scope).entries()) {
      const beside = columns[at];
      if (beside && !suits(beside, output) && !suits(output, beside))
        throw mixed(`A column of ${operator}`, [beside.meaning?.kind ?? '', output.meaning?.kind ?? '']);
    }
}

const suits = ({ meaning: one, literal }: Output, { meaning: other }: Output): boolean => {
  if (!one || !other) return true;
  const against = literal && comparand(other, literal.value);
  if (against?.form === 'exact' && against.value === literal?.value) return true;
  const form = commonForm(one, other);
  return form !== undefined && isWrittenAs(one, form) && isWrittenAs(other, form);
};
