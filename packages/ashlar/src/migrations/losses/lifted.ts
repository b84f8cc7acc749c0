import type { Schema, SchemaObject, SchemaTable } from '../../contract/schema.js';

/** Returns what no longer guards a table that remains, one line each: triggers, policies and row-level security. */
export function liftedGuards(before: Schema, after: Schema): readonly string[] {
  const now = new Map(after.tables.map((table) => [table.name, table]));
  return before.tables.flatMap((table) => {
    const left = now.get(table.name);
    return left ? liftedFrom(table, left) : [];
  });
}

const liftedFrom = (before: SchemaTable, after: SchemaTable): readonly string[] => {
  const { name } = before;
  const secured = before.rowSecurity;
  const securedNow = after.rowSecurity;
  return [
    ...gone(before.triggers, after.triggers).map((trigger) => `${name}: the trigger ${trigger} is dropped`),
    ...weakened(before.triggers, after.triggers).map(
      (trigger) => `${name}: the trigger ${trigger} no longer fires always`,
    ),
    ...gone(secured?.policies ?? [], securedNow?.policies ?? []).map(
      (policy) => `${name}: the policy ${policy} is dropped`,
    ),
    ...changed(secured?.policies ?? [], securedNow?.policies ?? []).map(
      (policy) => `${name}: the policy ${policy} is changed`,
    ),
    ...(secured?.enabled && !securedNow?.enabled ? [`${name}: row-level security is disabled`] : []),
    ...(secured?.forced && !securedNow?.forced
      ? [`${name}: row-level security no longer binds the owner`]
      : []),
  ];
};

const gone = (before: readonly SchemaObject[], after: readonly SchemaObject[]): readonly string[] =>
  before.filter(({ name }) => !after.some((each) => each.name === name)).map(({ name }) => name);

const pairs = (before: readonly SchemaObject[], after: readonly SchemaObject[]) =>
  before.flatMap((old) => {
    const now = after.find(({ name }) => name === old.name);
    return now ? [[old, now] as const] : [];
  });

const changed = (before: readonly SchemaObject[], after: readonly SchemaObject[]): readonly string[] =>
  pairs(before, after)
    .filter(([old, now]) => old.definition !== now.definition)
    .map(([{ name }]) => name);

const always = 'ENABLE ALWAYS TRIGGER';

const weakened = (before: readonly SchemaObject[], after: readonly SchemaObject[]): readonly string[] =>
  pairs(before, after)
    .filter(([old, now]) => old.definition.includes(always) && !now.definition.includes(always))
    .map(([{ name }]) => name);
