import type { ResultKinds } from '../../../contract/answers.js';
import type { TableFacts } from '../../../contract/table.js';
import { type Decode, decoderOf, resultDecoder, withoutBuffer } from '../values/codec.js';
import type { DriverColumn, DriverStatement } from './driver.js';

/** A function that decodes the values of a row, and changes them in the row itself. */
export type DecodeRow = (row: Record<string, unknown>) => void;

/**
 * The decoders of the columns in registered tables whose values are stored in another form than their Zod type
 * describes.
 */
export class Origins {
  readonly #decoders = new Map<string, Map<string, Decode>>();

  register(tables: readonly TableFacts[]): void {
    for (const table of tables) {
      const decoders = new Map<string, Decode>();
      for (const column of Object.values(table.columns)) {
        const decode = decoderOf(column);
        if (decode) decoders.set(column.name, decode);
      }
      this.#decoders.set(table.name, decoders);
    }
  }

  /** Returns the decoder of a result column that comes from a column of a table. */
  decoder({ table, column }: DriverColumn): Decode | undefined {
    const decoders = table === null ? undefined : this.#decoders.get(table);
    return decoders && column !== null ? decoders.get(column) : withoutBuffer;
  }
}

/** A prepared statement with the decoder of its rows. */
export interface Decoded {
  readonly statement: DriverStatement;
  /** `null` until the statement has run once. */
  decode: DecodeRow | undefined | null;
  /** What the query that last ran the statement said about the columns of its result. */
  kinds: string | undefined;
}

/**
 * Returns the decoder for the rows of a statement that has run: SQLite notices a schema change by another connection
 * only when a statement runs.
 */
export function decoderFor(prepared: Decoded, origins: Origins, kinds?: ResultKinds): DecodeRow | undefined {
  const signature = kinds && [...kinds].map(([name, { kind }]) => `${name}:${kind}`).join();
  if (prepared.decode === null || prepared.kinds !== signature) {
    prepared.decode = rowDecoder(prepared.statement.columns(), origins, kinds);
    prepared.kinds = signature;
  }
  return prepared.decode;
}

/** Makes the decoder for the rows of a statement; `undefined` if no result column needs decoding. */
function rowDecoder(
  columns: readonly DriverColumn[],
  origins: Origins,
  kinds?: ResultKinds,
): DecodeRow | undefined {
  // of two result columns with the same name, the row contains the later one
  const byName = new Map<string, Decode | undefined>();
  for (const column of columns) {
    const { name } = column;
    const known = kinds?.get(name);
    byName.set(name, known ? resultDecoder(name, known) : origins.decoder(column));
  }
  const decoders = [...byName].flatMap(([name, decode]) => (decode ? [{ name, decode }] : []));
  if (decoders.length === 0) return undefined;
  return (row) => {
    for (const { name, decode } of decoders) row[name] = decode(row[name]);
  };
}
