import { AshlarError } from '../../../errors.js';
import { identifier } from '../../../model/index.js';
import { readCode } from '../../../sql/code.js';
import type { DriverDatabase, DriverStatement } from '../driver/driver.js';
import { allowedFunctions } from './allowed-functions.js';
import { nameIn } from './name-in.js';
import { type Opened, type Program, programOf } from './program.js';
import { boundFunctionNames, type ScopedTables } from './scoped-tables.js';
import type { SystemTables } from './system-tables.js';
import { writtenByTriggers } from './within-scope.js';

const main = 0;
const temp = 1;
// https://sqlite.org/fileformat2.html#storage_of_the_sql_database_schema
const schemaRoot = 1;

// SQLite evaluates some functions of constants while it compiles, so those are looked for in the text as well
const functionNames = 'SELECT DISTINCT lower(name) AS name FROM pragma_function_list';

const pages = `SELECT rootpage AS root, lower(tbl_name) AS name FROM main.sqlite_schema WHERE rootpage > 0`;

/** What a connection needs to know of the registered systems. */
export interface GateParts {
  readonly tables: SystemTables;
  readonly scoped: ScopedTables;
}

/**
 * Lets a session run a statement only if SQLite's own compiler shows that it reads and writes tables of the system, and calls
 * functions that are allowed. A connection keeps the statements that passed, for as long as the schema does not change.
 */
export class ProgramGate {
  readonly #database: DriverDatabase;
  readonly #parts: GateParts;
  readonly #forget: () => void;
  readonly #cookie: DriverStatement;
  #refusedFunctions: ReadonlySet<string> | undefined;
  #names: ReadonlyMap<number, string> = new Map();
  #version = '';

  /** @param forget - is called when the schema has changed, to drop the statements that were checked with it */
  constructor(database: DriverDatabase, parts: GateParts, forget: () => void) {
    this.#database = database;
    this.#parts = parts;
    this.#forget = forget;
    this.#cookie = database.prepare<unknown[], Record<string, unknown>>('PRAGMA main.schema_version');
  }

  /**
   * Looks whether the schema is the one with which the kept statements were checked, and forgets them if not. Inside a
   * transaction it cannot change, so one look at its beginning is enough.
   *
   * @returns whether the schema has changed
   */
  refresh(): boolean {
    const { tables, scoped } = this.#parts;
    const version = `${String(this.#cookie.get()?.schema_version)} ${tables.version} ${scoped.version}`;
    if (version === this.#version) return false;
    this.#forget();
    // reading the schema makes SQLite load it again if another process has changed it
    const found = this.#database.prepare<unknown[], { root: number; name: string }>(pages).all();
    this.#names = new Map(found.map(({ root, name }) => [root, name]));
    this.#version = version;
    return true;
  }

  /**
   * Throws if a text calls a function of the connection that is not allowed, before it is compiled.
   *
   * @throws AshlarError `privilege-missing`
   */
  assertCalls(text: string): void {
    this.#refusedFunctions ??= new Set(
      this.#database
        .prepare<unknown[], { name: string }>(functionNames)
        .all()
        .map(({ name }) => name)
        .filter((name) => !allowedFunctions.has(name)),
    );
    let before = '';
    for (const token of readCode(text, 'sqlite')) {
      if (token.text === '(' && this.#refusedFunctions.has(before)) throw functionRefused(before);
      before = nameIn(token);
    }
  }

  /**
   * Throws unless a session may run a statement.
   *
   * @param text - the statement as it will run, without an EXPLAIN of its own
   * @throws AshlarError `privilege-missing`; `guarantee-violated` for one that writes to a side table; the driver's errors
   */
  assertAllowed(text: string): void {
    this.refresh();
    let program = programOf(this.#database, text);
    // outside a transaction another process may have changed the schema since
    while (this.refresh()) program = programOf(this.#database, text);
    this.#assertProgram(program);
  }

  #assertProgram({ opened, functions, virtualTables, refused }: Program): void {
    if (refused !== undefined) throw notOfSystem(`the instruction ${refused}`);
    for (const name of functions) if (!allowedFunctions.has(name)) throw functionRefused(name);
    // a connection without a system serves no session of one
    if (this.#parts.tables.isEmpty) return;
    const readsOnly = !opened.some(({ writes }) => writes);
    const isBounded = [...functions].some((name) => boundFunctionNames.includes(name));
    for (const each of opened) {
      const name = this.#assertOpened(each);
      if (name === undefined || !readsOnly) continue;
      // an insert with AUTOINCREMENT reads and writes it; one that names it is refused before it is compiled
      if (name === 'sqlite_sequence') throw notOfSystem(name);
      // through its view a scoped table is read together with the scope; a write also reads for its foreign keys
      if (!isBounded && this.#isScoped(name)) throw notOfSystem(`main.${name}`);
    }
    if (virtualTables.size > 0) this.#assertVirtual(virtualTables);
  }

  #isScoped(name: string): boolean {
    const { scoped } = this.#parts;
    return scoped.column(name) !== undefined || scoped.hidden(name) !== undefined;
  }

  /** @returns the name of the table in `main`; `undefined` for the schema */
  #assertOpened({ database, root, writes }: Opened): string | undefined {
    if (root === schemaRoot && (database === main || database === temp)) {
      if (writes) throw notWritten('sqlite_schema');
      return undefined;
    }
    const name = database === main ? this.#names.get(root) : undefined;
    if (name === undefined) throw notOfSystem('a table outside the database');
    const access = name === 'sqlite_sequence' ? 'read and write' : this.#parts.tables.access(name);
    if (access === 'read and write' || (access === 'read' && !writes)) return name;
    const side = this.#parts.tables.side(name);
    if (side) throw writtenByTriggers(side);
    throw access === 'read' ? notWritten(name) : notOfSystem(name);
  }

  #assertVirtual(found: ReadonlySet<string>): void {
    const known = new Set<string>();
    // EXPLAIN gives only their addresses on this connection
    for (const name of ['json_each', 'json_tree', ...this.#parts.scoped.wordIndexes.map(inMain)]) {
      const address = this.#addressOf(name);
      if (address !== undefined) known.add(address);
    }
    for (const each of found) if (!known.has(each)) throw notOfSystem('a virtual table');
  }

  #addressOf(name: string): string | undefined {
    try {
      return [...programOf(this.#database, `SELECT 1 FROM ${name}`).virtualTables][0];
    } catch {
      // an index that a later migration makes
      return undefined;
    }
  }
}

const inMain = (name: string): string => `main.${identifier(name)}`;

const notOfSystem = (name: string): AshlarError =>
  new AshlarError('privilege-missing', {
    message: `A session may not use ${name}.`,
    detail: 'A session reads and writes the tables and the views of its system, and nothing else.',
    suggestion: 'Declare the table in the system, or do this work as the owner, in a migration.',
  });

const notWritten = (name: string): AshlarError =>
  new AshlarError('privilege-missing', {
    message: `A session may not write to ${name}.`,
    detail: 'A session writes the tables of its system, and nothing else.',
    suggestion: 'Declare the table in the system, or do this work as the owner, in a migration.',
  });

const functionRefused = (name: string): AshlarError =>
  new AshlarError('privilege-missing', {
    message: `A session may not call the function ${name}.`,
    detail:
      'A session calls functions that compute from their arguments: none that changes the connection, loads code or writes files.',
    suggestion: 'Compute the value in the application, and bind it as a parameter.',
  });
