import type { SchemaChange, SchemaObject, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { change } from './change.js';

const dropTriggerSql = (table: string, { name }: SchemaObject): string =>
  `DROP TRIGGER ${identifier(name)} ON ${identifier(table)}`;

/** Adds a trigger. */
export const addTrigger = ({ name: table }: SchemaTable, trigger: SchemaObject, sql: string): SchemaChange =>
  change({
    summary: `${table}: add trigger ${trigger.name}`,
    up: [sql],
    down: [dropTriggerSql(table, trigger)],
  });

/** Drops a trigger. */
export const dropTrigger = ({ name: table }: SchemaTable, trigger: SchemaObject): SchemaChange =>
  change({
    summary: `${table}: drop trigger ${trigger.name}`,
    up: [dropTriggerSql(table, trigger)],
    down: [trigger.definition],
  });

// a described function's name is quoted already, and has its arguments where it takes any
const dropFunctionSql = ({ name }: SchemaObject): string =>
  `DROP FUNCTION ${name.includes('(') ? name : `${name}()`}`;

/** Adds a function. */
export const addFunction = (added: SchemaObject, sql: string): SchemaChange =>
  change({ summary: `add function ${added.name}`, up: [sql], down: [dropFunctionSql(added)] });

/** Replaces a function's text. */
export const replaceFunction = (before: SchemaObject, after: SchemaObject): SchemaChange =>
  change({ summary: `replace function ${after.name}`, up: [after.definition], down: [before.definition] });

/** Drops a function. */
export const dropFunction = (dropped: SchemaObject): SchemaChange =>
  change({
    summary: `drop function ${dropped.name}`,
    up: [dropFunctionSql(dropped)],
    down: [dropped.definition],
  });
