import type { TreeReader } from '../../src/contract/ledger.js';
import { type Checkpoint, signCheckpoint } from '../../src/ledger/checkpoint.js';
import { leafHash } from '../../src/ledger/merkle.js';
import type { Signer } from '../../src/ledger/note.js';
import { type ConsistencyProof, formatConsistency, formatProof } from '../../src/ledger/proof-file.js';
import { consistencyProof, inclusionProof, treeRoot } from '../../src/ledger/proofs.js';
import { readerOf } from './trees.js';

/** A log in memory, with entries in the form of a ledgered table. */
export interface TestLog {
  readonly origin: string;
  readonly entries: readonly Buffer[];
  readonly reader: TreeReader;
  head(size?: number): Promise<Checkpoint>;
  proof(position: number, size: number, signer: Signer): Promise<string>;
  consistency(from: number, size: number, signer: Signer): Promise<string>;
}

/** An entry in the form of a ledgered table. */
export const entryOf = (log: string, at: number): Buffer =>
  Buffer.from(
    JSON.stringify([
      'ashlar/entry/v1',
      log,
      at.toString(16).padStart(32, '0'),
      '2030-01-02T03:04:05.678Z',
      { id: at, what: 'péage' },
    ]),
  );

export const logOf = (origin: string, entries: readonly Buffer[]): TestLog => {
  const reader = readerOf(entries.map(leafHash));
  const head = async (size = entries.length): Promise<Checkpoint> => ({
    origin,
    size,
    root: await treeRoot(reader, size),
  });
  const signed = async (size: number, signer: Signer): Promise<string> =>
    signCheckpoint(await head(size), signer);
  return {
    origin,
    entries,
    reader,
    head,
    proof: async (position, size, signer) =>
      formatProof({
        entry: entries[position] ?? Buffer.of(),
        position,
        path: await inclusionProof(reader, position, size),
        checkpoint: await signed(size, signer),
      }),
    consistency: async (from, size, signer) => {
      const proof: ConsistencyProof = {
        from,
        path: await consistencyProof(reader, from, size),
        checkpoint: await signed(size, signer),
      };
      return formatConsistency(proof);
    },
  };
};

/** A log of `count` different entries. */
export const testLog = (count: number, origin = 'example.com/audit'): TestLog =>
  logOf(
    origin,
    Array.from({ length: count }, (_, at) => entryOf(origin, at)),
  );
