import type { GuardedTable } from '../../../contract/guarantee.js';
import type { RunNow } from '../../../contract/sql.js';
import type { TransactionOptions } from '../../../contract/transaction.js';
import { everyScope } from '../../../model/index.js';
import type { Connection } from '../driver/connection.js';
import { sessionRow, sessionTable } from '../schema/foundation.js';

/** What the guarantees of the registered tables want done in each transaction that writes. */
export class GuaranteeHooks {
  #readsSession = false;
  #beforeCommit: readonly ((run: RunNow) => void)[] = [];
  #hasSessionTable = false;
  #left = false;
  readonly #registered = new Set<GuardedTable>();

  /** A table that is registered again is no other one: what it wants done is done once. */
  register(tables: readonly GuardedTable[]): void {
    const added = tables.filter((table) => !this.#registered.has(table));
    for (const table of added) this.#registered.add(table);
    const enforcements = added.flatMap((table) =>
      table.guarantees.flatMap(({ sqlite }) => (sqlite.level === 'refused' ? [] : [{ table, sqlite }])),
    );
    this.#readsSession ||= enforcements.some(({ sqlite }) => sqlite.readsSession);
    this.#beforeCommit = [
      ...this.#beforeCommit,
      ...enforcements.flatMap(({ table, sqlite }) => sqlite.beforeCommit?.(table) ?? []),
    ];
  }

  /** Whether anything is done before a commit. */
  get seals(): boolean {
    return this.#beforeCommit.length > 0;
  }

  /** Leaves the session's actor and scope for triggers to read, in a transaction that has just begun. */
  begin(connection: Connection, { actor, scope }: Pick<TransactionOptions, 'actor' | 'scope'>): void {
    this.#left = false;
    if (this.#readsSession) this.#leave(connection, actor, scope);
  }

  /** The same for the owner, whose migrations may meet tables that nobody has registered. */
  beginAsOwner(connection: Connection): void {
    this.#leave(connection, 'owner', everyScope);
  }

  #leave(connection: Connection, actor: string | null, scope: string | null): void {
    // a database that was not brought up has no such table yet; once there, it stays
    this.#hasSessionTable ||= connection.internal(sessionTable.exists).length > 0;
    this.#left = this.#hasSessionTable;
    if (this.#left) connection.internal(sessionRow.write, [actor, scope]);
  }

  readonly beforeCommit = (connection: Connection): void => {
    const run: RunNow = (sql, parameters = []) => connection.internal(sql, parameters);
    for (const work of this.#beforeCommit) work(run);
    if (this.#left) connection.internal(sessionRow.remove);
  };
}
