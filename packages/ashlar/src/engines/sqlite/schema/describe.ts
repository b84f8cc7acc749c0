import type { Catalogue, CataloguePart } from '../../../contract/catalogue.js';
import type { RunSql } from '../../../contract/sql.js';
import { foldedName, identifier } from '../../../model/index.js';
import { codeOf, folded, isName, mentions, nameOf } from '../../../sql/code.js';
import { sql } from '../../../sql/template.js';
import { purgeTable, sessionTable } from './foundation.js';
import { parseTable } from './parse-table.js';

interface Entry {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly sql: string | null;
  /** Whether the entry is no table of the schema: `shadow` for the inside of a virtual table. */
  readonly kind: string | null;
  /** Whether another entry has the same pages, or an entry without rows has pages. */
  readonly misplaced: number;
}

// ANALYZE, AUTOINCREMENT and keys make tables and indexes of their own
const entries = sql`
  SELECT s.type, s.name, s.tbl_name AS "table", s.sql, l.type AS kind,
    s.rootpage > 0 AND s.type IN ('view', 'trigger')
      OR s.rootpage > 0 AND EXISTS (SELECT 1 FROM main.sqlite_schema o WHERE o.rootpage = s.rootpage AND o.rowid <> s.rowid) AS misplaced
  FROM main.sqlite_schema s
  LEFT JOIN pragma_table_list l ON s.type = 'table' AND l.schema = 'main' AND l.name = s.name
  ORDER BY s.name
`;

/** Describes a database file: each entry of sqlite_schema, and the parts of its tables. */
export async function describe(run: RunSql, version: string): Promise<Catalogue> {
  const all = (await run(entries)) as unknown as readonly Entry[];
  const has = (table: string): boolean => all.some(({ type, name }) => type === 'table' && name === table);
  return {
    major: version,
    parts: [
      ...all.flatMap((entry) => [...misplacedPart(entry), ...partsOf(entry, all)]),
      ...(await leftRows(run, transient.filter(has))),
      ...(has('sqlite_sequence') ? await endingCounters(run) : []),
    ],
  };
}

/** Tables whose rows exist only in the transaction that writes them. */
const transient: readonly string[] = [sessionTable.name, purgeTable.name];

const leftRows = async (run: RunSql, tables: readonly string[]): Promise<readonly CataloguePart[]> => {
  const parts: CataloguePart[] = [];
  for (const name of tables)
    if ((await run(`SELECT 1 FROM main.${identifier(name)} LIMIT 1`)).length > 0)
      parts.push({ kind: 'row left in', name, facts: {} });
  return parts;
};

// the last number that JavaScript holds is 2^53 − 1; a key near it ends all appends
const endingCounters = async (run: RunSql): Promise<readonly CataloguePart[]> =>
  (await run(`SELECT name FROM main.sqlite_sequence WHERE seq > 9007199253692416 OR seq < 0`)).map(
    ({ name }) => ({
      kind: 'counter near its end',
      name: String(name),
      facts: {},
    }),
  );

const misplacedPart = ({ misplaced, type, name }: Entry): readonly CataloguePart[] =>
  misplaced ? [{ kind: 'entry with the pages of another', name: `${type} ${name}`, facts: {} }] : [];

const partsOf = (entry: Entry, all: readonly Entry[]): readonly CataloguePart[] => {
  const { type, name, table, sql: text, kind } = entry;
  // a virtual table makes its shadow tables itself, and SQLite its own
  if (text === null || kind === 'shadow' || (type === 'table' && name.startsWith('sqlite_'))) return [];
  const definition = folded(text, 'sqlite');
  if (type === 'table') {
    if (kind === 'virtual') return [{ kind: 'virtual table', name, facts: { definition } }];
    return tableParts(name, text);
  }
  if (type === 'view') return [{ kind: 'view', name, facts: { definition }, reads: readBy(entry, all) }];
  return [{ kind: type, name, on: table, facts: { definition } }];
};

const tableParts = (name: string, text: string): readonly CataloguePart[] => {
  const { columns, constraints, options } = parseTable(text, name);
  return [
    { kind: 'table', name, facts: present({ options, 'whole text': wordsOf(text) }) },
    ...columns.map((column) => ({
      kind: 'column',
      name: column.name,
      on: name,
      facts: present({
        type: column.type,
        'not null': column.notNull ? 'yes' : undefined,
        default: column.default,
        rest: column.rest,
      }),
    })),
    ...constraints.map(({ name: own, definition }) => ({
      kind: 'constraint',
      name: own,
      on: name,
      facts: { definition },
    })),
  ];
};

/**
 * All that a CREATE TABLE statement says, in no order: a clause that a part of the table does not have differs here. The order of
 * clauses and of columns is no difference.
 */
const wordsOf = (text: string): string =>
  codeOf(text, 'sqlite')
    .map((token) => (isName(token) ? foldedName(nameOf(token)) : token.text))
    .toSorted()
    .join(' ');

const present = (facts: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(facts).filter((fact): fact is [string, string] => (fact[1] ?? '') !== ''),
  );

/** The tables and views that a view names. */
const readBy = ({ name, sql: text }: Entry, all: readonly Entry[]): readonly string[] =>
  all
    .filter((each) => (each.type === 'table' || each.type === 'view') && each.name !== name)
    .map((each) => each.name)
    .filter((each) => mentions(text ?? '', each, 'sqlite'));
