import type { TableFacts } from '../../contract/table.js';

/** The options, resolved. */
export interface AuditedRules {
  readonly trail: TableFacts;
  readonly except: readonly string[];
}
