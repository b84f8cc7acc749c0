import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, raise, triggerFunction, unchanged } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import { changeable } from './columns.js';

const refuse = (text: string): string => raise('keyring', text);

/** The triggers that protect a keyring on PostgreSQL, even against its owner. */
export function keyringOnPostgres(table: TableFacts): readonly GuaranteeObject[] {
  const name = (event: string): string => objectName(table.name, 'keyring', event);
  const trigger = (event: string, on: string, each: 'ROW' | 'STATEMENT' = 'ROW'): GuaranteeObject =>
    alwaysTrigger({
      name: name(event),
      on,
      table: table.name,
      each,
      calls: name(event === 'truncate' ? 'delete' : event),
    });
  return [
    triggerFunction(
      name('insert'),
      sql`
        -- waits for a concurrent shredding of the scope, so that the check below sees it
        PERFORM FROM ${identifier(table.name)} WHERE scope = NEW.scope FOR SHARE;
        IF EXISTS (SELECT FROM ${identifier(table.name)} WHERE scope = NEW.scope AND shredded_at IS NOT NULL) THEN
          ${refuse(`a shredded scope of ${table.name} never gets another key`)}
        END IF;
        RETURN NEW;
      `,
      { reads: true, asOwner: true, onlyFor: table.name, seesAll: 'rows' },
    ),
    triggerFunction(
      name('update'),
      sql`
        IF ${unchanged(table, changeable)}
          AND OLD.shredded_at IS NULL
        THEN
          RETURN NEW;
        END IF;
        ${refuse(`a key of ${table.name} can only be rewrapped or shredded`)}
      `,
    ),
    triggerFunction(name('delete'), refuse(`keys of ${table.name} are shredded, never deleted`)),
    trigger('insert', 'BEFORE INSERT'),
    trigger('update', 'BEFORE UPDATE'),
    trigger('delete', 'BEFORE DELETE'),
    trigger('truncate', 'BEFORE TRUNCATE', 'STATEMENT'),
  ];
}
