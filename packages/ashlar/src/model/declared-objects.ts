import { readFileSync } from 'node:fs';
import type { Column } from '../contract/column.js';
import type { DeclaredObject, DeclaredType } from '../contract/objects.js';
import { AshlarError } from '../errors.js';
import { assertName, identifier } from './names.js';

/** An object by its SQL. */
export interface ExtraSql {
  /** The name of the object in the database, as its statement creates it. */
  readonly name: string;
  /** The CREATE statement on SQLite; `null` if SQLite does not have the object. */
  readonly sqlite: string | null;
  /** The CREATE statement on PostgreSQL; `null` if PostgreSQL does not have the object. */
  readonly postgres: string | null;
  /** Whether the object comes before all tables: types, domains and functions that columns use. */
  readonly before?: boolean;
  /**
   * `omit` for an object that needs an extension which the embedded engine lacks: it is in the steps, but not in the
   * databases in which schemas are compared. It must exist in the database; its form is not compared.
   */
  readonly shadow?: 'omit';
}

/** An extension of PostgreSQL. */
export interface ExtraExtension {
  /** The name of the extension. */
  readonly extension: string;
  /**
   * `omit` for an extension that the embedded engine lacks, in which schemas are compared. Objects that need it have
   * `omit`, too.
   */
  readonly shadow?: 'omit';
}

const declareExtra = (given: ExtraSql | ExtraExtension): DeclaredObject => {
  if ('extension' in given) {
    const { extension } = given;
    // those of PostgreSQL have names such as pg_trgm and uuid-ossp
    if (!/^[a-z_][a-z0-9_-]{0,62}$/.test(extension)) {
      throw new AshlarError('table-invalid', {
        message: `${extension} is no name of an extension.`,
        suggestion:
          "Write the name as CREATE EXTENSION takes it, for example: extra({ extension: 'pg_trgm' })",
      });
    }
    return Object.freeze({
      kind: 'extra' as const,
      name: extension,
      type: 'extension' as const,
      sql: { sqlite: null, postgres: `CREATE EXTENSION IF NOT EXISTS ${identifier(extension)}` },
      before: true,
      omitted: given.shadow === 'omit',
    });
  }
  const { name, sqlite, postgres, before = false, shadow } = given;
  assertName('An object', name);
  const types = [sqlite, postgres].flatMap((sql) => (sql === null ? [] : [typeOf(name, sql)]));
  const [type] = types;
  if (type === undefined) throw invalid(name, 'has SQL for neither engine.');
  return Object.freeze({
    kind: 'extra' as const,
    name,
    type,
    sql: { sqlite, postgres },
    before: before || type === 'extension',
    omitted: shadow === 'omit',
  });
};

/**
 * Declares one object of the database by its SQL in each dialect: a view, function, trigger, index, virtual table,
 * extension, type, sequence or policy. What it is, is read from its CREATE statement. Generated steps make, replace and
 * drop it; the dump has it, and `prove` checks that it exists as declared. In a table it comes after the table, in a system
 * after all tables; `before` puts it before all tables.
 *
 * `extra.file(url)` reads a longer statement from a file.
 *
 * An extension is declared by its name. One that the embedded engine lacks, and the objects that need it, have
 * `shadow: 'omit'`.
 *
 * @throws AshlarError `table-invalid` if there is no SQL, or it does not create an object of that name
 *
 * @example
 * extra({ extension: 'pg_trgm', shadow: 'omit' });
 *
 * @example
 * extra({
 *   name: 'orders_lower',
 *   sqlite: 'CREATE INDEX orders_lower ON orders (lower(title))',
 *   postgres: extra.file(new URL('./orders_lower.postgres.sql', import.meta.url)),
 * });
 */
export const extra: typeof declareExtra & { file(url: URL): string } = Object.assign(declareExtra, {
  file: (url: URL): string => readFileSync(url, 'utf8'),
});

// comments, and the words that may stand before the kind of an object
const start =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*CREATE\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+|CONSTRAINT\s+|RECURSIVE\s+)?(MATERIALIZED\s+VIEW|VIRTUAL\s+TABLE|[A-Z]+)\b/i;

const types: ReadonlyMap<string, DeclaredType> = new Map([
  ['VIEW', 'view'],
  ['MATERIALIZED VIEW', 'materialized view'],
  ['FUNCTION', 'function'],
  ['PROCEDURE', 'function'],
  ['TRIGGER', 'trigger'],
  ['INDEX', 'index'],
  ['VIRTUAL TABLE', 'virtual table'],
  ['TYPE', 'type'],
  ['DOMAIN', 'domain'],
  ['SEQUENCE', 'sequence'],
  ['POLICY', 'policy'],
  ['RULE', 'rule'],
  ['STATISTICS', 'statistics'],
  ['EXTENSION', 'extension'],
]);

const typeOf = (name: string, sql: string): DeclaredType => {
  const word = start.exec(sql)?.[1]?.toUpperCase().replaceAll(/\s+/g, ' ');
  const type = word === undefined ? undefined : types.get(word);
  if (!type) throw invalid(name, 'has SQL that does not begin with CREATE and a kind of object.');
  if (!new RegExp(`\\b${name}\\b`).test(sql))
    throw invalid(name, 'has SQL that creates an object of another name.');
  return type;
};

const invalid = (name: string, what: string): AshlarError =>
  new AshlarError('table-invalid', {
    message: `The object ${name} ${what}`,
    suggestion: `Write for example: extra({ name: '${name}', sqlite: null, postgres: 'CREATE VIEW ${name} AS …' })`,
  });

/** A full-text index in the declaration of a table. */
export interface FullTextItem {
  readonly kind: 'full-text';
  readonly columns: readonly Column[];
  readonly name: string | undefined;
}

/**
 * Declares an index over the words of text columns, which `matches` of `ashlar/query` searches: FTS5 with its triggers on
 * SQLite, a generated `tsvector` column with a GIN index on PostgreSQL. A word is a run of letters and digits; the case of
 * letters does not matter.
 *
 * @param given - the columns, and `{ name }` of the index; by default `TABLE_text`
 *
 * @example
 * table('notes', { id: id(), title: z.string(), body: z.string() }, (c) => [fullText({ columns: [c.title, c.body] })]);
 */
export function fullText(given: {
  readonly columns: readonly Column[];
  readonly name?: string;
}): FullTextItem {
  return { kind: 'full-text', columns: given.columns, name: given.name };
}
