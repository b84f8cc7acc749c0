import type { Reader } from '../reader.js';
import { postgresRule, type Rule, sqliteRule, where } from './rule.js';

/** Reads up to what follows the word INDEX of a CREATE INDEX. */
const indexing = (statement: Reader): boolean => {
  if (!statement.take('CREATE')) return false;
  statement.take('UNIQUE');
  return statement.take('INDEX');
};

/** Rules about indexes and about maintenance that rewrites tables. */
export const indexRules: readonly Rule[] = [
  postgresRule({
    id: 'create-index',
    kind: 'lock',
    why: 'blocks writers while the index is built',
    instead: 'CREATE INDEX CONCURRENTLY in a step with "-- ashlar: no-transaction"',
    lock: 'ShareLock',
    find: (s) => (indexing(s) && !s.next('CONCURRENTLY') && s.skipTo('ON') ? [s.table()] : []),
  }),
  postgresRule({
    id: 'concurrently-if-not-exists',
    kind: 'form',
    why: 'also succeeds if an interrupted run has left an invalid index',
    instead: 'DROP INDEX CONCURRENTLY IF EXISTS first',
    toRows: false,
    find: where((s) => indexing(s) && s.next('CONCURRENTLY', 'IF', 'NOT', 'EXISTS')),
  }),
  postgresRule({
    id: 'concurrently-in-transaction',
    kind: 'form',
    why: 'fails, because it cannot run in the transaction of a step',
    instead: 'a step of its own with "-- ashlar: no-transaction"',
    toRows: false,
    find: where(
      (s, { mode }) =>
        mode !== 'no-transaction' &&
        (s.next('CREATE') || s.next('DROP') || s.next('REINDEX') || s.next('ALTER', 'TABLE')) &&
        s.has('CONCURRENTLY'),
    ),
  }),
  postgresRule({
    id: 'drop-index',
    kind: 'lock',
    why: 'waits for every query of its table, and meanwhile blocks readers and writers of the table',
    instead: 'DROP INDEX CONCURRENTLY in a step with "-- ashlar: no-transaction"',
    lock: 'AccessExclusiveLock',
    toRows: false,
    find: where((s) => s.take('DROP', 'INDEX') && !s.next('CONCURRENTLY')),
  }),
  postgresRule({
    id: 'reindex',
    kind: 'lock',
    why: 'blocks writers, and readers that need the index, while it is built again',
    instead: 'REINDEX … CONCURRENTLY in a step with "-- ashlar: no-transaction"',
    lock: 'ShareLock',
    toRows: false,
    find: where((s) => s.take('REINDEX') && !s.has('CONCURRENTLY')),
  }),
  postgresRule({
    id: 'rewrite-table',
    kind: 'lock',
    why: 'rewrites the table and its indexes under a lock that blocks readers',
    instead: 'plain VACUUM, which makes the space usable again; a tool that copies online shrinks the file',
    lock: 'AccessExclusiveLock',
    rewrites: true,
    toRows: false,
    find: where((s) => s.next('CLUSTER') || s.next('REPACK') || (s.take('VACUUM') && s.has('FULL'))),
  }),
  postgresRule({
    id: 'refresh-view',
    kind: 'lock',
    why: 'blocks readers of the materialized view while it is computed',
    instead: 'REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index',
    lock: 'AccessExclusiveLock',
    toRows: false,
    find: where((s) => s.take('REFRESH', 'MATERIALIZED', 'VIEW') && !s.next('CONCURRENTLY')),
  }),
  sqliteRule({
    id: 'vacuum',
    kind: 'lock',
    why: 'rewrites the whole file; writers wait',
    instead: 'PRAGMA incremental_vacuum, or a time without writers',
    toRows: false,
    find: where((s) => s.next('VACUUM')),
  }),
];
