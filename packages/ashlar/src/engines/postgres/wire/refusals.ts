import type { Guarantee, GuardedTable } from '../../../contract/guarantee.js';
import type { Privilege } from '../../../contract/rights.js';
import { AshlarError } from '../../../errors.js';
import { identityColumn, isComputed, propertiesOf, rightsOf } from '../../../model/index.js';
import { codeOf, mentions } from '../../../sql/code.js';
import { DeclaredFacts } from '../../declared-facts.js';
import { computedViolation, guaranteeViolation, sideTableViolation } from '../../violations.js';
import { asAshlarError, deniedTable } from './errors.js';

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
  readonly #declared = new DeclaredFacts();

  register(tables: readonly GuardedTable[]): void {
    this.#declared.register(tables);
  }

  /** Runs `work`, which sends `sql`, and translates errors of the driver into AshlarErrors. @throws AshlarError */
  async translated<T>(sql: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#refused(sql, error);
    }
  }

  /** Translates an error of the driver; its facts have the names that the registered tables declare. */
  explained(error: unknown): AshlarError {
    return asAshlarError(error, this.#declared);
  }

  #refused(sql: string, error: unknown): AshlarError {
    const made = this.explained(error);
    if ((made.cause as { code?: string } | undefined)?.code === '428C9') return this.#generated(sql, made);
    if (made.code !== 'privilege-missing') return made;
    const relation = deniedTable(made.detail);
    const table = this.#declared.table(relation);
    const tried = codeOf(sql, 'postgres').find(({ word }) => rights.has(word))?.word ?? '';
    const right = rights.get(tried);
    if (!right) return made;
    if (!table) return this.#refusedSideTable(made);
    // the application never has a right on a partition by its name
    if (table.name !== relation || rightsOf(table)[right] === 'all') return made;
    const withholding = table.guarantees.filter((guarantee) => withholds(guarantee, table, right));
    const [first] = withholding;
    const names = withholding.length > 0 ? withholding.map(({ name }) => name) : ['autoincrement'];
    return new AshlarError('guarantee-violated', {
      message: `The application's role may not ${tried.toLowerCase()} the columns or rows of ${table.name} that the statement uses.`,
      detail: `The guarantees of the table withhold this right: ${names.join(', ')}.`,
      facts: this.#declared.guarantee(first?.name ?? 'autoincrement', table.name, ''),
      cause: made.cause,
    });
  }

  // the server names the column alone
  #generated(sql: string, made: AshlarError): AshlarError {
    if (made.facts.guarantee === 'computed') return this.#computed(sql, made);
    const [table, ...others] = this.#declared.tables.filter(
      (each) =>
        made.message.includes(` ${identityColumn(each)?.name} `) && mentions(sql, each.name, 'postgres'),
    );
    if (!table || others.length > 0) return made;
    const facts = this.#declared.guarantee('autoincrement', table.name, made.message);
    return new AshlarError(made.code, { ...guaranteeViolation(facts, made.message), cause: made.cause });
  }

  #computed(sql: string, made: AshlarError): AshlarError {
    const [name = ''] = made.facts.columns ?? [];
    const [table, ...others] = this.#declared.tables.filter(({ columns, name: own }) => {
      const column = columns[name];
      return column !== undefined && isComputed(column) && mentions(sql, own, 'postgres');
    });
    if (!table || others.length > 0) return made;
    const facts = { table: table.name, columns: propertiesOf(table, [name]), guarantee: 'computed' };
    return new AshlarError(made.code, { ...computedViolation(facts), cause: made.cause });
  }

  #refusedSideTable(made: AshlarError): AshlarError {
    const facts = this.#declared.sideTable(made.facts.table);
    if (!facts) return made;
    return new AshlarError('guarantee-violated', { ...sideTableViolation(facts), cause: made.cause });
  }
}

const withholds = ({ postgres }: Guarantee, table: GuardedTable, right: Privilege): boolean => {
  const { withheld, notInsertable, updatable } =
    (postgres.level === 'refused' ? undefined : postgres.rights?.(table)) ?? {};
  if (withheld?.includes(right)) return true;
  return (
    (right === 'insert' && notInsertable !== undefined) || (right === 'update' && updatable !== undefined)
  );
};
