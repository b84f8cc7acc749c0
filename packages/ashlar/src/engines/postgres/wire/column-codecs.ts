import type { ColumnCodec, ColumnKind, DecimalDigits, DeclaredElement } from '../../../contract/column.js';
import type { TableFacts } from '../../../contract/table.js';
import type { Channel, Field, Reply } from './channel.js';

/** What the column of a table, from which a result column comes, says about its values. */
export interface Origin {
  readonly kind: ColumnKind;
  readonly codec: ColumnCodec | undefined;
  readonly digits: DecimalDigits | undefined;
  readonly element: DeclaredElement | undefined;
}

/** Returns the origin of a result column, if its type does not say how its values are decoded. */
export type FieldOrigin = (field: Field) => Origin | undefined;

const columnsOf = `SELECT a.attrelid::text, a.attnum::text, c.relname, a.attname
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  WHERE c.oid = ANY ($1::oid[]) AND c.relnamespace = current_schema()::regnamespace AND a.attnum > 0`;

/**
 * The codecs of the registered tables, for result columns that come directly from their columns. PostgreSQL describes
 * such a column by the OID of its table; the first reply with a new OID asks the catalog for the table's name.
 */
export class ColumnCodecs {
  readonly #codecs = new Map<string, ReadonlyMap<string, Origin>>();
  readonly #tables = new Map<number, ReadonlyMap<number, Origin>>();

  register(tables: readonly TableFacts[]): void {
    this.#tables.clear();
    for (const { name, columns } of tables) {
      const codecs = Object.values(columns).flatMap((column) =>
        column.codec || column.digits || column.element ? [[column.name, column] as const] : [],
      );
      if (codecs.length > 0) this.#codecs.set(name, new Map(codecs));
      else this.#codecs.delete(name);
    }
  }

  readonly origin: FieldOrigin = ({ tableID, columnID }) => this.#tables.get(tableID)?.get(columnID);

  /**
   * Asks the catalog for the tables of a reply that are not known yet, on the connection of the reply. Wait for it
   * before the reply is decoded; `undefined` if there is nothing to wait for.
   *
   * @throws the driver's errors
   */
  learn({ fields }: Reply, channel: Channel): Promise<void> | undefined {
    if (this.#codecs.size === 0) return undefined;
    const unknown = new Set(fields.map(({ tableID }) => tableID).filter((id) => id && !this.#tables.has(id)));
    return unknown.size === 0 ? undefined : this.#ask(unknown, channel);
  }

  async #ask(unknown: ReadonlySet<number>, channel: Channel): Promise<void> {
    const { rows } = await channel.send({
      text: columnsOf,
      values: [`{${[...unknown].join()}}`],
      keep: true,
    });
    const found = new Map([...unknown].map((id) => [id, new Map<number, Origin>()]));
    for (const [table, number, name, column] of rows) {
      const codec = this.#codecs.get(String(name))?.get(String(column));
      if (codec) found.get(Number(table))?.set(Number(number), codec);
    }
    for (const [id, codecs] of found) this.#tables.set(id, codecs);
  }
}
