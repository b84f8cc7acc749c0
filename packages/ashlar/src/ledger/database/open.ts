import type { Engine } from '../../contract/engine.js';
import type { SystemFacts } from '../../contract/system.js';
import type { TableFacts } from '../../contract/table.js';
import { AshlarError } from '../../errors.js';
import { Secret } from '../../settings/secret.js';
import { parsePrivateKey, parseVerifierKey, treeRoot } from '../index.js';
import { folderOf, keptCheckpoints, type OpenLedger, originOf } from './checkpoints.js';
import { withLedger } from './ledgers.js';

/** The keys and the checkpoints of a ledger. `settings()` reads all of them from the environment. */
export interface OpenLedgerOptions {
  /** The folder of the checkpoints of all ledgers; each ledger has a folder inside it. Default: none are kept. */
  readonly checkpoints?: string | undefined;
  /** The private key that signs checkpoints, as `ashlar ledger key new` writes it. Default: nothing can be signed. */
  readonly key?: string | Secret | undefined;
  /** The public keys of further trusted signers, such as the former key. */
  readonly publicKeys?: readonly string[] | undefined;
}

/**
 * Opens the ledger of a table, for the functions that verify, sign, prove and export it. The ledger of a scoped table has
 * the rows of every scope: open the engine as the owner or the auditor for it.
 *
 * @throws AshlarError `usage` where the table is not one of the system, or is not ledgered; `settings-invalid` for a
 *   malformed key
 *
 * @example
 * const { ledgerCheckpoints, ledgerKey, ledgerPublicKeys } = settings();
 * const ledger = openLedger(db.engine, shop, payments, {
 *   checkpoints: ledgerCheckpoints,
 *   key: ledgerKey,
 *   publicKeys: ledgerPublicKeys,
 * });
 * const { problems } = await verifyLedger(ledger);
 */
export function openLedger(
  engine: Engine,
  system: SystemFacts,
  table: TableFacts,
  { checkpoints, key, publicKeys = [] }: OpenLedgerOptions = {},
): OpenLedger {
  if (!Object.values(system.tables).some((one) => one.name === table.name) || !table.facts.ledger?.log) {
    throw new AshlarError('usage', {
      message: `The system ${system.name} has no ledger of a table ${table.name}.`,
      suggestion: 'Declare the table with ledgered(), and name it among the tables of the system.',
    });
  }
  const signer =
    key === undefined ? undefined : parsePrivateKey(typeof key === 'string' ? new Secret(key) : key);
  const others = publicKeys.map(parseVerifierKey);
  engine.register(Object.values(system.tables));
  return {
    engine,
    system,
    table,
    origin: originOf(system, table),
    checkpoints: checkpoints === undefined ? undefined : folderOf(checkpoints, system, table),
    signer,
    verifiers: signer ? [signer, ...others] : others,
  };
}

/** The state of a ledger: its stored tree, and its newest signed checkpoint. */
export interface LedgerState {
  /** The name of the ledger in its checkpoints, for example `shop/payments`. */
  readonly ledger: string;
  /** The number of sealed entries. */
  readonly size: number;
  /** The root of the tree over the sealed entries, in base64. */
  readonly root: string;
  /** The number of committed rows that are not sealed yet. */
  readonly unsealed: number;
  /** The time of the last seal (ISO 8601); `null` if nothing is sealed. */
  readonly lastBlock: string | null;
  /** The size of the newest kept checkpoint; `null` if none is kept. */
  readonly lastCheckpoint: number | null;
}

/**
 * Reads the state of a ledger. Seals and verifies nothing; {@link verifyLedger} does.
 *
 * @throws AshlarError as {@link keptCheckpoints}; `privilege-missing` where the user may not read the ledger
 */
export async function ledgerState(ledger: OpenLedger): Promise<LedgerState> {
  const kept = await keptCheckpoints(ledger);
  return withLedger(ledger.engine, ledger.table, async (reader) => {
    const block = await reader.lastBlock();
    const size = block?.size ?? 0;
    return {
      ledger: ledger.origin,
      size,
      root: (await treeRoot(reader, size)).toString('base64'),
      unsealed: await reader.unsealed(),
      lastBlock: block?.sealedAt ?? null,
      lastCheckpoint: kept.at(-1)?.size ?? null,
    };
  });
}
