import type { SqlDialect } from '../contract/dialect.js';
import type { DeclaredObject, ObjectSql } from '../contract/objects.js';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';

/** Returns the objects that exist in one dialect. */
export function objectsIn(objects: readonly DeclaredObject[], dialect: SqlName): readonly ObjectSql[] {
  return objects.flatMap(({ name, type, before, sql }) => {
    const text = sql[dialect];
    return text === null ? [] : [{ name, type, before, sql: text.trim().replace(/;$/, ''), fill: [] }];
  });
}

/** Returns all objects that a system declares besides tables and their guarantees, in the order of declaration. */
export function objectsOfSystem(dialect: SqlDialect, system: SystemFacts): readonly ObjectSql[] {
  return [
    ...Object.values(system.tables).flatMap((table) => dialect.declaredObjects(table)),
    ...objectsBesideTables(dialect, system),
  ];
}

const objectsBesideTables = (dialect: SqlDialect, system: SystemFacts): readonly ObjectSql[] => [
  ...Object.values(system.views ?? {}).map((view) => ({
    type: 'view' as const,
    name: view.name,
    sql: dialect.viewSql(view),
    before: false,
    fill: [],
  })),
  ...objectsIn(system.objects ?? [], dialect.name),
];

/**
 * Returns the statements that create what a system declares in an empty database with the foundation: types and what else
 * comes before tables, the tables with their objects, then views and the other objects of the system.
 *
 * @param tables - the tables of the system, each after those that it refers to
 */
export function systemStatements(
  dialect: SqlDialect,
  system: SystemFacts,
  tables: readonly SystemFacts['tables'][string][],
): readonly string[] {
  const ofTables = new Map(tables.map((table) => [table, dialect.declaredObjects(table)]));
  const others = objectsBesideTables(dialect, system);
  return [
    ...[...[...ofTables.values()].flat(), ...others].filter(({ before }) => before).map(({ sql }) => sql),
    ...dialect.createTables(tables, (table) =>
      (ofTables.get(table) ?? []).flatMap(({ before, sql }) => (before ? [] : [sql])),
    ),
    ...others.flatMap(({ before, sql }) => (before ? [] : [sql])),
  ];
}
