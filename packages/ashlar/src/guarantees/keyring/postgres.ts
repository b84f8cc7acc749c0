import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, raise, triggerFunction, unchanged } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';

const refuse = (text: string): string => raise('keyring', text);

/** What keeps a keyring of Postgres, also from its owner. */
export const keyringOnPostgres = (table: TableFacts): readonly GuaranteeObject[] => {
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
        -- whoever is shredding the scope is waited for, and then seen
        PERFORM FROM ${identifier(table.name)} WHERE scope = NEW.scope FOR SHARE;
        IF EXISTS (SELECT FROM ${identifier(table.name)} WHERE scope = NEW.scope AND shredded_at IS NOT NULL) THEN
          ${refuse(`a scope of ${table.name} that was shredded never gets another key`)}
        END IF;
        RETURN NEW;
      `,
      { reads: true, asOwner: true, seesAll: 'rows' },
    ),
    triggerFunction(
      name('update'),
      sql`
        IF ${unchanged(table, ['wrapped', 'master_version', 'shredded_at'])}
          AND OLD.shredded_at IS NULL
        THEN
          RETURN NEW;
        END IF;
        ${refuse(`a key of ${table.name} is only wrapped anew, or shredded for good`)}
      `,
      { compares: true },
    ),
    triggerFunction(name('delete'), refuse(`keys of ${table.name} are shredded, never deleted`)),
    trigger('insert', 'BEFORE INSERT'),
    trigger('update', 'BEFORE UPDATE'),
    trigger('delete', 'BEFORE DELETE'),
    trigger('truncate', 'BEFORE TRUNCATE', 'STATEMENT'),
  ];
};
