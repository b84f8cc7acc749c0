import { type NamingRule, namings } from './naming.js';
import { namedTable, type table } from './table.js';
import { namedView, type view } from './view.js';

/** What {@link naming} returns: `table` and `view`, with a rule for the names of columns. */
export interface Named {
  readonly table: typeof table;
  readonly view: typeof view;
}

/**
 * Returns `table` and `view` with a rule for the names that columns have in the database. `snake_case` gives `createdAt` the
 * name `created_at`, and `userID` the name `user_id`; `camelCase` gives `created_at` the name `createdAt`. A column that
 * declares a name, with {@link column}, keeps it.
 *
 * @example
 * const { table } = naming('snake_case');
 * const orders = table('orders', { id: id(), placedAt: createdAt(), unitPrice: z.int() });
 */
export function naming(rule: NamingRule): Named {
  const name = namings[rule];
  return {
    table: (...given) => namedTable(name, ...given),
    view: (parts) => namedView(name, parts),
  };
}
