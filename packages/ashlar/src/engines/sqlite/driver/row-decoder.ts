import type { TableFacts } from '../../../contract/table.js';
import { type Decode, decoderOf } from '../values/codec.js';
import type { DriverColumn } from './driver.js';

/** Decodes a row in place. */
export type DecodeRow = (row: Record<string, unknown>) => void;

/** The columns of the registered tables that SQLite stores in another form than their Zod type. */
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

  decoder(table: string, column: string): Decode | undefined {
    return this.#decoders.get(table)?.get(column);
  }
}

/** The decoder for the rows of a statement, by the origin of each result column; `undefined` when no column needs one. */
export function rowDecoder(columns: readonly DriverColumn[], origins: Origins): DecodeRow | undefined {
  // of two result columns with the same name, the row contains the later one
  const byName = new Map<string, Decode | undefined>();
  for (const { name, table, column } of columns) {
    byName.set(name, table !== null && column !== null ? origins.decoder(table, column) : undefined);
  }
  const decoders = [...byName].flatMap(([name, decode]) => (decode ? [{ name, decode }] : []));
  if (decoders.length === 0) return undefined;
  return (row) => {
    for (const { name, decode } of decoders) row[name] = decode(row[name]);
  };
}
