import type { Engine } from '../../contract/engine.js';
import type { LedgerReader } from '../../contract/ledger.js';
import type { TableFacts } from '../../contract/table.js';
import { AshlarError } from '../../errors.js';
import { ledgerNames } from '../../guarantees/ledgered/names.js';
import { ledgerReader } from '../../guarantees/ledgered/reader.js';
import { everyScope } from '../../model/index.js';
import { type Verification, type VerifyOptions, verifyEntries } from '../verify.js';

/** Lists the tables whose ledger exists in the database, because its migration has been applied. */
export function existingLedgers(
  engine: Engine,
  tables: readonly TableFacts[],
): Promise<readonly TableFacts[]> {
  return engine.asOwner(async (owner) => {
    const present = new Set((await engine.introspect(owner)).tables.map(({ name }) => name));
    return tables.filter((table) => present.has(ledgerNames(table).entries));
  });
}

/**
 * Calls `work` with a reader of a table's ledger. It reads one snapshot, of every scope. Only the owner and the
 * auditor may read the ledger of a scoped table.
 *
 * @throws AshlarError `usage` where the table is not ledgered; `privilege-missing` where the user may not read it
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
    throw table.facts.scope && isForbidden(error) ? notAllowed(table, error) : error;
  } finally {
    await transaction.rollback();
  }
}

const isForbidden = (error: unknown): error is AshlarError =>
  error instanceof AshlarError && error.code === 'privilege-missing';

const notAllowed = ({ name }: TableFacts, cause: AshlarError): AshlarError =>
  new AshlarError('privilege-missing', {
    message: `This user may not read the ledger of ${name}.`,
    detail: `${name} is scoped, and its ledger contains the rows of every scope: only the owner and the auditor may read it.`,
    suggestion: 'Set DATABASE_MIGRATE_URL to the URL of the owner or the auditor.',
    cause,
  });

/**
 * Seals a table's ledger and verifies it: all entries, or only the entries after a trusted root.
 *
 * @throws AshlarError `usage` where the table is not ledgered; `lock-timeout` where it cannot be sealed
 */
export async function verifyTable(
  engine: Engine,
  table: TableFacts,
  options: VerifyOptions = {},
): Promise<Verification> {
  const mark = await withLedger(engine, table, (reader) => reader.mark());
  const unsealed = await engine.seal().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const found = await withLedger(engine, table, (reader) =>
    verifyEntries(reader, { ...options, mark: unsealed ? undefined : mark }),
  );
  // sealing fails on a ledger that was tampered with: its problems say why better than the error does
  if (unsealed && found.problems.length === 0) throw unsealed.error;
  return found;
}
