import type { Expansion } from '../../../../contract/expansion.js';
import { identifier } from '../../../../model/index.js';
import { objectName } from '../../../../sql/object-name.js';
import { sqliteTrigger } from '../../../../sql/sqlite-triggers.js';
import { rebuildTable } from '../rebuild.js';
import type { ExpansionSql } from './kinds.js';
import { ofSameRow } from './same-row.js';

/** A column that becomes NOT NULL. */
export type Required = Extract<Expansion, { readonly kind: 'required' }>;

/** Returns the statements by which a column becomes NOT NULL while an older version may write NULL. */
export function requiredSql({ before, after, model, from, to, fill }: Required): ExpansionSql {
  const { name: table } = after;
  const column = identifier(to.name);
  const alter = (action: string): string =>
    `ALTER TABLE ${identifier(table)} ALTER COLUMN ${column} ${action}`;
  const sync = (event: 'insert' | 'update') =>
    sqliteTrigger({
      name: objectName(table, to.name, 'filled', event),
      on: event === 'insert' ? 'AFTER INSERT' : `AFTER UPDATE OF ${column}`,
      table,
      when: `NEW.${column} IS NULL`,
      body: [
        `UPDATE ${identifier(table)} SET ${column} = ${fill} WHERE ${ofSameRow(model)} AND ${column} IS NULL`,
      ],
    });
  const rebuilds = from.default !== to.default;
  const same = (name: string): string => name;
  return {
    add: { up: [], down: [] },
    sync: [sync('insert'), sync('update')],
    contract: rebuilds
      ? { up: rebuildTable(before, after, same), down: rebuildTable(after, before, same) }
      : { up: [alter('SET NOT NULL')], down: [alter('DROP NOT NULL')] },
    rebuilds,
  };
}
