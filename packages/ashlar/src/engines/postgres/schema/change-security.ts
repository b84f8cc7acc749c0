import type { RowSecurity, SchemaChange, SchemaObject, SchemaTable } from '../../../contract/schema.js';
import { identifier, literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { change } from './change.js';
import { ifExists } from './change-objects.js';

// objects of partitions are not part of the compared schema; maintenance creates them again
const onPartitions = (table: string, objects: string, statement: string, values: string): string => sql`
  DO $ashlar$
  DECLARE
    found record;
  BEGIN
    FOR found IN ${objects}
      WHERE i.inhparent = ${literal(identifier(table))}::regclass
    LOOP
      EXECUTE format(${literal(statement)}, ${values});
    END LOOP;
  END
  $ashlar$
`;

const dropPolicySql = (of: SchemaTable, { name }: SchemaObject): string[] => [
  ...(of.options
    ? [
        onPartitions(
          of.name,
          `SELECT p.polrelid::regclass AS part FROM pg_policy p JOIN pg_inherits i ON i.inhrelid = p.polrelid AND p.polname = ${literal(name)}`,
          `DROP POLICY ${identifier(name)} ON %s`,
          'found.part',
        ),
      ]
    : []),
  `DROP POLICY ${ifExists(of)}${identifier(name)} ON ${identifier(of.name)}`,
];

/** Returns the change that adds a policy. */
export function addPolicy(table: SchemaTable, policy: SchemaObject): SchemaChange {
  return change({
    summary: `${table.name}: add policy ${policy.name}`,
    // the tool may have renamed a column that it names: it is then another than the steps made
    up: [...(table.external ? dropPolicySql(table, policy) : []), policy.definition],
    down: dropPolicySql(table, policy),
  });
}

/**
 * Returns the change that drops a policy from a table and its partitions, because a column that a policy names cannot
 * be changed.
 */
export function dropPolicy(table: SchemaTable, policy: SchemaObject): SchemaChange {
  return change({
    summary: `${table.name}: drop policy ${policy.name}`,
    up: dropPolicySql(table, policy),
    down: [policy.definition],
  });
}

const noSecurity: RowSecurity = { enabled: false, forced: false, policies: [] };

/** Returns the row-level security settings of a table; if the table declares none, row-level security is disabled. */
export function securityOf({ rowSecurity = noSecurity }: SchemaTable): RowSecurity {
  return rowSecurity;
}

/** Returns the statements that change the row-level security settings of a table from `from` to `to`. */
export function securitySql(
  { name: table, options }: Pick<SchemaTable, 'name' | 'options'>,
  from: RowSecurity,
  to: RowSecurity,
): string[] {
  const actions = [
    ...(from.enabled === to.enabled ? [] : [`${to.enabled ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY`]),
    ...(from.forced === to.forced ? [] : [`${to.forced ? 'FORCE' : 'NO FORCE'} ROW LEVEL SECURITY`]),
  ];
  const isSwitchedOff = from.enabled && !to.enabled;
  return actions.flatMap((action) => [
    `ALTER TABLE ${identifier(table)} ${action}`,
    ...(isSwitchedOff && options
      ? [
          onPartitions(
            table,
            'SELECT i.inhrelid::regclass AS part FROM pg_inherits i',
            `ALTER TABLE %s ${action}`,
            'found.part',
          ),
        ]
      : []),
  ]);
}

const described = ({ enabled, forced }: RowSecurity): string =>
  enabled ? (forced ? 'on, for the owner too' : 'on, not for the owner') : 'off';

/**
 * Returns the change that turns a table's row-level security on or off, or changes whether it applies to the owner;
 * empty if nothing differs.
 */
export function changeSecurity(table: SchemaTable, from: RowSecurity, to: RowSecurity): SchemaChange[] {
  const up = securitySql(table, from, to);
  return up.length === 0
    ? []
    : [
        change({
          summary: `${table.name}: row level security ${described(to)}, instead of ${described(from)}`,
          up,
          down: securitySql(table, to, from),
        }),
      ];
}
