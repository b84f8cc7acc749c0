import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';

/**
 * Throws if a system declares a guarantee that this kind of engine cannot enforce.
 *
 * @throws AshlarError `guarantee-refused`
 */
export function assertGuaranteesKept(system: SystemFacts, dialect: SqlName): void {
  for (const table of Object.values(system.tables)) {
    for (const guarantee of table.guarantees) {
      const enforcement = guarantee[dialect];
      if (enforcement.level !== 'refused') continue;
      throw new AshlarError('guarantee-refused', {
        message: `${table.name} declares ${guarantee.name}, which this engine cannot enforce.`,
        detail: enforcement.why,
        suggestion: 'Choose another engine, or remove the guarantee from the table.',
      });
    }
  }
}
