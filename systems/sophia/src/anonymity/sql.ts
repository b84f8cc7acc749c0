import type { SqlName } from 'ashlar/extend';
import { plainWordsSql } from '../plain-words.js';

/**
 * For each guarded table, the name of its guarantee and the messages of its triggers. The migrations contain these
 * messages: keep their wording.
 */
export const guards = {
  institutional_knowledge: {
    guarantee: 'names-no-client',
    named: 'institutional knowledge names a client',
    scope: 'institutional knowledge is written by sessions of every scope only',
  },
  clients: {
    guarantee: 'named-nowhere',
    named: 'a client has a name that occurs in the institutional knowledge',
    scope: 'clients are named by sessions of every scope only',
  },
} as const;

/**
 * The name of a guarded table: `institutional_knowledge` must not name a client, and `clients` must not contain a name
 * that occurs there.
 */
export type GuardedTable = keyof typeof guards;

const tags: Readonly<Record<SqlName, (row: string) => string>> = {
  // includes the keys, in case the value is an object instead of a list
  sqlite: (row) =>
    `(SELECT group_concat(iif(typeof(tag.key) = 'text', tag.key || ' ', '') || tag.value, ' § ') FROM json_each(${row}.tags) AS tag)`,
  postgres: (row) =>
    `(SELECT string_agg(tag #>> '{}', ' § ') FROM jsonb_path_query(${row}.tags, '$[*]') AS tag)`,
};

/** The searchable text of a knowledge row. The separator § is a word that no name contains. */
const searchableText = (dialect: SqlName, row: string): string =>
  [
    `${row}.category`,
    `${row}.content`,
    `coalesce(${row}.source, '')`,
    `coalesce(${tags[dialect](row)}, '')`,
  ].join(" || ' § ' || ");

const contains = { sqlite: 'instr', postgres: 'strpos' } as const;

/**
 * Returns the SQL condition that is true if, with the new row (NEW), the institutional knowledge would name a client.
 */
export function namesClient(dialect: SqlName, table: GuardedTable): string {
  const [knowledge, client] = table === 'clients' ? ['knowledge', 'NEW'] : ['NEW', 'client'];
  const other = table === 'clients' ? 'institutional_knowledge AS knowledge' : 'clients AS client';
  const text = plainWordsSql(dialect, `(${searchableText(dialect, knowledge)})`);
  const name = plainWordsSql(dialect, `${client}.name`);
  return [
    'EXISTS (',
    `  SELECT 1 FROM ${other}`,
    `  WHERE ${name} <> ' '`,
    `    AND ${contains[dialect]}(`,
    `      ${text},`,
    `      ${name}`,
    '    ) > 0',
    ')',
  ].join('\n');
}
