import type { SqlDialect } from '../contract/dialect.js';
import type { GuaranteeObject } from '../contract/guarantee.js';
import type { TableRights } from '../contract/rights.js';
import type { Roles, WantedRights } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { objectsOfSystem } from '../engines/declared-sql.js';
import { hiddenTables, noRights, readOnlyRights, rightsOf, sideObjects } from '../model/index.js';

/** Returns the rights that the roles must have: those that the system's guarantees allow and that Ashlar needs. */
export function wantedRights(dialect: SqlDialect, system: SystemFacts, roles: Roles): WantedRights {
  const tables = Object.values(system.tables);
  const objects = tables.flatMap((table) => [
    ...dialect.generatedColumnObjects(table),
    ...sideObjects(table, dialect.name),
  ]);
  const views = [
    ...Object.values(system.views ?? {}),
    ...objectsOfSystem(dialect, system).filter(({ type }) => type === 'view' || type === 'materialized view'),
  ];
  const hidden = tables.flatMap((table) => hiddenTables(table, dialect.name).map(({ name }) => name));
  const named = (type: GuaranteeObject['type']): readonly string[] =>
    objects.filter((object) => object.type === type).map((object) => object.name);
  return {
    roles,
    tables: new Map<string, TableRights>([
      ['ashlar_migrations', readOnlyRights],
      ...dialect.foundation.map(({ name, rights }) => [name, rights ?? readOnlyRights] as const),
      ...named('table').map((name) => [name, readOnlyRights] as const),
      ...hidden.map((name) => [name, noRights] as const),
      ...tables.map((table) => [table.name, rightsOf(table)] as const),
      ...views.map(({ name }) => [name, readOnlyRights] as const),
    ]),
    secret: new Set(dialect.foundation.filter(({ secret }) => secret).map(({ name }) => name)),
    closed: new Set(dialect.foundation.filter(({ closed }) => closed).map(({ name }) => name)),
    functions: [...dialect.foundation.map(({ name }) => name), ...named('function')],
    functionsBeside: (system.beside ?? []).flatMap(
      (each) => wantedRights(dialect, { ...each, beside: [] }, roles).functions,
    ),
    ...(system.guards ? { guards: system.guards } : {}),
  };
}
