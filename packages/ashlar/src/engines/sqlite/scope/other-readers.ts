import { AshlarError } from '../../../errors.js';
import { type CodeToken, codeOf } from '../../../sql/code.js';
import type { DriverDatabase } from '../driver/driver.js';
import { nameIn } from './name-in.js';
import type { ScopedTables } from './scoped-tables.js';

interface Entry {
  readonly name: string;
  readonly isVirtual: boolean;
  /** The names in the text that made it. */
  readonly names: ReadonlySet<string>;
}

const entries = `SELECT name, type, sql FROM main.sqlite_schema
WHERE sql IS NOT NULL AND (type = 'view' OR (type = 'table' AND sql LIKE 'create virtual%'))`;

// https://sqlite.org/fts5.html#fts5_data_structures, and those of the R-tree and of FTS3 and FTS4
const shadows = [
  'data',
  'idx',
  'content',
  'docsize',
  'config',
  'node',
  'parent',
  'rowid',
  'segments',
  'segdir',
  'stat',
];

/**
 * Refuses statements of sessions that would read rows of every scope through a view or a virtual table: in `main`, both read
 * the tables themselves. Declared views and full-text indexes have temporary views over the rows of the scope, which SQLite
 * finds first.
 */
export class OtherReaders {
  readonly #database: DriverDatabase;
  readonly #scoped: ScopedTables;
  #version = '';
  #refused: ReadonlySet<string> = new Set();
  #written: ReadonlySet<string> = new Set();

  constructor(database: DriverDatabase, scoped: ScopedTables) {
    this.#database = database;
    this.#scoped = scoped;
  }

  /** @throws AshlarError `privilege-missing` */
  assertNone(sql: string, written: string | undefined): void {
    if (this.#scoped.version === 0 && !this.#scoped.hasWords) return;
    this.#read();
    if (this.#refused.size === 0 && this.#written.size === 0) return;
    if (written !== undefined && this.#written.has(written)) throw notWritten(written);
    const tokens = codeOf(sql, 'sqlite');
    for (const [at, token] of tokens.entries()) {
      const name = nameIn(token);
      if (this.#refused.has(name)) throw bypass(name);
      if (this.#scoped.isShadowed(name) && isOfMain(tokens, at)) throw bypass(`main.${name}`);
    }
  }

  #read(): void {
    const schema = this.#database.pragma('main.schema_version', { simple: true });
    const version = `${String(schema)} ${this.#scoped.version}`;
    if (version === this.#version) return;
    const found = this.#database
      .prepare<unknown[], { name: string; type: string; sql: string }>(entries)
      .all()
      .map(
        ({ name, type, sql }): Entry => ({
          name: name.toLowerCase(),
          isVirtual: type === 'table',
          names: new Set(codeOf(sql, 'sqlite').map(nameIn)),
        }),
      );
    const virtual = found.filter(({ isVirtual }) => isVirtual);
    const shadowTables = virtual.flatMap(({ name }) => shadows.map((suffix) => `${name}_${suffix}`));
    const isScoped = this.#scoped.version > 0;
    const reaching = isScoped
      ? this.#reaching(found, new Set([...virtual.map(({ name }) => name), ...shadowTables]))
      : new Set<string>();
    this.#refused = new Set([
      ...[...reaching].filter((name) => !this.#scoped.isShadowed(name) && !this.#scoped.isFree(name)),
      ...shadowTables,
    ]);
    this.#written = new Set(virtual.map(({ name }) => name));
    this.#version = version;
  }

  /** The virtual tables, and the views that read one, a scoped table, or another such view. */
  #reaching(found: readonly Entry[], start: ReadonlySet<string>): ReadonlySet<string> {
    const reaching = new Set(start);
    const isReached = (name: string): boolean =>
      (reaching.has(name) && !this.#scoped.isFree(name)) ||
      this.#scoped.column(name) !== undefined ||
      this.#scoped.hidden(name) !== undefined;
    for (let size = -1; size < reaching.size; ) {
      size = reaching.size;
      for (const { name, names } of found)
        if ([...names].some((each) => each !== name && isReached(each))) reaching.add(name);
    }
    return reaching;
  }
}

const isOfMain = (tokens: readonly CodeToken[], at: number): boolean => {
  const [schema, point] = [tokens[at - 2], tokens[at - 1]];
  return point?.text === '.' && schema !== undefined && nameIn(schema) === 'main';
};

const bypass = (name: string): AshlarError =>
  new AshlarError('privilege-missing', {
    message: `A session may not use ${name}.`,
    detail: 'It reads the rows of every scope, or the content of an index of their words.',
    suggestion:
      'Declare a view with view(…), or an index of words with fullText(…): both show a session only the rows of its scope.',
  });

const notWritten = (name: string): AshlarError =>
  new AshlarError('privilege-missing', {
    message: `A session may not write to ${name}.`,
    detail: 'It is an index, to which only triggers write.',
  });
