import { AshlarError } from '../errors.js';
import { folderOf, ledgersOf, type OpenLedger, originOf } from '../ledger/database/checkpoints.js';
import { assertInitialised } from './assert-initialised.js';
import type { Invocation } from './invocation.js';

/** The options that select ledgers and the folder of their checkpoints. */
export interface LedgerOptions {
  readonly table?: string;
  readonly checkpoints?: string;
}

/**
 * Opens the database of each system, and passes its ledgers to `work` one by one.
 *
 * @throws AshlarError `usage` where there is no ledger, or none of that table; `migration-pending` where the database is not
 *   initialised
 */
export async function withLedgers<T>(
  invocation: Invocation,
  { table, checkpoints }: LedgerOptions,
  work: (ledger: OpenLedger) => Promise<T>,
): Promise<T[]> {
  const { signer, verifiers, folder } = invocation.ledgerKeys();
  const all = (await invocation.systems()).map((system) => ({
    system,
    tables: ledgersOf(system).filter(({ name }) => table === undefined || name === table),
  }));
  if (all.every(({ tables }) => tables.length === 0)) {
    throw new AshlarError('usage', {
      message:
        table === undefined ? 'No system has a ledger.' : `No system has a ledger of a table ${table}.`,
      suggestion: 'Declare a table with ledgered(), or name another with --table or --system.',
    });
  }
  const results: T[] = [];
  for (const { system, tables } of all) {
    if (tables.length === 0) continue;
    await invocation.withEngine(
      // the application's user may not read the ledgers of scoped tables
      'owner',
      async (engine) => {
        await assertInitialised(engine, system);
        engine.register(Object.values(system.tables));
        for (const each of tables) {
          results.push(
            await work({
              engine,
              system,
              table: each,
              origin: originOf(system, each),
              checkpoints: checkpoints ?? folderOf(folder, system, each),
              signer,
              verifiers,
            }),
          );
        }
      },
      { create: false, system },
    );
  }
  return results;
}

/** Passes to `work` the one ledger that the options select. @throws AshlarError `usage` if there are several */
export async function withLedger<T>(
  invocation: Invocation,
  options: LedgerOptions,
  work: (ledger: OpenLedger) => Promise<T>,
): Promise<T> {
  const count = (await invocation.systems())
    .flatMap(ledgersOf)
    .filter(({ name }) => options.table === undefined || name === options.table).length;
  if (count > 1) {
    throw new AshlarError('usage', {
      message: 'This command works on one ledger, and there are several.',
      suggestion: 'Choose one with --table.',
    });
  }
  const [result] = await withLedgers(invocation, options, work);
  return result as T;
}
