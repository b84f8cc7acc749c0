import type { AdoptionSql } from '../../contract/adoption.js';
import type { Schema, SchemaObject, SchemaTable } from '../../contract/schema.js';
import { commentKey, functionKey, objectKey, objectsOf, otherKey } from './keys.js';

/** Whether an object of the schema before is kept although the model does not declare it. */
export type IsKept = (key: string) => boolean;

/** The type that a kept column has in a table of the model. */
export type KeptType = AdoptionSql['keptType'];

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
export function withKept(model: Schema, steps: Schema, isKept: IsKept, keptType: KeptType): Schema {
  const before = new Map(steps.tables.map((table) => [table.name, table]));
  const names = new Set(model.tables.map(({ name }) => name));
  const tables = model.tables.map((table) => {
    const old = before.get(table.name);
    return old ? withKeptParts(table, old, isKept, keptType) : table;
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

const withKeptParts = (
  table: SchemaTable,
  old: SchemaTable,
  isKept: IsKept,
  keptType: KeptType,
): SchemaTable => {
  const of = (type: string) => (object: SchemaObject) =>
    isKept(objectKey(type, object.name, type === 'index' ? undefined : table.name));
  const policies = table.rowSecurity?.policies ?? [];
  const keptPolicies = added(policies, old.rowSecurity?.policies ?? [], of('policy'));
  const columns = added(
    table.columns,
    old.columns.map((column) => ({ ...column, type: keptType(table, column) })),
    ({ name }) => isKept(objectKey('column', name, table.name)),
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

/**
 * Adds to the schema of the model the constraints of tables of another program that its declarations would replace: a CHECK in the
 * text of a column, and a constraint whose name Ashlar gives to one of its own.
 *
 * @param isKept - whether a constraint before stays
 */
export function withReplaced(
  model: Schema,
  steps: Schema,
  isKept: IsKept,
  columnChecks: AdoptionSql['columnChecks'],
): Schema {
  const tables = model.tables.map((table) => {
    const old = steps.tables.find(({ name }) => name === table.name);
    if (!old) return table;
    const own = new Map(table.constraints.map(({ name, definition }) => [name, definition]));
    const has = (definition: string): boolean =>
      table.constraints.some((one) => one.definition === definition);
    const replaced = old.constraints.filter(
      ({ name, definition }) =>
        own.has(name) && !has(definition) && isKept(objectKey('constraint', name, table.name)),
    );
    const inColumns = columnChecks(table).map(({ definition }) => definition);
    const checks = columnChecks(old).filter(
      ({ definition }) => !has(definition) && !inColumns.includes(definition),
    );
    const added = [...replaced, ...checks].map(({ name, definition }) => ({
      name: name === definition ? name : freeName(name, own),
      definition,
    }));
    return added.length === 0 ? table : { ...table, constraints: [...table.constraints, ...added] };
  });
  return { ...model, tables };
}

const freeName = (name: string, used: ReadonlyMap<string, string>): string => {
  let free = name;
  for (let at = 1; used.has(free); at++) free = `${name.slice(0, 60)}_${at}`;
  return free;
};

/**
 * Returns a schema with the texts that kept objects have in another one: PostgreSQL writes a view, a CHECK or an index with
 * other casts where a column that it names has another type.
 */
export function withTextsOf(made: Schema, schema: Schema, kept: ReadonlySet<string>): Schema {
  const texts = new Map(objectsOf(made).map(({ key, definition }) => [key, definition]));
  const written =
    (keyOf: (name: string) => string) =>
    <T extends SchemaObject>(object: T): T => {
      const key = keyOf(object.name);
      const definition = kept.has(key) ? texts.get(key) : undefined;
      return definition === undefined ? object : { ...object, definition };
    };
  return {
    tables: schema.tables.map((table) => {
      const of = (type: string) => written((name) => objectKey(type, name, table.name));
      const found = made.tables.find(({ name }) => name === table.name)?.columns ?? [];
      return {
        ...table,
        columns: table.columns.map((column) =>
          kept.has(objectKey('column', column.name, table.name))
            ? (found.find(({ name }) => name === column.name) ?? column)
            : column,
        ),
        constraints: table.constraints.map(of('constraint')),
        indexes: table.indexes.map(written((name) => objectKey('index', name))),
        triggers: table.triggers.map(of('trigger')),
        ...(table.rowSecurity && {
          rowSecurity: { ...table.rowSecurity, policies: table.rowSecurity.policies.map(of('policy')) },
        }),
      };
    }),
    functions: schema.functions.map(written(functionKey)),
    objects: schema.objects.map((object) => written(() => otherKey(object))(object)),
  };
}
