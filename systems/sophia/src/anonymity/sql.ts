import type { SqlName } from 'ashlar';
import { plainWordsSql } from '../plain-words.js';

/** The two tables that are held apart, and what is said when one would name the other. */
export const refusals = {
  institutional_knowledge: {
    guarantee: 'names-no-client',
    named: 'institutional knowledge names a client',
    scope: 'institutional knowledge is written by sessions of every scope only',
  },
  clients: {
    guarantee: 'named-nowhere',
    named: 'a client has a name that stands in the institutional knowledge',
    scope: 'clients are named by sessions of every scope only',
  },
} as const;

export type Side = keyof typeof refusals;

const tags: Readonly<Record<SqlName, (row: string) => string>> = {
  // the keys of what should have been a list, too
  sqlite: (row) =>
    `(SELECT group_concat(iif(typeof(tag.key) = 'text', tag.key || ' ', '') || tag.value, ' § ') FROM json_each(${row}.tags) AS tag)`,
  postgres: (row) =>
    `(SELECT string_agg(tag #>> '{}', ' § ') FROM jsonb_path_query(${row}.tags, '$[*]') AS tag)`,
};

/** All that a row of knowledge says, with a word between its fields that no name has. */
const said = (dialect: SqlName, row: string): string =>
  [
    `${row}.category`,
    `${row}.content`,
    `coalesce(${row}.source, '')`,
    `coalesce(${tags[dialect](row)}, '')`,
  ].join(" || ' § ' || ");

const contains = { sqlite: 'instr', postgres: 'strpos' } as const;

/** That a row written to one of the tables, NEW, would name a client in the knowledge. */
export const wouldName = (dialect: SqlName, side: Side): string => {
  const [knowledge, client] = side === 'clients' ? ['knowledge', 'NEW'] : ['NEW', 'client'];
  const other = side === 'clients' ? 'institutional_knowledge AS knowledge' : 'clients AS client';
  const text = plainWordsSql(dialect, `(${said(dialect, knowledge)})`);
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
};
