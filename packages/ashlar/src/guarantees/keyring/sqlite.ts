import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { all, any } from '../../sql/conditions.js';
import { objectName } from '../../sql/object-name.js';
import { hiddenRowid, replacing, rowidKey, unchanged, uniqueKeys } from '../../sql/sqlite-keys.js';
import { raise, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { hanging } from '../../sql/template.js';
import { changeable } from './columns.js';

const refuse = (text: string): string => `SELECT ${raise('keyring', text)}`;

/**
 * The triggers that protect a keyring on SQLite, on any connection, even one that sets the pragma
 * `ignore_check_constraints`.
 */
export function keyringOnSqlite(table: TableFacts): readonly GuaranteeObject[] {
  const trigger = (event: string, on: string, when: string | undefined, text: string): GuaranteeObject =>
    sqliteTrigger({
      name: objectName(table.name, 'keyring', event),
      on: `BEFORE ${on}`,
      table: table.name,
      ...(when === undefined ? {} : { when }),
      body: [refuse(text)],
    });
  const ofScope = (condition: string): string =>
    `EXISTS (SELECT 1 FROM ${identifier(table.name)} WHERE scope = NEW.scope AND ${condition})`;
  const lawful = all([
    ...unchanged(table, changeable),
    'OLD.shredded_at IS NULL',
    '(NEW.wrapped IS NULL) = (NEW.shredded_at IS NOT NULL)',
  ]);
  return [
    trigger(
      'replace',
      'INSERT',
      any(replacing(table, [...uniqueKeys(table), ...rowidKey(table)])),
      `a row of ${table.name} with this key exists and is never replaced`,
    ),
    trigger(
      'insert',
      'INSERT',
      any([ofScope('shredded_at IS NOT NULL'), '(NEW.wrapped IS NULL) <> (NEW.shredded_at IS NOT NULL)']),
      `a shredded scope of ${table.name} never gets another key`,
    ),
    trigger(
      'update',
      'UPDATE',
      `NOT (${hanging(lawful)})`,
      `a key of ${table.name} can only be rewrapped or shredded`,
    ),
    trigger('delete', 'DELETE', undefined, `keys of ${table.name} are shredded, never deleted`),
    ...hiddenRowid(table, 'keyring'),
  ];
}
