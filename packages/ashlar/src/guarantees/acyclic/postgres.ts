import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, raise, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import { aboveNew, isMoved } from './above.js';
import type { Tree } from './tree.js';

/**
 * What keeps rows of a table of Postgres from standing above themselves. Rows are moved by one transaction at a time:
 * two that each see no circle would make one together. New rows need not wait, since nothing stands under them yet.
 */
export const acyclicOnPostgres = (table: TableFacts, tree: Tree): readonly GuaranteeObject[] => {
  const part = (suffix?: string): string =>
    objectName(table.name, tree.parent, 'acyclic', ...(suffix === undefined ? [] : [suffix]));
  const [name, key, up] = [table.name, tree.id, tree.parent].map(identifier);
  const lock = `PERFORM pg_advisory_xact_lock(hashtextextended('ashlar.acyclic.' || TG_TABLE_SCHEMA || ${literal(`.${table.name}`)}, 0));`;
  const above = aboveNew(table, tree);
  return [
    triggerFunction(part('lock'), [lock, 'RETURN NULL;'], { compares: true }),
    triggerFunction(
      part(),
      sql`
        IF TG_OP = 'UPDATE' THEN
          ${lock}
          IF current_setting('transaction_isolation') <> 'read committed' THEN
            -- a snapshot from before the wait would hide what was moved meanwhile: locking a row that was is an error
            PERFORM FROM ${name} WHERE ${key} IN (
              ${above}
            ) FOR SHARE;
          END IF;
        END IF;
        IF NEW.${key} IN (
          ${above}
        ) THEN
          ${raise('acyclic', `a row of ${table.name} cannot stand above itself`)}
        END IF;
        RETURN NULL;
      `,
      { reads: true, asOwner: true, ...(table.facts.scope ? { seesAll: 'scopes' as const } : {}) },
    ),
    // before any row is locked: who waits here then holds none that the other needs
    alwaysTrigger({
      name: part('lock'),
      on: `BEFORE UPDATE OF ${up}, ${key}`,
      table: table.name,
      calls: part('lock'),
      each: 'STATEMENT',
    }),
    alwaysTrigger({
      name: part('insert'),
      on: 'AFTER INSERT',
      table: table.name,
      when: `NEW.${up} IS NOT NULL`,
      calls: part(),
    }),
    alwaysTrigger({
      name: part('update'),
      on: 'AFTER UPDATE',
      table: table.name,
      when: isMoved(tree, 'IS DISTINCT FROM'),
      calls: part(),
    }),
  ];
};
