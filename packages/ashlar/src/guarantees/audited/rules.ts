import type { TableFacts } from '../../contract/table.js';

/** The options of `audited`, resolved for the engines. */
export interface AuditedRules {
  readonly trail: TableFacts;
  readonly except: readonly string[];
}
