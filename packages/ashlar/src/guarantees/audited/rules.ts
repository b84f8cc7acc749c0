import type { TableFacts } from '../../contract/table.js';

/** What the engines need to know of the options. */
export interface AuditedRules {
  readonly trail: TableFacts;
  readonly except: readonly string[];
}
