import type { RunSql } from '../../src/contract/sql.js';
import { identifier } from '../../src/model/index.js';
import type { Mutant } from './postgres-mutants.js';

interface Entry {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly sql: string | null;
}

const mutant = (kind: string, name: string, ...sql: readonly string[]): Mutant => ({ kind, name, sql });

/** Makes a table again from another text, with what hangs on it. */
const remade = ({ name }: Entry, text: string, all: readonly Entry[]): readonly string[] => [
  `DROP TABLE ${identifier(name)}`,
  text,
  ...all.flatMap((each) =>
    each.table === name && each.type !== 'table' && each.sql !== null ? [each.sql] : [],
  ),
];

const ofTrigger = ({ name, sql }: Entry): readonly Mutant[] => {
  const one = (what: string, ...statements: readonly string[]) =>
    mutant('trigger', `${name}: ${what}`, ...statements);
  const text = sql ?? '';
  const drop = `DROP TRIGGER ${identifier(name)}`;
  const when = /\bBEGIN\b/.exec(text);
  return [
    one('dropped', drop),
    one('does nothing', drop, `${text.slice(0, when?.index ?? 0)} BEGIN SELECT 1; END`),
    one(
      'never true',
      drop,
      /\bWHEN\b/.test(text.slice(0, when?.index))
        ? `${text.slice(0, when?.index).replace(/\bWHEN\b/, 'WHEN 0 AND (')}) ${text.slice(when?.index)}`
        : text.replace(/\bBEGIN\b/, 'WHEN 0 BEGIN'),
    ),
    one('renamed', drop, text.replace(name, 'mutant_trigger')),
  ];
};

const ofIndex = ({ name, sql }: Entry): readonly Mutant[] => {
  const one = (what: string, ...statements: readonly string[]) =>
    mutant('index', `${name}: ${what}`, ...statements);
  const text = sql ?? '';
  const drop = `DROP INDEX ${identifier(name)}`;
  return [
    one('dropped', drop),
    one('renamed', drop, text.replace(name, 'mutant_index')),
    ...(/UNIQUE/i.test(text) ? [one('not unique', drop, text.replace(/UNIQUE /i, ''))] : []),
    one(
      'of some rows',
      drop,
      /\bWHERE\b/i.test(text) ? text.replace(/\bWHERE\b.*$/is, 'WHERE 0') : `${text} WHERE 0`,
    ),
  ];
};

const ofTable = (entry: Entry, all: readonly Entry[]): readonly Mutant[] => {
  const { name, sql } = entry;
  const t = identifier(name);
  const one = (what: string, ...statements: readonly string[]) =>
    mutant('table', `${name}: ${what}`, ...statements);
  const text = sql ?? '';
  const weaker = (what: string, from: RegExp, to: string): readonly Mutant[] =>
    [...text.matchAll(new RegExp(from, 'gi'))].map((found, at) =>
      one(
        `${what} ${at + 1}`,
        ...remade(
          entry,
          `${text.slice(0, found.index)}${to}${text.slice(found.index + found[0].length)}`,
          all,
        ),
      ),
    );
  return [
    one('dropped', `DROP TABLE ${t}`),
    one('renamed', `ALTER TABLE ${t} RENAME TO mutant_table`),
    one('another column', `ALTER TABLE ${t} ADD COLUMN mutant_column TEXT`),
    one('another trigger', `CREATE TRIGGER a_mutant BEFORE DELETE ON ${t} BEGIN SELECT RAISE(IGNORE); END`),
    one('another index', `CREATE INDEX mutant_index ON ${t} (1)`),
    one('a view', `CREATE VIEW mutant_view AS SELECT * FROM ${t}`),
    ...weaker('no NOT NULL', / NOT NULL/, ''),
    ...weaker('a CHECK that admits everything', /\bCHECK \(/, 'CHECK (1 OR '),
    ...weaker('no STRICT', /\bSTRICT\b/, 'WITHOUT ROWID'),
    ...weaker('another default', /\bDEFAULT \d+/, 'DEFAULT 99'),
    ...weaker('no UNIQUE', /\bUNIQUE \(/, 'CHECK ('),
    ...weaker('another action', /ON DELETE (?:RESTRICT|CASCADE|NO ACTION)/, 'ON DELETE SET NULL'),
  ];
};

const ofView = ({ name, type }: Entry): readonly Mutant[] => [
  mutant('view', `${name}: dropped`, `DROP ${type === 'view' ? 'VIEW' : 'TABLE'} ${identifier(name)}`),
];

const unknown: readonly Mutant[] = [
  mutant('unknown object', 'table', 'CREATE TABLE mutant_table (id)'),
  mutant('unknown object', 'virtual table', 'CREATE VIRTUAL TABLE mutant_table USING fts5(x)'),
  mutant('unknown object', 'view', 'CREATE VIEW mutant_view AS SELECT 1'),
  mutant(
    'unknown object',
    'trigger on a view',
    'CREATE VIEW mutant_view AS SELECT 1 AS one',
    'CREATE TRIGGER mutant_trigger INSTEAD OF INSERT ON mutant_view BEGIN SELECT 1; END',
  ),
  mutant('unknown object', 'a row of ashlar_purge', "INSERT INTO ashlar_purge (table_name) VALUES ('x')"),
];

/** Lists every change of every entry of sqlite_schema, and one unknown object of each kind. */
export async function sqliteMutants(run: RunSql): Promise<readonly Mutant[]> {
  const found = (await run(
    `SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
      AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')`,
  )) as unknown as readonly Entry[];
  return [
    ...found.flatMap((entry) => {
      if (entry.type === 'trigger') return ofTrigger(entry);
      if (entry.type === 'index') return ofIndex(entry);
      if (entry.type === 'view' || /^CREATE VIRTUAL/i.test(entry.sql ?? '')) return ofView(entry);
      return ofTable(entry, found);
    }),
    ...unknown,
  ];
}
