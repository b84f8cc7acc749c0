import type { TableFacts } from '../../contract/table.js';

/** The options of `audited`: the trail, and the columns whose values it omits. */
export interface AuditedRules {
  readonly trail: TableFacts;
  readonly except: readonly string[];
}
