import type { SchemaColumn, SchemaObject } from '../../../contract/schema.js';
import {
  type CodeToken,
  codeOf,
  depths,
  line,
  nameOf,
  splitAtCommas,
  withoutQualifier,
} from '../../../sql/code.js';

/** The parts of a CREATE TABLE statement. */
export interface TableText {
  readonly columns: readonly SchemaColumn[];
  readonly constraints: readonly SchemaObject[];
  readonly options: string;
}

const constraintWords = new Set(['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN']);
// what can follow a column's type: https://sqlite.org/syntax/column-constraint.html
const columnWords = new Set([
  ...[
    'CONSTRAINT',
    'PRIMARY',
    'NOT',
    'NULL',
    'UNIQUE',
    'CHECK',
    'DEFAULT',
    'COLLATE',
    'REFERENCES',
    'GENERATED',
    'AS',
  ],
]);

/** Parses the CREATE TABLE statement of a table. SQLite stores CHECK constraints in this text only. */
export function parseTable(sql: string, table: string): TableText {
  // a rebuild writes a CHECK without the name of the table, which has another one at that point
  const all = codeOf(withoutQualifier(sql, table, 'sqlite'), 'sqlite');
  const depth = depths(all);
  const open = all.findIndex(({ text }) => text === '(');
  const close = all.findIndex(({ text }, i) => i > open && text === ')' && depth[i] === 0);
  const columns: SchemaColumn[] = [];
  const constraints: SchemaObject[] = [];
  for (const part of splitAtCommas(all.slice(open + 1, close))) {
    if (constraintWords.has(part[0]?.word ?? '')) constraints.push(parseConstraint(part));
    else columns.push(parseColumn(part));
  }
  return { columns, constraints, options: line(all.slice(close + 1)) };
}

const parseConstraint = (part: readonly CodeToken[]): SchemaObject => {
  const [first, second] = part;
  if (first?.word !== 'CONSTRAINT' || !second) return { name: line(part), definition: line(part) };
  return { name: nameOf(second), definition: line(part.slice(2)) };
};

const parseColumn = ([name, ...rest]: readonly CodeToken[]): SchemaColumn => {
  const found = rest.findIndex(({ word }) => columnWords.has(word));
  const typeEnd = found < 0 ? rest.length : found;
  const clauses = rest.slice(typeEnd);
  const depth = depths(clauses);
  const other: CodeToken[] = [];
  let notNull = false;
  let standard: string | undefined;
  for (let i = 0; i < clauses.length; i++) {
    const token = clauses[i];
    if (!token) continue;
    if (depth[i] === 0 && token.word === 'NOT' && clauses[i + 1]?.word === 'NULL') {
      notNull = true;
      i++;
    } else if (depth[i] === 0 && token.word === 'DEFAULT') {
      const end = defaultEnd(clauses, depth, i + 1);
      standard = line(clauses.slice(i + 1, end));
      i = end - 1;
    } else other.push(token);
  }
  return {
    name: name ? nameOf(name) : '',
    type: line(rest.slice(0, typeEnd)),
    notNull,
    default: standard,
    rest: line(other),
  };
};

// a bracketed expression, or a literal with or without a sign: up to the next clause
const defaultEnd = (clauses: readonly CodeToken[], depth: readonly number[], start: number): number => {
  for (let i = start + 1; i < clauses.length; i++) {
    if (depth[i] === 0 && columnWords.has(clauses[i]?.word ?? '')) return i;
  }
  return clauses.length;
};
