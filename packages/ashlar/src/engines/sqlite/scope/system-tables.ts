import type { GuardedTable } from '../../../contract/guarantee.js';
import type { DeclaredView } from '../../../contract/objects.js';
import { type SideTable, sideTables } from '../../../model/index.js';
import { namesIn } from '../../../sql/code.js';
import { identityTable } from '../../../sql/identity-table.js';
import { testMarkTable } from '../../../sql/test-mark.js';

/** What a session may do with a table. */
export type Access = 'read and write' | 'read' | 'none';

// the tables of SQLite and of Ashlar, which no declaration can have: sqlite_stat4, ashlar_session
const reserved = /^(sqlite|ashlar)_/;
/** The history of migrations, from which `connect` reads whether the database is up to date. */
const history = 'ashlar_migrations';

/** The tables of the registered systems, by their names. */
export class SystemTables {
  readonly #tables = new Set<string>();
  readonly #sides = new Map<string, SideTable>();
  readonly #inViews = new Set<string>();
  // whose other tables are in the same file
  #isGuard = false;
  #version = 0;

  /** A number that changes whenever tables are registered. */
  get version(): number {
    return this.#version;
  }

  register(tables: readonly GuardedTable[], views: readonly DeclaredView[] = []): void {
    for (const table of tables) {
      this.#tables.add(table.name.toLowerCase());
      if (table.external) this.#isGuard = true;
      for (const side of sideTables(table, 'sqlite')) this.#sides.set(side.name.toLowerCase(), side);
    }
    for (const { sql } of views)
      for (const name of namesIn(sql.sqlite, 'sqlite')) this.#inViews.add(name.toLowerCase());
    this.#version++;
  }

  /** The side table of a guarantee with this name in lower case: no session writes to it. */
  side(name: string): SideTable | undefined {
    return this.#sides.get(name);
  }

  /** Whether no system is registered, so that nothing is known of its tables. */
  get isEmpty(): boolean {
    return this.#tables.size === 0;
  }

  /**
   * What a session may do with a table of the database, whose name is in lower case: everything with those of the system,
   * and reading with the side tables, the history of migrations, the mark of a test database, the database's identity, and the
   * tables that a declared view reads. With a guard every other table of the file is the tool's, and its foreign keys reach it.
   */
  access(name: string): Access {
    if (this.#tables.has(name)) return 'read and write';
    if (name === history || name === testMarkTable || name === identityTable) return 'read';
    if (reserved.test(name)) return 'none';
    if (this.#isGuard && !this.#sides.has(name)) return 'read and write';
    return this.#sides.has(name) || this.#inViews.has(name) ? 'read' : 'none';
  }
}
