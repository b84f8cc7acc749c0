import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal, referenceTo } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, raise, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import { aboveNew, isMoved } from './above.js';
import type { Tree } from './tree.js';

/**
 * The triggers that keep a table free of cycles on PostgreSQL. One transaction at a time moves rows: two concurrent moves
 * could form a cycle that neither sees. Inserts need not wait, since a new row has no descendants.
 */
export function acyclicOnPostgres(table: TableFacts, tree: Tree): readonly GuaranteeObject[] {
  const part = (suffix?: string): string =>
    objectName(table.name, tree.parent, 'acyclic', ...(suffix === undefined ? [] : [suffix]));
  const name = referenceTo(table);
  const [key, up] = [tree.id, tree.parent].map(identifier);
  const lock = `PERFORM pg_advisory_xact_lock(hashtextextended('ashlar.acyclic.' || TG_TABLE_SCHEMA || ${literal(`.${table.name}`)}, 0));`;
  const above = aboveNew(table, tree);
  return [
    triggerFunction(part('lock'), [lock, 'RETURN NULL;']),
    triggerFunction(
      part(),
      sql`
        IF TG_OP = 'UPDATE' THEN
          ${lock}
          IF current_setting('transaction_isolation') <> 'read committed' THEN
            -- a snapshot older than the wait hides rows that were moved during it: locking such a row raises an error
            PERFORM FROM ${name} WHERE ${key} IN (
              ${above}
            ) FOR SHARE;
          END IF;
        END IF;
        IF NEW.${key} IN (
          ${above}
        ) THEN
          ${raise('acyclic', `a row of ${table.name} cannot be its own ancestor`)}
        END IF;
        RETURN NULL;
      `,
      {
        reads: true,
        asOwner: true,
        onlyFor: table,
        ...(table.facts.scope ? { seesAll: 'scopes' as const } : {}),
      },
    ),
    // before any row is locked: a transaction that waits here holds no row that the other one needs
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
}
