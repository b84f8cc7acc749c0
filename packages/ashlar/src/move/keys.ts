import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import type { TableFacts } from '../contract/table.js';
import type { Transaction } from '../contract/transaction.js';
import { DataKeys, decryptRow, type Query, resultOf, runSteps, type Steps } from '../encryption/index.js';
import { isAshlarError } from '../errors.js';
import { everyScope, identifier, type Tables } from '../model/index.js';
import { encryptionOf } from '../session/master-keys.js';
import type { ColumnKeys } from '../settings/index.js';

const mostScopes = 1_000;
const mostRows = 100;

/**
 * Opens the data keys of a system in a database, and decrypts some rows of each of its tables: a move of encrypted columns
 * needs the keys, and a ciphertext must belong to its row in the target as in the source.
 *
 * @throws AshlarError `key-missing`, `key-wrong`, `decryption-failed`
 */
export async function assertReadable(
  engine: Engine,
  system: SystemFacts<Tables>,
  columnKeys: ColumnKeys | undefined,
): Promise<void> {
  const tables = Object.values(system.tables).filter(({ facts }) => facts.encryption);
  if (tables.length === 0) return;
  engine.register(Object.values(system.tables), Object.values(system.views ?? {}));
  const encryption = encryptionOf(engine, columnKeys);
  const transaction = await engine.begin({ mode: 'read', actor: null, scope: everyScope, asOwner: true });
  try {
    const keys = new DataKeys(encryption);
    const keyrings = new Set(tables.flatMap(({ facts }) => facts.encryption?.keys ?? []));
    for (const keyring of keyrings) await openKeys(transaction, keys, keyring);
    for (const table of tables) await decryptSome(transaction, keys, table);
  } finally {
    await transaction.rollback();
  }
}

const run = async <T>(transaction: Transaction, steps: Steps<T>): Promise<T> =>
  resultOf(
    await runSteps(
      steps,
      async ({ sql, parameters }: Query) => (await transaction.execute(sql, parameters)).rows,
    ),
  );

const openKeys = async (transaction: Transaction, keys: DataKeys, keyring: TableFacts): Promise<void> => {
  const { rows } = await transaction.execute(
    `SELECT DISTINCT scope FROM ${identifier(keyring.name)} WHERE shredded_at IS NULL ORDER BY scope LIMIT ${mostScopes}`,
    [],
  );
  for (const { scope } of rows) await run(transaction, keys.all(keyring, String(scope)));
};

const decryptSome = async (transaction: Transaction, keys: DataKeys, table: TableFacts): Promise<void> => {
  const columns = Object.values(table.columns).map(
    ({ name, property }) => `${identifier(name)} AS ${identifier(property)}`,
  );
  const given = (table.facts.encryption?.columns ?? []).map(({ name }) => `${identifier(name)} IS NOT NULL`);
  const { rows } = await transaction.execute(
    `SELECT ${columns.join(', ')} FROM ${identifier(table.name)} WHERE ${given.join(' OR ')} LIMIT ${mostRows}`,
    [],
  );
  for (const row of rows) {
    try {
      await run(transaction, decryptRow(keys, table, row));
    } catch (error) {
      // nothing can decrypt these rows, and nothing should
      if (!isAshlarError(error, 'scope-shredded')) throw error;
    }
  }
};
