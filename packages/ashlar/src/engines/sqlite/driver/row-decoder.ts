import type { ResultKind, ResultKinds } from '../../../contract/answers.js';
import type { ColumnKind } from '../../../contract/column.js';
import type { TableFacts } from '../../../contract/table.js';
import { type Decode, decoderOf, exactDecoder, resultDecoder, withoutBuffer } from '../values/codec.js';
import type { DriverColumn, DriverStatement } from './driver.js';

/** A function that decodes the values of a row, and changes them in the row itself. */
export type DecodeRow = (row: Record<string, unknown>) => void;

/**
 * The decoders of the columns in registered tables whose values are stored in another form than their Zod type
 * describes.
 */
export class Origins {
  readonly #origins = new Map<string, Map<string, Origin>>();
  #readsExactly = false;

  register(tables: readonly TableFacts[]): void {
    for (const table of tables) {
      const origins = new Map<string, Origin>();
      for (const column of Object.values(table.columns)) {
        const decode = decoderOf(column);
        if (decode) origins.set(column.name, { kind: column.kind, decode });
        if (isExact(column.kind)) this.#readsExactly = true;
      }
      this.#origins.set(table.name, origins);
    }
  }

  /** Whether the driver must read integers exactly, as bigints: some registered column holds integers beyond 2^53. */
  get readsExactly(): boolean {
    return this.#readsExactly;
  }

  find(table: string, column: string): Origin | undefined {
    return this.#origins.get(table)?.get(column);
  }
}

const isExact = (kind: ColumnKind | undefined): boolean => kind === 'bigint' || kind === 'decimal';

/** What a column of a registered table says about its values. */
interface Origin {
  readonly kind: ColumnKind;
  readonly decode: Decode;
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
  const signature = kinds && [...kinds].map(([name, form]) => `${name}:${form.kind}${widthOf(form)}`).join();
  if (prepared.decode === null || prepared.kinds !== signature) {
    prepared.decode = rowDecoder(prepared.statement.columns(), origins, kinds);
    prepared.kinds = signature;
  }
  return prepared.decode;
}

const widthOf = ({ digits, element }: ResultKind): string =>
  String(digits?.scale ?? (element ? `${element.kind}${element.precision}` : ''));

/** Makes the decoder for the rows of a statement; `undefined` if no result column needs decoding. */
function rowDecoder(
  columns: readonly DriverColumn[],
  origins: Origins,
  kinds?: ResultKinds,
): DecodeRow | undefined {
  // of two result columns with the same name, the row contains the later one
  const byName = new Map<string, Decode | undefined>();
  for (const { name, table, column } of columns) {
    const known = kinds?.get(name);
    const origin = table !== null && column !== null ? origins.find(table, column) : undefined;
    const decode = known ? resultDecoder(name, known) : origin ? origin.decode : withoutBuffer;
    const exact = isExact((known ?? origin)?.kind);
    byName.set(name, origins.readsExactly ? exactDecoder(name, decode, exact) : decode);
  }
  const decoders = [...byName].flatMap(([name, decode]) => (decode ? [{ name, decode }] : []));
  if (decoders.length === 0) return undefined;
  return (row) => {
    for (const { name, decode } of decoders) row[name] = decode(row[name]);
  };
}
