import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { raise, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { sql } from '../../sql/template.js';
import { aboveNew, isMoved } from './above.js';
import type { Tree } from './tree.js';

/** What keeps rows of a table of SQLite from standing above themselves, on any connection. */
export const acyclicOnSqlite = (table: TableFacts, tree: Tree): readonly GuaranteeObject[] => {
  // after the row is written, so that what OR REPLACE put into it counts
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
      body: [`SELECT ${raise('acyclic', `a row of ${table.name} cannot stand above itself`)}`],
    });
  return [
    trigger('insert', `NEW.${identifier(tree.parent)} IS NOT NULL`),
    trigger('update', isMoved(tree, 'IS NOT')),
  ];
};
