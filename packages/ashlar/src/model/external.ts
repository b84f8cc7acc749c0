import type { Guarantee } from '../contract/guarantee.js';
import type { PrimaryKeyItem, TableItem } from './items.js';
import { unchanged } from './naming.js';
import type { CheckedRow, Shape } from './shape.js';
import { type Columns, type KeyNames, namedTable, type Table } from './table.js';

/** A table that another tool owns: `guarded` puts Ashlar's guarantees on it. */
export interface ExternalTable<
  Name extends string = string,
  S extends Shape = Shape,
  Key extends string = string,
> extends Table<Name, S, Key> {
  readonly external: true;
  /**
   * Returns the table with guarantees, which Ashlar enforces beside the tool.
   *
   * @throws AshlarError `guard-refused` for a guarantee that would change the table; `table-invalid`
   *
   * @example
   * orders.guarded((c) => [scoped(c.org_id), audited({ into: changes })])
   */
  guarded(guarantees: (columns: Columns<S>) => readonly Guarantee[]): ExternalTable<Name, S, Key>;
}

type Described<S extends Shape> = Exclude<TableItem<CheckedRow<S>>, Guarantee>;

/**
 * Declares a table that another tool owns: it creates, changes and drops it. Ashlar adds guarantees only, in a schema of its
 * own.
 *
 * @param name - the table's name in the database, as the tool writes it
 * @param shape - column name → Zod type, or {@link native}
 * @param items - given the columns, returns the primary key, unique keys and foreign keys that the tool's table has
 * @throws AshlarError `table-invalid`, `column-type-unsupported`, `guard-refused`
 *
 * @example
 * const orders = external('orders', { id: z.uuid(), org_id: z.int(), status: native('order_status') }, (c) => [primaryKey(c.id)]);
 */
export function external<
  const Name extends string,
  S extends Shape,
  const Items extends readonly Described<S>[] = [],
>(
  name: Name,
  shape: S,
  items: (columns: Columns<S>) => Items = () => [] as never,
): ExternalTable<Name, S, KeyNames<S, Items[number]>> {
  type Key = KeyNames<S, Extract<Items[number], PrimaryKeyItem<string>>>;
  const declared = (
    guarantees: (columns: Columns<S>) => readonly Guarantee[],
  ): ExternalTable<Name, S, Key> => {
    const made = namedTable(unchanged, name, shape, (c) => [...items(c), ...guarantees(c).map(onTheTools)], {
      external: true,
    });
    return Object.freeze({ ...made, external: true as const, guarded: declared }) as unknown as ExternalTable<
      Name,
      S,
      Key
    >;
  };
  return declared(() => []) as unknown as ExternalTable<Name, S, KeyNames<S, Items[number]>>;
}

const rebuilt =
  'A migration of the tool that replaces the table drops the triggers, until `ashlar guard up` makes them again; `ashlar guard check` finds that.';

/** A guarantee as a table of another tool has it: on SQLite it lasts until the tool replaces the table. */
const onTheTools = (guarantee: Guarantee): Guarantee => {
  const { sqlite } = guarantee;
  if (sqlite.level === 'refused') return guarantee;
  const { external, weaker } = sqlite;
  if (external?.level === 'refused') return Object.freeze({ ...guarantee, sqlite: external });
  const reasons = [weaker, external?.weaker, rebuilt].filter(Boolean).join(' ');
  return Object.freeze({ ...guarantee, sqlite: { ...sqlite, level: 'emulated' as const, weaker: reasons } });
};
