import type { GuardedTable } from '../../../contract/guarantee.js';
import { codeOf, stringOf, triggerTable } from '../../../sql/code.js';
import { generatedColumnObjects } from '../schema/generated-columns.js';

/**
 * The texts with which the triggers of the registered tables refuse statements. SQLite reports the text of a trigger
 * and not its table, so the table is found by the text.
 */
export class RefusalTexts {
  readonly #registered = new Set<GuardedTable>();
  /** The tables whose triggers have a text; made when the first error needs it. */
  #tables: Map<string, Set<string>> | undefined;

  register(tables: readonly GuardedTable[]): void {
    for (const table of tables) this.#registered.add(table);
    this.#tables = undefined;
  }

  /**
   * Returns the table on which a trigger refused a statement.
   *
   * @param likely - the table that the statement writes to, in case triggers of several tables have the text
   */
  table(text: string, likely: string | undefined): string | undefined {
    this.#tables ??= textsOf([...this.#registered]);
    const [first, ...others] = this.#tables.get(text) ?? [];
    if (others.length === 0) return first;
    return likely === first || (likely !== undefined && others.includes(likely)) ? likely : undefined;
  }
}

const textsOf = (tables: readonly GuardedTable[]): Map<string, Set<string>> => {
  const found = new Map<string, Set<string>>();
  for (const table of tables) {
    const guaranteed = table.guarantees.flatMap(({ sqlite }) =>
      sqlite.level === 'refused' ? [] : sqlite.objects(table),
    );
    for (const { type, sql } of [...guaranteed, ...generatedColumnObjects(table)]) {
      if (type !== 'trigger') continue;
      const { on, texts } = parsed(sql);
      for (const text of texts) found.set(text, (found.get(text) ?? new Set()).add(on));
    }
  }
  return found;
};

// CREATE TRIGGER name BEFORE UPDATE ON table … RAISE(ABORT, 'text')
const parsed = (sql: string): { readonly on: string; readonly texts: readonly string[] } => {
  const tokens = codeOf(sql, 'sqlite');
  return {
    on: triggerTable(tokens),
    texts: tokens.filter((_, at) => tokens[at - 4]?.word === 'RAISE').map(stringOf),
  };
};
