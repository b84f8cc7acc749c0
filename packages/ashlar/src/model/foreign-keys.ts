import type { GuardedTable } from '../contract/guarantee.js';
import type { ForeignKey, ForeignKeyAction, TableFacts } from '../contract/table.js';
import { invalidTable } from './invalid-table.js';

const refusing: ReadonlySet<ForeignKeyAction> = new Set(['no action', 'restrict']);

/** Returns whether a row that is referred to can be deleted only after the rows that refer to it. */
export function refusesDelete({ onDelete }: ForeignKey): boolean {
  return refusing.has(onDelete);
}

/** Returns whether a row that is referred to can get another key only after the rows that refer to it. */
export function refusesUpdate({ onUpdate }: ForeignKey): boolean {
  return refusing.has(onUpdate);
}

/** The actions that set the columns of a foreign key, each with the option that declares it. */
const settingActions = ({ onDelete, onUpdate }: ForeignKey) => [
  ...(onDelete === 'set null' || onDelete === 'set default' ? [['onDelete', onDelete] as const] : []),
  ...(refusing.has(onUpdate) ? [] : [['onUpdate', onUpdate] as const]),
];

/**
 * Throws if the actions of a foreign key cannot be carried out, or if `deferrable` and an action exclude each other.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertActions(table: string, columns: TableFacts['columns'], key: ForeignKey): void {
  const named = key.columns.join(', ');
  for (const [option, action] of settingActions(key)) {
    const lacking = key.columns.find((name) => !canBe(action, columns[name]));
    if (lacking === undefined) continue;
    throw invalidTable(
      table,
      action === 'set null'
        ? `${named} cannot be set to null, as ${option} says.`
        : `${named} cannot be set to a default, as ${option} says: ${lacking} has none.`,
      action === 'set null'
        ? `Make the columns .nullable(), or choose another ${option}.`
        : `Give ${lacking} a constant .default(…), make it .nullable(), or choose another ${option}.`,
    );
  }
  if (key.deferrable && [key.onDelete, key.onUpdate].includes('restrict')) {
    throw invalidTable(
      table,
      `the foreign key of ${named} is deferrable, but restrict refuses a change at once.`,
      "Choose 'no action', which is checked when the session ends.",
    );
  }
}

const canBe = (action: ForeignKeyAction, column: TableFacts['columns'][string] | undefined): boolean => {
  if (!column || action === 'cascade') return true;
  return column.nullable || (action === 'set default' && column.default !== undefined);
};

/**
 * Throws if an action of a foreign key would set a column that a guarantee of the table freezes.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertUnfrozen(table: GuardedTable): void {
  for (const key of table.foreignKeys) {
    for (const [option, action] of settingActions(key)) {
      for (const { name, frozen } of table.guarantees) {
        const column = frozen?.(table, action).find((one) => key.columns.includes(one));
        if (column === undefined) continue;
        throw invalidTable(
          table.name,
          `${option}: '${action}' would change ${column}, which ${name} does not allow.`,
          `Choose ${option}: 'restrict', or move ${column} to a table without ${name}.`,
        );
      }
    }
  }
}
