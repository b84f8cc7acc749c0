import type { GuardedTable } from '../../../contract/guarantee.js';
import type { Privilege } from '../../../contract/rights.js';
import { AshlarError } from '../../../errors.js';
import { identityColumn, rightsOf } from '../../../model/index.js';
import { codeOf } from '../../../sql/code.js';
import { asAshlarError } from './errors.js';

const denied = /^permission denied for table (.*)$/;
const rights: ReadonlyMap<string, Privilege> = new Map([
  ['INSERT', 'insert'],
  ['UPDATE', 'update'],
  ['DELETE', 'delete'],
  ['TRUNCATE', 'delete'],
]);

/**
 * Translates errors of statements; if a right is missing, it distinguishes whether a guarantee withholds it or it was
 * never granted. Every engine then reports `guarantee-violated`, whether a trigger refused the statement or the role
 * lacks the right for it.
 */
export class Refusals {
  readonly #tables = new Map<string, GuardedTable>();

  register(tables: readonly GuardedTable[]): void {
    for (const table of tables) this.#tables.set(table.name, table);
  }

  /** Runs `work`, which sends `sql`, and translates errors of the driver into AshlarErrors. @throws AshlarError */
  async translated<T>(sql: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#explained(sql, error);
    }
  }

  #explained(sql: string, error: unknown): AshlarError {
    const made = asAshlarError(error);
    if (made.code !== 'privilege-missing') return made;
    const table = this.#tables.get(denied.exec(made.detail ?? '')?.[1] ?? '');
    const tried = codeOf(sql, 'postgres').find(({ word }) => rights.has(word))?.word ?? '';
    const right = rights.get(tried);
    if (!table || !right || rightsOf(table)[right] === 'all') return made;
    const generated = identityColumn(table) ? ['autoincrement'] : [];
    const names = [...generated, ...table.guarantees.map(({ name }) => name)].join(', ');
    return new AshlarError('guarantee-violated', {
      message: `The application's role may not ${tried.toLowerCase()} the columns or rows of ${table.name} that the statement uses.`,
      detail: `The guarantees of the table withhold this right: ${names}.`,
      cause: made.cause,
    });
  }
}
