import type { Expansion } from '../../../../contract/expansion.js';
import { identifier } from '../../../../model/index.js';
import { objectName } from '../../../../sql/object-name.js';
import { alwaysTrigger, triggerFunction } from '../../../../sql/postgres-triggers.js';
import { sql } from '../../../../sql/template.js';
import type { ExpansionSql } from './kinds.js';

/** A column that becomes NOT NULL. */
export type Required = Extract<Expansion, { readonly kind: 'required' }>;

/** Returns the statements by which a column becomes NOT NULL while an older version may write NULL. */
export function requiredSql({ after: { name: table }, from, to, fill }: Required): ExpansionSql {
  const column = identifier(to.name);
  const alter = (action: string): string =>
    `ALTER TABLE ${identifier(table)} ALTER COLUMN ${column} ${action}`;
  const filled = objectName(table, to.name, 'filled');
  const defaults = ({ default: given }: typeof to): string =>
    alter(given === undefined ? 'DROP DEFAULT' : `SET DEFAULT ${given}`);
  const isRedefaulted = from.default !== to.default;
  return {
    add: { up: [], down: [] },
    sync: [
      triggerFunction(
        filled,
        sql`
          NEW.${column} := (SELECT ${fill} FROM (SELECT NEW.*) AS ${identifier(table)});
          RETURN NEW;
        `,
        { reads: true },
      ),
      alwaysTrigger({
        name: filled,
        on: 'BEFORE INSERT OR UPDATE',
        table,
        when: `NEW.${column} IS NULL`,
        calls: filled,
      }),
    ],
    proofs: [{ name: filled, condition: `${column} IS NOT NULL` }],
    contract: {
      up: [alter('SET NOT NULL'), ...(isRedefaulted ? [defaults(to)] : [])],
      down: [...(isRedefaulted ? [defaults(from)] : []), alter('DROP NOT NULL')],
    },
    drop: [],
  };
}
