import type { Schema, SchemaObject, SchemaTable } from '../../contract/schema.js';
import { commentKey, functionKey, objectKey, otherKey } from './keys.js';

/** Whether an object of the schema before is kept although the model does not declare it. */
export type IsKept = (key: string) => boolean;

const added = <T extends { readonly name: string }>(
  own: readonly T[],
  others: readonly T[],
  isKept: (object: T) => boolean,
): readonly T[] => {
  const names = new Set(own.map(({ name }) => name));
  const kept = others.filter((each) => !names.has(each.name) && isKept(each));
  return kept.length === 0 ? own : [...own, ...kept];
};

/**
 * Adds to the schema of the model the objects of the schema of the steps that are kept, so that the changes from one to
 * the other leave them as they are. A table that is rebuilt is rendered from the result.
 */
export function withKept(model: Schema, steps: Schema, isKept: IsKept): Schema {
  const before = new Map(steps.tables.map((table) => [table.name, table]));
  const names = new Set(model.tables.map(({ name }) => name));
  const tables = model.tables.map((table) => {
    const old = before.get(table.name);
    return old ? withKeptParts(table, old, isKept) : table;
  });
  const keptTables = steps.tables.filter(({ name }) => !names.has(name) && isKept(objectKey('table', name)));
  return {
    tables: [...tables, ...keptTables],
    functions: added(model.functions, steps.functions, ({ name }) => isKept(functionKey(name))),
    objects: [
      ...model.objects,
      ...steps.objects.filter(
        ({ type, name, on }) =>
          !model.objects.some((each) => each.type === type && each.name === name && each.on === on) &&
          isKept(otherKey({ type, name, on })),
      ),
    ],
  };
}

interface Commented {
  readonly comment?: string | undefined;
}

const keptComment = (
  now: Commented,
  old: Commented | undefined,
  on: string,
  isKept: IsKept,
): string | undefined => now.comment ?? (isKept(commentKey(on)) ? old?.comment : undefined);

const withKeptParts = (table: SchemaTable, old: SchemaTable, isKept: IsKept): SchemaTable => {
  const of = (type: string) => (object: SchemaObject) =>
    isKept(objectKey(type, object.name, type === 'index' ? undefined : table.name));
  const policies = table.rowSecurity?.policies ?? [];
  const keptPolicies = added(policies, old.rowSecurity?.policies ?? [], of('policy'));
  const columns = added(table.columns, old.columns, ({ name }) =>
    isKept(objectKey('column', name, table.name)),
  );
  const comment = keptComment(table, old, objectKey('table', table.name), isKept);
  return {
    ...table,
    ...(comment === undefined ? {} : { comment }),
    columns: columns.map((column) => {
      const text = keptComment(
        column,
        old.columns.find(({ name }) => name === column.name),
        objectKey('column', column.name, table.name),
        isKept,
      );
      return text === column.comment ? column : { ...column, comment: text };
    }),
    constraints: added(table.constraints, old.constraints, of('constraint')),
    indexes: added(table.indexes, old.indexes, of('index')),
    triggers: added(table.triggers, old.triggers, of('trigger')),
    ...(table.rowSecurity && {
      rowSecurity:
        keptPolicies === policies || !old.rowSecurity
          ? table.rowSecurity
          : {
              // without it, the policies would have no effect
              enabled: table.rowSecurity.enabled || old.rowSecurity.enabled,
              forced: table.rowSecurity.forced || old.rowSecurity.forced,
              policies: keptPolicies,
            },
    }),
  };
};
