import type {
  BadValue,
  BulkReader,
  BulkTable,
  BulkWriter,
  Checksum,
  Place,
  RowBatch,
} from '../contract/bulk.js';
import { RefusedRow } from '../engines/bulk/refused-row.js';
import { rowKeyText } from '../engines/bulk/row-key.js';
import { RowSum } from '../engines/bulk/row-sum.js';
import { AshlarError } from '../errors.js';
import { type TableState, writeTableState } from './mark.js';

const mostBytes = 33_554_432;
const mostNamed = 20;

/** Collects the values of a table that cannot be moved, so that a person corrects them at once. */
export class BadValues {
  readonly #named: BadValue[] = [];
  #count = 0;

  readonly add = (bad: BadValue): void => {
    this.#count++;
    if (this.#named.length < mostNamed) this.#named.push(bad);
  };

  /** @throws AshlarError `move-value` if there is one */
  assertNone(): void {
    if (this.#count === 0) return;
    const more = this.#count - this.#named.length;
    const lines = this.#named.map(
      ({ table, key, column, why }) => `${table}, ${key}${column === undefined ? '' : `, ${column}`}: ${why}`,
    );
    throw new AshlarError('move-value', {
      message: `${this.#count} value${this.#count === 1 ? '' : 's'} of the source cannot be moved.`,
      detail: [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'),
      suggestion: 'Correct the rows in the source, then run the same command again.',
      facts: { ...(this.#named[0] ? { table: this.#named[0].table } : {}) },
    });
  }
}

/** What a table needs to be loaded. */
export interface Loading {
  readonly reader: BulkReader;
  readonly writer: BulkWriter;
  readonly table: BulkTable;
  /** How far an earlier run was. */
  readonly from: TableState | undefined;
  /** How many rows a transaction loads at most. Default 50,000. */
  readonly transactionRows: number | undefined;
  /** Called with the number of rows of the table that are in the target, after each transaction. */
  readonly onRows: (rows: number) => void;
}

/**
 * Loads the rows of a table behind the place of an earlier run, in transactions of bounded size, each with its place.
 *
 * @returns the checksum of the table in the source, if no earlier run has loaded a part
 * @throws AshlarError `move-value`
 */
export async function loadTable({
  reader,
  writer,
  table,
  from,
  transactionRows = 50_000,
  onRows,
}: Loading): Promise<Checksum | undefined> {
  const { owner } = writer;
  const sum = new RowSum();
  const bad = new BadValues();
  let count = from?.rows ?? 0;
  let place = from?.place;
  const batches = reader.rows(table, place, writer.form(table), bad.add)[Symbol.asyncIterator]();
  let next: IteratorResult<RowBatch> = await batches.next();
  while (!next.done) {
    const start = place;
    let rows = 0;
    let size = 0;
    try {
      await owner.atomically(async () => {
        const load = await writer.load(table);
        try {
          while (!next.done && rows < transactionRows && size < mostBytes) {
            const batch = next.value;
            const writing = load.write(batch);
            // a rejection before the await below would end the process
            writing.catch(() => undefined);
            sum.add(batch.lines);
            rows += batch.lines.length;
            size += batch.size;
            place = batch.place;
            // the server loads while the next rows are read
            next = await batches.next();
            await writing;
          }
          await load.end();
        } catch (error) {
          await load.abort();
          throw error;
        }
        count += rows;
        await writeTableState(owner, table.name, { state: 'loading', place, rows: count });
      });
    } catch (error) {
      throw error instanceof RefusedRow ? await refusedRow(reader, table, start, error) : error;
    }
    onRows(count);
  }
  bad.assertNone();
  await owner.atomically(() => writeTableState(owner, table.name, { state: 'loaded', place, rows: count }));
  return from ? undefined : sum.value;
}

/** Finds the row that the target refused, which is no longer in memory. */
const refusedRow = async (
  reader: BulkReader,
  table: BulkTable,
  start: Place | undefined,
  { at, what, constraint }: RefusedRow,
): Promise<AshlarError> => {
  let before = at;
  let key = `row ${at + 1}`;
  for await (const { rows } of reader.rows(table, start, 'rows', () => undefined)) {
    const row = rows[before];
    if (row) {
      key = rowKeyText(table, row);
      break;
    }
    before -= rows.length;
  }
  return new AshlarError('move-value', {
    message: `The target refuses a row of ${table.name}.`,
    detail: `${key}: ${what}.`,
    suggestion: 'Correct the row in the source, then run the same command again.',
    facts: { table: table.name, ...(constraint === undefined ? {} : { constraint }) },
  });
};

/**
 * Reads all rows of a table in the source, and returns their checksum.
 *
 * @throws AshlarError `move-value`
 */
export async function sourceChecksum(reader: BulkReader, table: BulkTable): Promise<Checksum> {
  const sum = new RowSum();
  const bad = new BadValues();
  const start: Place | undefined = undefined;
  for await (const { lines } of reader.rows(table, start, 'lines', bad.add)) sum.add(lines);
  bad.assertNone();
  return sum.value;
}
