import type { DriverDatabase } from '../driver/driver.js';
import { boundFunctions, type ScopedTables } from './scoped-tables.js';

/** The temporary views of one connection, which shadow the scoped tables. */
export class ScopeViews {
  readonly #database: DriverDatabase;
  readonly #scoped: ScopedTables;
  readonly #current: () => string | null;
  #names: readonly string[] | undefined;
  #version = 0;

  /** @param current - returns the scope of the connection's session */
  constructor(database: DriverDatabase, scoped: ScopedTables, current: () => string | null) {
    this.#database = database;
    this.#scoped = scoped;
    this.#current = current;
  }

  /** Creates the views, unless they are those of the registered tables. @throws the driver's errors */
  create(): void {
    if (this.#version === this.#scoped.version) return;
    const views = this.#scoped.views;
    const readsOnly = this.#database.pragma('query_only', { simple: true }) === 1;
    if (readsOnly) this.#database.pragma('query_only = OFF');
    try {
      if (!this.#names) {
        // SQLite hoists only deterministic functions out of loops and into index searches; within a statement these are
        for (const { name, run } of boundFunctions(this.#current))
          this.#database.function(name, { deterministic: true }, run);
      }
      this.drop();
      this.#names = views.map(({ name }) => name);
      for (const { sql } of views) this.#database.exec(sql);
    } finally {
      if (readsOnly) this.#database.pragma('query_only = ON');
    }
    this.#version = this.#scoped.version;
  }

  /** Drops the views, so that the owner's statements reach the tables themselves. @throws the driver's errors */
  drop(): void {
    for (const view of this.#names ?? []) this.#database.exec(`DROP VIEW IF EXISTS temp.${view}`);
    this.#names &&= [];
    this.#version = 0;
  }
}
