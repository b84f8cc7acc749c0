import type { Column } from '../../../contract/column.js';
import type { GuardedTable } from '../../../contract/guarantee.js';
import type { DeclaredView } from '../../../contract/objects.js';
import {
  everyScope,
  foldedName,
  hiddenTables,
  identifier,
  type SideTable,
  scopeValue,
} from '../../../model/index.js';
import { fullTextKey } from '../schema/declared-objects.js';

type Kind = 'text' | 'integer';
type Bound = 'low' | 'high';

// SQLite orders numbers before texts, and both before bytes
const ends: Readonly<Record<Kind, Readonly<Record<Bound, string | number | Buffer>>>> = {
  text: { low: '', high: Buffer.alloc(0) },
  integer: { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
};

// no row has the scope NULL
const boundOf = (scope: string | null, kind: Kind, bound: Bound): string | number | Buffer | null => {
  if (!scope) return null;
  if (scope === everyScope) return ends[kind][bound];
  if (kind === 'text') return scope;
  return String(Number(scope)) === scope ? Number(scope) : null;
};

const kinds: readonly Kind[] = ['text', 'integer'];
const bounds: readonly Bound[] = ['low', 'high'];

const functionName = (kind: Kind, bound: Bound): string => `ashlar_scope_${kind}_${bound}`;

/** The names of the SQL functions of {@link boundFunctions}. */
export const boundFunctionNames: readonly string[] = kinds.flatMap((kind) =>
  bounds.map((bound) => functionName(kind, bound)),
);

/**
 * Returns the SQL functions for the lower and upper bounds of the current scope; they call `current` to get that scope.
 */
export function boundFunctions(
  current: () => string | null,
): readonly { readonly name: string; readonly run: () => unknown }[] {
  return kinds.flatMap((kind) =>
    bounds.map((bound) => ({
      name: functionName(kind, bound),
      run: () => boundOf(current(), kind, bound),
    })),
  );
}

/** Returns the SQL condition that is true if a value of a scope column is within the session's scope. */
export function withinBounds(column: Column, value: string): string {
  const kind = column.kind === 'integer' ? 'integer' : 'text';
  return `${scopeValue(column, value)} BETWEEN ${functionName(kind, 'low')}() AND ${functionName(kind, 'high')}()`;
}

// only the scope of all rows begins with it
const inEveryScope = `${functionName('text', 'low')}() = ''`;

interface WordsView {
  readonly table: string;
  /** The key of the table, and the columns of the index that hold it. */
  readonly key: readonly string[];
  readonly fts: readonly string[];
}

/** The hidden column with the name of the index lets MATCH through the view to the index. */
const wordsView = (
  name: string,
  { table, key, fts }: WordsView,
): { readonly name: string; readonly sql: string } => {
  const shown = [
    ...fts.map((column) => (column === 'rowid' ? 'rowid' : identifier(column))),
    identifier(name),
  ];
  const same = key.map((column, at) => {
    const found = fts[at] ?? column;
    return `own.${identifier(column)} = found.${found === 'rowid' ? 'rowid' : identifier(found)}`;
  });
  return {
    name: identifier(name),
    sql:
      `CREATE TEMP VIEW ${identifier(name)} AS SELECT ${shown.map((column) => `found.${column} AS ${column}`).join(', ')} ` +
      `FROM main.${identifier(name)} AS found JOIN temp.${identifier(table)} AS own ON ${same.join(' AND ')}`,
  };
};

/**
 * The registered scoped tables with their scope columns; a session reaches only those rows of these tables that are in
 * its scope.
 */
export class ScopedTables {
  // by the names in lower case: SQLite ignores their case
  readonly #columns = new Map<string, { readonly table: string; readonly column: Column }>();
  readonly #words = new Map<string, WordsView>();
  readonly #free = new Set<string>();
  readonly #declaredViews = new Map<string, string>();
  readonly #hidden = new Map<string, SideTable>();
  #version = 0;

  /** A number that changes whenever scoped tables are registered; 0 as long as no scoped table is registered. */
  get version(): number {
    return this.#version;
  }

  register(tables: readonly GuardedTable[], views: readonly DeclaredView[] = []): void {
    for (const table of tables) {
      const column = table.facts.scope;
      for (const { name } of table.fullTexts ?? []) {
        if (column)
          this.#words.set(name, {
            table: table.name,
            key: table.primaryKey.columns,
            fts: fullTextKey(table),
          });
        else this.#free.add(name);
      }
      if (!column) {
        for (const { type, name } of table.objects ?? []) if (type === 'virtual table') this.#free.add(name);
        continue;
      }
      this.#columns.set(foldedName(table.name), { table: table.name, column });
      for (const side of hiddenTables(table, 'sqlite')) this.#hidden.set(foldedName(side.name), side);
      this.#version++;
    }
    for (const { name, sql } of views) this.#declaredViews.set(name, sql.sqlite);
    if (this.#version > 0 && views.length > 0) this.#version++;
  }

  /** Whether a table has an index of words. */
  get hasWords(): boolean {
    return this.#words.size > 0 || this.#free.size > 0;
  }

  /** The names of the indexes of words, of tables with and without a scope. */
  get wordIndexes(): readonly string[] {
    return [...this.#words.keys(), ...this.#free];
  }

  /** Whether a temporary view shows only the rows of the scope under the name of a view or an index of words. */
  isShadowed(name: string): boolean {
    return this.#words.has(name) || this.#declaredViews.has(name);
  }

  /** Whether a virtual table is declared for a table without a scope, so that every session may read it. */
  isFree(name: string): boolean {
    return this.#free.has(name);
  }

  column(table: string): Column | undefined {
    return this.#columns.get(foldedName(table))?.column;
  }

  /**
   * Returns the side table of a scoped table that has this name; only sessions with every scope can read it, and no
   * session can write to it.
   */
  hidden(table: string): SideTable | undefined {
    return this.#hidden.get(foldedName(table));
  }

  /**
   * The names and definitions of the temporary views that hide scoped tables and their side tables. SQLite finds a
   * temporary view before a table of its name.
   */
  get views(): readonly { readonly name: string; readonly sql: string }[] {
    const view = (table: string, condition: string) => {
      const name = identifier(table);
      return { name, sql: `CREATE TEMP VIEW ${name} AS SELECT * FROM main.${name} WHERE ${condition}` };
    };
    return [
      ...[...this.#columns.values()].map(({ table, column }) =>
        view(table, withinBounds(column, identifier(column.name))),
      ),
      ...[...this.#words].map(([name, words]) => wordsView(name, words)),
      ...[...this.#declaredViews].map(([name, query]) => ({
        name: identifier(name),
        sql: `CREATE TEMP VIEW ${identifier(name)} AS\n${query}`,
      })),
      ...[...this.#hidden.values()].map(({ name }) => view(name, inEveryScope)),
    ];
  }
}
