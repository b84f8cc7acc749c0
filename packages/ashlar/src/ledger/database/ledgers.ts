import type { Engine } from '../../contract/engine.js';
import type { LedgerReader } from '../../contract/ledger.js';
import type { TableFacts } from '../../contract/table.js';
import { AshlarError } from '../../errors.js';
import { ledgerNames } from '../../guarantees/ledgered/names.js';
import { ledgerReader } from '../../guarantees/ledgered/reader.js';
import { everyScope } from '../../model/index.js';
import { type Verification, type VerifyOptions, verifyLedger } from '../verify.js';

/** Those of the tables whose ledger is there: it is not where their system was never set up, or not yet as far. */
export function ledgersThere(engine: Engine, tables: readonly TableFacts[]): Promise<readonly TableFacts[]> {
  return engine.asOwner(async (owner) => {
    const there = new Set((await engine.introspect(owner)).tables.map(({ name }) => name));
    return tables.filter((table) => there.has(ledgerNames(table).entries));
  });
}

/**
 * Gives `work` a reader of a table's ledger. All it reads is of one moment, and of every scope. The ledger of a scoped
 * table is the owner's and the auditor's to read.
 *
 * @throws AshlarError `usage` where the table is no ledger; `privilege-missing` where the user may not read it
 */
export async function withLedger<T>(
  engine: Engine,
  table: TableFacts,
  work: (reader: LedgerReader) => Promise<T>,
): Promise<T> {
  const transaction = await engine.begin({ mode: 'read', actor: null, scope: everyScope, asOwner: true });
  try {
    const reader = ledgerReader(
      table,
      engine.dialect.name,
      async (sql, parameters = []) => (await transaction.execute(sql, parameters)).rows,
    );
    return await work(reader);
  } catch (error) {
    throw table.facts.scope && isForbidden(error) ? notYours(table, error) : error;
  } finally {
    await transaction.rollback();
  }
}

const isForbidden = (error: unknown): error is AshlarError =>
  error instanceof AshlarError && error.code === 'privilege-missing';

const notYours = ({ name }: TableFacts, cause: AshlarError): AshlarError =>
  new AshlarError('privilege-missing', {
    message: `This user may not read the ledger of ${name}.`,
    detail: `${name} is scoped, and its ledger holds the rows of every scope: the owner and the auditor read it.`,
    suggestion: 'Set DATABASE_MIGRATE_URL to the URL of one of them.',
    cause,
  });

/**
 * Verifies the ledger of a table, after sealing what was committed: everything, or from a root that is trusted.
 *
 * @throws AshlarError `usage` where the table is no ledger; `lock-timeout` where it cannot be sealed
 */
export async function verifyTable(
  engine: Engine,
  table: TableFacts,
  options: VerifyOptions = {},
): Promise<Verification> {
  const unsealed = await engine.seal().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const found = await withLedger(engine, table, (reader) => verifyLedger(reader, options));
  // a ledger that was tampered with may not be sealed any more, and says best why not
  if (unsealed && found.problems.length === 0) throw unsealed.error;
  return found;
}
