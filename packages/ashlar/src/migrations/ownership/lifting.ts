import type { Schema } from '../../contract/schema.js';
import type { SqlName } from '../../contract/sql.js';
import type { SystemFacts } from '../../contract/system.js';
import { sideObjects } from '../../model/index.js';
import { codeOf, mentions } from '../../sql/code.js';
import { functionName, type KeyedObject, objectsOf } from './keys.js';

/**
 * Finds the objects of a schema that could lift a guarantee: policies, rules and triggers on tables with guarantees,
 * functions that run with the rights of their owner, and views of such tables that do. Objects that the model declares
 * are among them.
 */
export function liftingObjects(
  schema: Schema,
  dialect: SqlName,
  system: SystemFacts,
): readonly KeyedObject[] {
  const guarded = new Set(
    Object.values(system.tables).flatMap((table) =>
      table.guarantees.length === 0
        ? []
        : [
            table.name,
            ...sideObjects(table, dialect).flatMap(({ type, name }) => (type === 'table' ? [name] : [])),
          ],
    ),
  );
  if (guarded.size === 0) return [];
  // another system may share the database, with functions of its own guarantees
  const others = schema.tables
    .map(({ name }) => name)
    .filter(
      (name) => !guarded.has(name) && !Object.values(system.tables).some((table) => table.name === name),
    );
  const reaching = readersOf(schema, guarded, dialect);
  return objectsOf(schema).filter(({ type, name, table, definition }) => {
    switch (type) {
      case 'policy':
      case 'rule':
        return table !== undefined && guarded.has(table);
      case 'trigger':
        // on SQLite a trigger reaches the rows of every scope
        return (
          (table !== undefined && (guarded.has(table) || reaching.has(table))) ||
          (dialect === 'sqlite' && [...guarded].some((each) => mentions(definition, each, dialect)))
        );
      case 'function':
        return (
          !others.some((other) => functionName(name).startsWith(`${other}_`)) &&
          codeOf(definition, dialect).some(
            ({ word }, at, tokens) => word === 'SECURITY' && tokens[at + 1]?.word === 'DEFINER',
          )
        );
      case 'view':
        // a view of SQLite has no owner: sessions are confined by their own gate
        return dialect === 'postgres' && reaching.has(name) && !isInvoker(definition);
      case 'materialized view':
        return reaching.has(name);
      default:
        return false;
    }
  });
}

const isInvoker = (definition: string): boolean =>
  /^CREATE VIEW\s+\S+ WITH \([^)]*security_invoker=(true|on|1)\b/i.test(definition);

/** The views that read one of the tables, directly or through another view. */
const readersOf = (schema: Schema, tables: ReadonlySet<string>, dialect: SqlName): ReadonlySet<string> => {
  const readers = new Set<string>();
  const views = schema.objects.filter(({ type }) => type === 'view' || type === 'materialized view');
  for (let size = -1; size < readers.size; ) {
    size = readers.size;
    for (const { name, definition, needs } of views)
      if (
        [...tables, ...readers].some((each) =>
          dialect === 'postgres' ? needs.includes(each) : mentions(definition, each, dialect),
        )
      )
        readers.add(name);
  }
  return readers;
};
