import type { MovedParts } from '../../contract/bulk.js';
import type { TableFacts } from '../../contract/table.js';
import { purgesName } from './names.js';

/** What a move copies of retention: the record of purges. */
export function movedPurges(table: TableFacts, clock: string): MovedParts {
  const plain = { precision: 3, digits: undefined, generated: undefined } as const;
  // a purge records the times of the rows as they were stored
  const precision = table.columns[clock]?.precision ?? 3;
  return {
    tables: [
      {
        name: purgesName(table),
        columns: [
          { ...plain, name: 'id', kind: 'bigint', generated: 'identity' },
          { ...plain, name: 'reason', kind: 'text' },
          { ...plain, name: 'rows', kind: 'bigint' },
          { ...plain, name: 'earliest', kind: 'timestamp', precision },
          { ...plain, name: 'latest', kind: 'timestamp', precision },
          { ...plain, name: 'partition', kind: 'text' },
          { ...plain, name: 'purged_at', kind: 'timestamp' },
        ],
        primaryKey: ['id'],
      },
    ],
  };
}
