import type { Table } from '../../model/index.js';

/** What the engines need to know of the options. */
export interface AuditedRules {
  readonly trail: Table;
  readonly except: readonly string[];
}
