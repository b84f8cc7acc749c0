import type { GuardedTable } from '../../../contract/guarantee.js';
import type { RunNow } from '../../../contract/sql.js';
import type { TransactionOptions } from '../../../contract/transaction.js';
import { everyScope, identityColumn, ownerActor } from '../../../model/index.js';
import type { Connection } from '../driver/connection.js';
import { sessionRow, sessionTable } from '../schema/foundation.js';

/** The work that the guarantees of the registered tables do in each writing transaction. */
export class GuaranteeHooks {
  #readsSession = false;
  #beforeCommit: readonly ((run: RunNow) => void)[] = [];
  #hasSessionTable = false;
  #contextStored = false;
  readonly #registered = new Set<GuardedTable>();

  /** Adds the work of the guarantees of the given tables. A table that is registered twice counts once. */
  register(tables: readonly GuardedTable[]): void {
    const added = tables.filter((table) => !this.#registered.has(table));
    for (const table of added) this.#registered.add(table);
    const enforcements = added.flatMap((table) =>
      table.guarantees.flatMap(({ sqlite }) => (sqlite.level === 'refused' ? [] : [{ table, sqlite }])),
    );
    this.#readsSession ||=
      enforcements.some(({ sqlite }) => sqlite.readsSession) || added.some((table) => identityColumn(table));
    this.#beforeCommit = [
      ...this.#beforeCommit,
      ...enforcements.flatMap(({ table, sqlite }) => sqlite.beforeCommit?.(table) ?? []),
    ];
  }

  /** Whether guarantees have work to do before a commit. */
  get hasBeforeCommit(): boolean {
    return this.#beforeCommit.length > 0;
  }

  /** Stores the session's actor and scope at the beginning of a transaction, so that triggers can read them. */
  begin(connection: Connection, { actor, scope }: Pick<TransactionOptions, 'actor' | 'scope'>): void {
    this.#contextStored = false;
    if (this.#readsSession) this.#storeContext(connection, actor, scope);
  }

  /** Stores the owner as the actor, with every scope, because migrations may change tables that are not registered. */
  beginAsOwner(connection: Connection): void {
    this.#storeContext(connection, ownerActor, everyScope);
  }

  #storeContext(connection: Connection, actor: string | null, scope: string | null): void {
    // a database that is not initialised does not have the table; once created, it is never dropped
    this.#hasSessionTable ||= connection.internal(sessionTable.exists).length > 0;
    this.#contextStored = this.#hasSessionTable;
    if (this.#contextStored) connection.internal(sessionRow.write, [actor, scope]);
  }

  readonly beforeCommit = (connection: Connection): void => {
    const run: RunNow = (sql, parameters = []) => connection.internal(sql, parameters);
    for (const work of this.#beforeCommit) work(run);
    if (this.#contextStored) connection.internal(sessionRow.remove);
  };
}
