import { type Engine, everyScope } from '../engines/engine.js';
import { ledgerReader } from '../guarantees/ledgered/reader.js';
import type { LedgerReader } from '../ledger/reader.js';
import { type Verification, type VerifyOptions, verifyLedger } from '../ledger/verify.js';
import type { Table } from '../table/index.js';

/**
 * Gives `work` a reader of a table's ledger. All it reads is of one moment, and of every scope.
 *
 * @throws AshlarError `usage` where the table is no ledger
 */
export const withLedger = async <T>(
  engine: Engine,
  table: Table,
  work: (reader: LedgerReader) => Promise<T>,
): Promise<T> => {
  const transaction = await engine.begin({ mode: 'read', actor: null, scope: everyScope });
  try {
    const reader = ledgerReader(
      table,
      engine.dialect.name,
      async (sql, parameters = []) => (await transaction.execute(sql, parameters)).rows,
    );
    return await work(reader);
  } finally {
    await transaction.rollback();
  }
};

/**
 * Verifies the ledger of a table, after sealing what was committed: everything, or from a root that is trusted.
 *
 * @throws AshlarError `usage` where the table is no ledger; `lock-timeout` where it cannot be sealed
 */
export const verifyTable = async (
  engine: Engine,
  table: Table,
  options: VerifyOptions = {},
): Promise<Verification> => {
  const unsealed = await engine.settle().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const found = await withLedger(engine, table, (reader) => verifyLedger(reader, options));
  // a ledger that was tampered with may not be sealed any more, and says best why not
  if (unsealed && found.problems.length === 0) throw unsealed.error;
  return found;
};
