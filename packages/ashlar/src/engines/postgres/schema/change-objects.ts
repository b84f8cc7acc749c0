import type { SchemaChange, SchemaObject, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { change } from './change.js';

const dropTriggerSql = (table: SchemaTable, { name }: SchemaObject): string =>
  `DROP TRIGGER ${ifExists(table)}${identifier(name)} ON ${identifier(table.name)}`;

/** What a statement says that drops a trigger or policy: a migration of the tool may have dropped one of its table. */
export function ifExists({ external }: SchemaTable): string {
  return external ? 'IF EXISTS ' : '';
}

// the tool may have renamed a column that a condition names: the trigger is then another than the steps made
const isOutdated = ({ external }: SchemaTable, sql: string): boolean =>
  external === true && /\bWHEN \(|\bUPDATE OF\b/.test(sql);

/** Returns the change that adds a trigger. */
export function addTrigger(table: SchemaTable, trigger: SchemaObject, sql: string): SchemaChange {
  return change({
    summary: `${table.name}: add trigger ${trigger.name}`,
    up: [...(isOutdated(table, sql) ? [dropTriggerSql(table, trigger)] : []), sql],
    down: [dropTriggerSql(table, trigger)],
  });
}

/** Returns the change that drops a trigger. */
export function dropTrigger(table: SchemaTable, trigger: SchemaObject): SchemaChange {
  return change({
    summary: `${table.name}: drop trigger ${trigger.name}`,
    up: [dropTriggerSql(table, trigger)],
    down: [trigger.definition],
  });
}

// the name of a described function is already quoted, and has its arguments if it takes any
const dropFunctionSql = ({ name, definition }: SchemaObject): string =>
  `DROP ${/^\s*CREATE (OR REPLACE )?PROCEDURE\b/i.test(definition) ? 'PROCEDURE' : 'FUNCTION'} ${name.includes('(') ? name : `${name}()`}`;

/** Returns the change that adds a function. */
export function addFunction(added: SchemaObject, sql: string): SchemaChange {
  return change({ summary: `add function ${added.name}`, up: [sql], down: [dropFunctionSql(added)] });
}

/** Returns the change that replaces the definition of a function. */
export function replaceFunction(before: SchemaObject, after: SchemaObject): SchemaChange {
  return change({
    summary: `replace function ${after.name}`,
    up: [after.definition],
    down: [before.definition],
  });
}

/** Returns the change that drops a function. */
export function dropFunction(dropped: SchemaObject): SchemaChange {
  return change({
    summary: `drop function ${dropped.name}`,
    up: [dropFunctionSql(dropped)],
    down: [dropped.definition],
  });
}
