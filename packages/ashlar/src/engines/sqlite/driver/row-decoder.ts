import type { ResultKind, ResultKinds } from '../../../contract/answers.js';
import type { ColumnKind } from '../../../contract/column.js';
import type { TableFacts } from '../../../contract/table.js';
import { type Decode, decoderOf, exactDecoder, resultDecoder, withoutBuffer } from '../values/codec.js';
import type { DriverColumn, DriverListStatement } from './driver.js';

/** A function that makes a row of the values that the driver has read, in the order of the columns, and decodes them. */
export type MakeRow = (values: readonly unknown[]) => Record<string, unknown>;

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

/** A prepared statement with what makes its rows. The driver gives each row as a list of values. */
export interface Decoded {
  readonly statement: DriverListStatement;
  /** `undefined` until the statement has run once. */
  make: MakeRow | undefined;
  /** What the query that last ran the statement said about the columns of its result. */
  kinds: ResultKinds | undefined;
  /** The same as text: another query may say the same. */
  signature: string | undefined;
  /** How many columns the result has. */
  width: number;
}

/** Returns a statement that has not run yet. */
export function undecoded(statement: DriverListStatement): Decoded {
  if (statement.reader) statement.raw(true);
  return { statement, make: undefined, kinds: undefined, signature: undefined, width: 0 };
}

/**
 * Returns the rows of a statement that has run: SQLite notices a schema change by another connection only when a statement
 * runs.
 *
 * @param rows - the values of each row; the list is used for the result
 */
export function madeRows(
  prepared: Decoded,
  rows: unknown[],
  origins: Origins,
  kinds?: ResultKinds,
): Record<string, unknown>[] {
  if (rows.length === 0) return [];
  const make = makerOf(prepared, rows[0] as readonly unknown[], origins, kinds);
  for (let at = 0; at < rows.length; at++) rows[at] = make(rows[at] as readonly unknown[]);
  return rows as Record<string, unknown>[];
}

/** Returns what makes the rows of a statement that has run. @param first - the values of a row */
export function makerOf(
  prepared: Decoded,
  first: readonly unknown[],
  origins: Origins,
  kinds?: ResultKinds,
): MakeRow {
  if (prepared.make && prepared.kinds === kinds && prepared.width === first.length) return prepared.make;
  const signature = kinds && [...kinds].map(([name, form]) => `${name}:${form.kind}${widthOf(form)}`).join();
  if (!prepared.make || prepared.signature !== signature || prepared.width !== first.length) {
    const columns = prepared.statement.columns();
    prepared.make = rowMaker(decodersOf(columns, origins, kinds));
    prepared.signature = signature;
    prepared.width = columns.length;
  }
  prepared.kinds = kinds;
  return prepared.make;
}

const widthOf = ({ digits, element }: ResultKind): string =>
  String(digits?.scale ?? (element ? `${element.kind}${element.precision}` : ''));

interface DecodedColumn {
  readonly name: string;
  readonly decode: Decode | undefined;
}

const decodersOf = (
  columns: readonly DriverColumn[],
  origins: Origins,
  kinds: ResultKinds | undefined,
): readonly DecodedColumn[] =>
  columns.map(({ name, table, column }) => {
    const known = kinds?.get(name);
    const origin = table !== null && column !== null ? origins.find(table, column) : undefined;
    const decode = known ? resultDecoder(name, known) : origin ? origin.decode : withoutBuffer;
    const exact = isExact((known ?? origin)?.kind);
    return { name, decode: origins.readsExactly ? exactDecoder(name, decode, exact) : decode };
  });

/** Makes the maker of rows with these columns. Of two columns with the same name, the row has the later one. */
function rowMaker(columns: readonly DecodedColumn[]): MakeRow {
  const last = new Map(columns.map(({ name }, at) => [name, at]));
  const own = [...last].map(([name, at]) => ({ name, at, decode: columns[at]?.decode }));
  return generated(own) ?? looped(own);
}

interface OwnColumn extends DecodedColumn {
  /** The place of its value. */
  readonly at: number;
}

const looped =
  (columns: readonly OwnColumn[]): MakeRow =>
  (values) => {
    const row: Record<string, unknown> = {};
    for (const { name, at, decode } of columns) row[name] = decode ? decode(values[at]) : values[at];
    return row;
  };

// as a literal, all properties are there at once, and every row of a statement has the same form
const generated = (columns: readonly OwnColumn[]): MakeRow | undefined => {
  // in a literal it would be the prototype
  if (columns.some(({ name }) => name === '__proto__')) return undefined;
  const properties = columns.map(({ name, at, decode }, i) => {
    const value = decode ? `decoders[${i}](values[${at}])` : `values[${at}]`;
    return `${JSON.stringify(name)}: ${value}`;
  });
  try {
    const make = new Function('decoders', `return (values) => ({ ${properties.join(', ')} });`);
    return make(columns.map(({ decode }) => decode)) as MakeRow;
  } catch {
    // Node was started with --disallow-code-generation-from-strings
    return undefined;
  }
};
