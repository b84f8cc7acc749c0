import type { Catalogue, CataloguePart } from '../../../contract/catalogue.js';
import type { RunSql } from '../../../contract/sql.js';
import { foldedName, identifier } from '../../../model/index.js';
import { codeOf, folded, isName, mentions, nameOf } from '../../../sql/code.js';
import { sql } from '../../../sql/template.js';
import { purgeTable, sessionTable } from './foundation.js';
import { refuses } from './index-refusal.js';
import { parseTable } from './parse-table.js';

interface Entry {
  /** What the text of the entry makes. */
  readonly type: string;
  readonly name: string;
  /** The table, by the name that its own entry has. */
  readonly table: string;
  readonly sql: string | null;
  /** Whether the entry is no table of the schema: `shadow` for the inside of a virtual table. */
  readonly kind: string | null;
  /** Whether another entry has the same pages, or an entry without rows has pages. */
  readonly misplaced: number;
  /** How the entry differs from those that SQLite writes; NULL if it does not. */
  readonly odd: string | null;
}

type Row = Omit<Entry, 'odd'> & { readonly untyped: number; readonly unnamed: number };

// as texts: SQLite reads a BLOB as one
const entries = sql`
  SELECT CAST(s.type AS TEXT) AS type, CAST(s.name AS TEXT) AS name, CAST(s.tbl_name AS TEXT) AS "table", CAST(s.sql AS TEXT) AS sql, l.type AS kind,
    s.rootpage > 0 AND lower(s.type) IN ('view', 'trigger')
      OR s.rootpage > 0 AND EXISTS (SELECT 1 FROM main.sqlite_schema o WHERE o.rootpage = s.rootpage AND o.rowid <> s.rowid) AS misplaced,
    typeof(s.type) <> 'text' OR typeof(s.name) <> 'text' OR typeof(s.tbl_name) <> 'text' OR typeof(s.sql) NOT IN ('text', 'null')
      OR typeof(s.rootpage) <> 'integer' AS untyped,
    s.sql IS NULL AND s.name NOT GLOB 'sqlite_autoindex_*' AS unnamed
  FROM main.sqlite_schema s
  LEFT JOIN pragma_table_list l ON lower(s.type) = 'table' AND l.schema = 'main' AND lower(l.name) = lower(s.name)
  ORDER BY s.name
`;

/**
 * The entries as SQLite reads them. It makes what the text says, whatever the type is, and takes names in any letters: so the type is
 * that of the text, and a table has the name of its own entry.
 */
const readEntries = async (run: RunSql): Promise<readonly Entry[]> => {
  const rows = (await run(entries)) as unknown as readonly Row[];
  const names = new Map(
    rows.flatMap(({ type, name }) =>
      ['table', 'view'].includes(foldedName(type)) ? [[foldedName(name), name] as const] : [],
    ),
  );
  return rows.map((row) => {
    const type = row.sql === null ? foldedName(row.type) : madeBy(row.sql);
    const table = type === 'table' ? row.name : (names.get(foldedName(row.table)) ?? row.table);
    return { ...row, type, table, odd: oddIn(row, type, table) };
  });
};

/** How an entry differs from those that SQLite writes, with the type and the table by which SQLite reads it. */
const oddIn = (row: Row, type: string, table: string): string | null => {
  if (row.untyped === 1) return 'is not written as text';
  if (type !== row.type) return `is recorded as ${JSON.stringify(row.type)}`;
  if (type !== 'table' && row.table !== table) return `is recorded on ${JSON.stringify(row.table)}`;
  const endsEarly = `${row.name}${row.sql ?? ''}`.includes('\0');
  return row.unnamed === 1 || endsEarly ? 'has no text, or one that ends early' : null;
};

/** What a statement makes: `table`, `index`, `trigger`, `view`; '' where it is none of these. */
const madeBy = (text: string): string => {
  const [create, ...rest] = codeOf(text, 'sqlite').slice(0, 4);
  const kind =
    rest.find(({ word }) => !['UNIQUE', 'VIRTUAL', 'TEMP', 'TEMPORARY'].includes(word))?.word ?? '';
  return create?.word === 'CREATE' && ['TABLE', 'INDEX', 'TRIGGER', 'VIEW'].includes(kind)
    ? kind.toLowerCase()
    : '';
};

/** Describes a database file: each entry of sqlite_schema, and the parts of its tables. */
export async function describe(run: RunSql, version: string): Promise<Catalogue> {
  const all = await readEntries(run);
  const has = (table: string): boolean => all.some(({ type, name }) => type === 'table' && name === table);
  return {
    major: version,
    parts: [
      ...all.flatMap((entry) => [...oddPart(entry), ...partsOf(entry, all)]),
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

const oddPart = ({ misplaced, odd, type, name }: Entry): readonly CataloguePart[] => [
  ...(misplaced ? [{ kind: 'entry with the pages of another', name: `${type} ${name}`, facts: {} }] : []),
  ...(odd === null
    ? []
    : [{ kind: 'entry that is not what it says', name: `${type} ${name}`, facts: { it: odd } }]),
];

// ANALYZE and AUTOINCREMENT make tables of their own, and keys make indexes without a text
const made = new Set(['sqlite_sequence', 'sqlite_stat1', 'sqlite_stat2', 'sqlite_stat3', 'sqlite_stat4']);

const partsOf = (entry: Entry, all: readonly Entry[]): readonly CataloguePart[] => {
  const { type, name, table, sql: text, kind } = entry;
  // a virtual table makes its shadow tables itself, and SQLite its own
  if (text === null || kind === 'shadow' || (type === 'table' && made.has(foldedName(name)))) return [];
  const definition = folded(text, 'sqlite');
  if (type === 'table') {
    if (kind === 'virtual') return [{ kind: 'virtual table', name, facts: { definition } }];
    return tableParts(name, text);
  }
  if (type === 'view') return [{ kind: 'view', name, facts: { definition }, reads: readBy(entry, all) }];
  if (type !== 'index') return [{ kind: type, name, on: table, facts: { definition } }];
  return [
    {
      kind: type,
      name,
      on: table,
      facts: present({ definition, refuses: refuses(text) ? 'yes' : undefined }),
    },
  ];
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
