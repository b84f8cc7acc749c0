import type { Column } from '../../contract/column.js';
import type { DataCheck, DataContext } from '../../contract/data-check.js';
import type { SqlName } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal, writtenColumns } from '../../model/index.js';
import { rowJson as postgresRowJson } from '../../sql/postgres-row-json.js';
import { rowJson as sqliteRowJson } from '../../sql/sqlite-row-json.js';
import { comparableText, hasMember, isRowOfLine, keyOfLine, lineKey } from '../shared/trail-lines.js';
import type { AuditedRules } from './rules.js';

/**
 * Finds rows that differ from what their trail recorded last, and lines of the trail that do not follow from the line
 * before or lack their row. What a line does not have, as a column that was added later, is not compared.
 */
export function auditedData(
  table: TableFacts,
  rules: AuditedRules,
  { dialect }: DataContext,
): readonly DataCheck[] {
  const trail = identifier(rules.trail.name);
  const own = literal(table.name);
  const key = lineKey(table, dialect, 't');
  const lines = (alias: string): string => `${trail} AS ${alias} WHERE ${alias}.table_name = ${own}`;
  const newest = `SELECT line.id FROM ${lines('line')} AND line.row_key = ${key} ORDER BY line.id DESC LIMIT 1`;
  const last = (condition: string): string =>
    `EXISTS (SELECT 1 FROM ${trail} AS line WHERE line.id = (${newest}) AND ${condition})`;
  const columns = writtenColumns(table).filter(({ name }) => !rules.except.includes(name));
  const now = rowObject(table, dialect, rules.except);
  const differs = columns
    .map((column) => `(${memberDiffers(dialect, column, 'line.after', 'shown.content')})`)
    .join(' OR ');
  return [
    {
      what: `exists, although ${rules.trail.name} says that it was deleted`,
      bad: last("line.operation = 'delete'"),
    },
    {
      what: `differs from what ${rules.trail.name} recorded last`,
      bad: `EXISTS (SELECT 1 FROM ${trail} AS line CROSS JOIN (SELECT ${now} AS content) AS shown WHERE line.id = (${newest}) AND line.operation <> 'delete' AND (${differs}))`,
    },
    ...withoutLines(table, rules, dialect, key),
    ...ofTrail(table, rules, dialect),
  ];
}

const rowObject = (table: TableFacts, dialect: SqlName, except: readonly string[]): string =>
  dialect === 'sqlite' ? sqliteRowJson(table, 't', { except }) : postgresRowJson(table, 't', { except });

const memberDiffers = (dialect: SqlName, column: Column, one: string, other: string): string =>
  `${hasMember(dialect, one, column.name)} AND ${hasMember(dialect, other, column.name)} AND ${comparableText(dialect, one, column)} IS DISTINCT FROM ${comparableText(dialect, other, column)}`;

/** Rows whose insert has no line, although the trail had lines of the table before they were written. */
const withoutLines = (
  table: TableFacts,
  { trail }: AuditedRules,
  dialect: SqlName,
  key: string,
): readonly DataCheck[] => {
  const written = Object.values(table.columns).find(
    ({ generated, touched }) => generated === 'now' && !touched,
  );
  // a trail whose lines expire has no first line
  if (!written || trail.facts.retention) return [];
  const name = identifier(trail.name);
  const own = literal(table.name);
  const keys = table.primaryKey.columns.flatMap((name) => table.columns[name] ?? []);
  const movedTo = keys.map((column, at) => `${keyOfLine(dialect, 'line.after', column)} AS key_${at}`);
  const sameKey = keys.map((column, at) => `moved.key_${at} = t.${identifier(column.name)}`).join(' AND ');
  const lines = `FROM ${name} AS line WHERE line.table_name = ${own}`;
  return [
    {
      what: `has no line in ${trail.name}, although the trail is older`,
      // at once: no index finds the lines of rows that were moved to a key
      atOnce: true,
      bad: `SELECT t.* FROM ${identifier(table.name)} AS t CROSS JOIN (SELECT min(line.at) AS at ${lines}) AS begins LEFT JOIN (SELECT DISTINCT ${movedTo.join(', ')}, 1 AS is_moved ${lines} AND line.operation = 'update') AS moved ON ${sameKey} WHERE t.${identifier(written.name)} > begins.at AND moved.is_moved IS NULL AND NOT EXISTS (SELECT 1 ${lines} AND line.row_key = ${key})`,
    },
  ];
};

/** The lines of a table: each follows from the one before, and the last one has a row unless it is of a deletion. */
const ofTrail = (table: TableFacts, { trail }: AuditedRules, dialect: SqlName): readonly DataCheck[] => {
  const of = trail.name;
  const isOwn = `t.table_name = ${literal(table.name)}`;
  const beside = (alias: string, order: '<' | '>'): string =>
    `${identifier(of)} AS ${alias} WHERE ${alias}.table_name = t.table_name AND ${alias}.row_key = t.row_key AND ${alias}.id ${order} t.id`;
  const before = `SELECT line.id FROM ${beside('line', '<')} ORDER BY line.id DESC LIMIT 1`;
  const differs = writtenColumns(table)
    .map((column) => `(${memberDiffers(dialect, column, 'line.after', 't.before')})`)
    .join(' OR ');
  const changesKey = (line: string): string =>
    `(${line}.operation = 'update' AND (${table.primaryKey.columns
      .flatMap((name) => table.columns[name] ?? [])
      .map((column) => `(${memberDiffers(dialect, column, `${line}.before`, `${line}.after`)})`)
      .join(' OR ')}))`;
  // a purge drops whole partitions, of whose rows the trail says nothing
  const purgedUnseen = table.facts.retention !== undefined && table.facts.partition !== undefined;
  return [
    {
      of,
      what: `does not follow from the line before it of the same row of ${table.name}`,
      bad: `${isOwn} AND EXISTS (SELECT 1 FROM ${identifier(of)} AS line WHERE line.id = (${before}) AND ((line.operation = 'delete' OR ${changesKey('line')}) <> (t.operation = 'insert') OR (t.operation <> 'insert' AND (${differs}))))`,
    },
    ...(purgedUnseen
      ? []
      : [
          {
            of,
            what: `is the last one of a row of ${table.name} that is gone`,
            bad: `${isOwn} AND t.operation <> 'delete' AND NOT EXISTS (SELECT 1 FROM ${beside('line', '>')}) AND NOT EXISTS (SELECT 1 FROM ${identifier(table.name)} AS own WHERE ${isRowOfLine(table, dialect, 'own', 't.row_key')}) AND NOT ${changesKey('t')}`,
          },
        ]),
  ];
};
