import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { raise, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { sql } from '../../sql/template.js';
import { aboveNew, isMoved } from './above.js';
import type { Tree } from './tree.js';

/** The triggers that keep a table free of cycles on SQLite, on any connection. */
export function acyclicOnSqlite(given: TableFacts, tree: Tree): readonly GuaranteeObject[] {
  // a file has no schemas
  const table = { ...given, place: undefined };
  // after the write, so that the values OR REPLACE substitutes are checked
  const trigger = (event: 'insert' | 'update', when: string): GuaranteeObject =>
    sqliteTrigger({
      name: objectName(table.name, tree.parent, 'acyclic', event),
      on: `AFTER ${event.toUpperCase()}`,
      table: table.name,
      when: sql`
        ${when}
          AND NEW.${identifier(tree.id)} IN (
            ${aboveNew(table, tree)}
          )
      `,
      body: [`SELECT ${raise('acyclic', `a row of ${table.name} cannot be its own ancestor`)}`],
    });
  return [
    trigger('insert', `NEW.${identifier(tree.parent)} IS NOT NULL`),
    trigger('update', isMoved(tree, 'IS NOT')),
  ];
}
