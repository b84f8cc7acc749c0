import { randomInt } from 'node:crypto';
import type { TableFacts } from '../../../contract/table.js';
import { literal } from '../../../model/index.js';
import { codeOf } from '../../../sql/code.js';
import { firstWord } from '../../../sql/kind.js';
import { onlyComputes } from './calls.js';
import { isKept, isPlainRead } from './statement-kind.js';

/** The name of Ashlar's connections in pg_stat_activity. */
export const applicationName = 'ashlar';

const steps = 2 ** 47;

/** A call that gives `random()` on a connection a seed that nobody knows: RESET ALL leaves the seed that a session chose. */
export function reseed(): string {
  return `pg_catalog.setseed(${randomInt(steps) / steps})`;
}

// what a transaction does not undo when it is rolled back
const resetBeyondTransaction = (): string =>
  `SELECT pg_catalog.pg_advisory_unlock_all(), ${reseed()}; DISCARD SEQUENCES`;
const resetWithTransaction =
  'RESET SESSION AUTHORIZATION; SET ROLE NONE; CLOSE ALL; UNLISTEN *; DISCARD TEMP; RESET ALL';

/** Returns what brings a connection back to the state in which it was opened, except for the statements that Ashlar prepared. */
export function resetConnection(): string {
  return `${resetWithTransaction}; ${resetBeyondTransaction()}`;
}

/**
 * Returns the reset of the connection and COMMIT in one message: behind a pooler, the next message may reach another connection.
 * COMMIT is the last of it, so that an error of the message is one of a transaction that was not committed. Deferred
 * constraints are checked first: their triggers could leave something too. The pooler gives the name of each client to its
 * connection, and takes RESET ALL for a change of that name.
 *
 * @param promised - the value of `synchronous_commit` with which the transaction is committed; by default that of the connection
 */
export function resetAndCommit(promised: string | undefined): string {
  const durability =
    promised === undefined
      ? ''
      : // only where it differs: a setting that was set does not follow a reload of the server's configuration
        `SELECT pg_catalog.set_config(name, value, true) FROM (VALUES ('synchronous_commit', ${literal(promised)})) AS promised (name, value) WHERE pg_catalog.current_setting(name) <> value; `;
  return `SET CONSTRAINTS ALL IMMEDIATE; ${resetBeyondTransaction()}; ${resetWithTransaction}; SET application_name = '${applicationName}'; ${durability}COMMIT`;
}

/** Returns ROLLBACK and what it leaves to be reset, in one message. */
export function rollbackAndReset(): string {
  return `ROLLBACK; ${resetBeyondTransaction()}`;
}

const remembered = 1_000;

/**
 * Finds the statements that may change more of a connection than the transaction undoes or ends: `set_config(…, false)`, a
 * lock of the connection, a function that someone wrote. All others read and write rows and call only functions that
 * compute, so that no reset is needed after them.
 */
export class Lasting {
  readonly #passing = new Set<string>();
  readonly #columns = new Set<string>();
  #operatorsCall = false;

  /** @param operatorsCall - whether the database has operators or casts that someone wrote */
  constructor(operatorsCall = false) {
    this.#operatorsCall = operatorsCall;
  }

  /** Notes the names of tables and their columns: what stands after a point and is none of them may be a function. */
  register(tables: readonly TableFacts[]): void {
    for (const { name, columns } of tables) {
      this.#columns.add(name);
      for (const column of Object.values(columns)) this.#columns.add(column.name).add(column.property);
    }
    this.#passing.clear();
  }

  /** Notes whether the database has operators or casts that someone wrote, which any statement may call. */
  notice(operatorsCall: boolean): void {
    if (operatorsCall === this.#operatorsCall) return;
    this.#operatorsCall = operatorsCall;
    this.#passing.clear();
  }

  /** Whether the effects of a statement may outlast its transaction. */
  mayLast(sql: string): boolean {
    if (this.#passing.has(sql)) return false;
    if (this.#operatorsCall || !this.#isPassing(sql)) return true;
    if (this.#passing.size >= remembered) this.#passing.clear();
    this.#passing.add(sql);
    return false;
  }

  #isPassing(sql: string): boolean {
    if (!isKept(sql) && !(isPlainRead(sql) || firstWord(sql, 'postgres') === 'EXPLAIN')) return false;
    return onlyComputes(codeOf(sql, 'postgres'), (name) => this.#columns.has(name));
  }
}
