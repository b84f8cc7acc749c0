import type { Reader } from '../reader.js';
import { altering, everyRule, names, postgresRule, type Rule, sqliteRule } from './rule.js';

/** The table of an INSERT OR …, an UPDATE OR … or a REPLACE INTO. */
const resolving = (statement: Reader, resolution: string): readonly string[] => {
  const isReplace = resolution === 'REPLACE' && statement.take('REPLACE');
  if (!isReplace && !(statement.take('INSERT') || statement.take('UPDATE'))) return [];
  if (!isReplace && !statement.take('OR', resolution)) return [];
  statement.take('INTO');
  return [statement.table()];
};

/** Rules about rows and values that are lost. */
export const dataRules: readonly Rule[] = [
  everyRule({
    id: 'drop-table',
    kind: 'data',
    why: 'drops a table with all its rows',
    instead: 'stop using the table in one release, copy what is still needed, and drop it in a later one',
    lock: 'AccessExclusiveLock',
    find: (s) => (s.take('DROP', 'TABLE') ? names(s) : []),
  }),
  everyRule({
    id: 'drop-column',
    kind: 'data',
    why: 'drops a column with its values',
    instead: 'release a version that does not use the column first, and drop it in a later step',
    lock: 'AccessExclusiveLock',
    find: altering((action) => action.take('DROP') && (action.next('COLUMN') || !action.next('CONSTRAINT'))),
  }),
  everyRule({
    id: 'delete-all',
    kind: 'data',
    why: 'deletes every row',
    instead: 'name the rows with WHERE, and delete many rows in batches',
    lock: 'RowExclusiveLock',
    find: (s) => {
      if (!s.take('DELETE', 'FROM')) return [];
      const table = s.table();
      return s.skipTo('WHERE') ? [] : [table];
    },
  }),
  everyRule({
    id: 'update-all',
    kind: 'data',
    why: 'changes every row: the table grows, and its rows stay locked until the transaction ends',
    instead: 'change the rows in batches, in a step of code or a job',
    lock: 'RowExclusiveLock',
    find: (s) => {
      if (!s.take('UPDATE')) return [];
      if (s.take('OR')) s.skip();
      const table = s.table();
      return s.skipTo('WHERE') ? [] : [table];
    },
  }),
  sqliteRule({
    id: 'or-replace',
    kind: 'data',
    why: 'deletes the rows that stand in the way of a new one',
    instead: 'INSERT … ON CONFLICT (…) DO UPDATE, which changes the row that is there',
    find: (s) => resolving(s, 'REPLACE'),
  }),
  sqliteRule({
    id: 'or-ignore',
    kind: 'data',
    why: 'leaves out the rows that break a rule of the table, without an error',
    instead: 'INSERT … ON CONFLICT (…) DO NOTHING, which leaves out the rows with that key only',
    find: (s) => resolving(s, 'IGNORE'),
  }),
  postgresRule({
    id: 'truncate',
    kind: 'data',
    why: 'deletes every row and blocks readers',
    instead: 'delete the rows in batches, or drop a partition',
    lock: 'AccessExclusiveLock',
    find: (s) => {
      if (!s.take('TRUNCATE')) return [];
      s.take('TABLE');
      return names(s);
    },
  }),
  postgresRule({
    id: 'truncate-cascade',
    kind: 'data',
    why: 'also deletes every row of all tables that refer to the table',
    instead: 'list all tables that are to be emptied: TRUNCATE a, b',
    find: (s) => (s.take('TRUNCATE') && s.has('CASCADE') ? [''] : []),
  }),
  postgresRule({
    id: 'drop-cascade',
    kind: 'data',
    why: 'also drops everything that depends on the object: views, foreign keys, triggers, columns of the type',
    instead: 'drop what depends on it first, by name',
    toRows: false,
    find: (s) => (s.take('DROP') && !s.next('OWNED') && s.has('CASCADE') ? [''] : []),
  }),
  postgresRule({
    id: 'drop-database',
    kind: 'data',
    why: 'drops a whole database, schema, or everything that a role owns',
    instead: 'drop the objects by name',
    toRows: false,
    find: (s) =>
      s.take('DROP') && (s.next('DATABASE') || s.next('SCHEMA') || s.next('OWNED') || s.next('TABLESPACE'))
        ? ['']
        : [],
  }),
  postgresRule({
    id: 'drop-type',
    kind: 'data',
    why: 'drops a type, domain, sequence or extension; with CASCADE its columns go with it',
    instead: 'change the columns first, and drop without CASCADE',
    toRows: false,
    find: (s) =>
      s.take('DROP') && (s.next('TYPE') || s.next('DOMAIN') || s.next('EXTENSION') || s.next('SEQUENCE'))
        ? ['']
        : [],
  }),
];
