import type { RoleChange, WantedRights } from '../../../contract/roles.js';
import type { RunSql } from '../../../contract/sql.js';
import { identifier, readOnlyRights } from '../../../model/index.js';
import {
  compareEntries,
  type GranteeDifference,
  granteeName,
  granteeSql,
  plainEntries,
  privilegeList,
  tableEntries,
} from './grants.js';
import { planPeople } from './people.js';
import {
  type Connection,
  type Entry,
  everybody,
  type FunctionState,
  type ObjectState,
  type RoleState,
  readConnection,
  readFunctions,
  readObjects,
  readRoles,
  readSchema,
  type SchemaState,
} from './state.js';

/** What differs between the roles and rights of a database and those that are wanted, in the order to mend it in. */
export async function planRoles(run: RunSql, wanted: WantedRights): Promise<readonly RoleChange[]> {
  const connection = await readConnection(run);
  const { roles } = wanted;
  const owner = roles.owner ?? connection.current;
  const people = [roles.app, roles.auditor];
  const known = await readRoles(run, [...people, owner], owner);
  if (connection.schema === undefined) return planPeople(connection, wanted, known, []);
  const objects = await readObjects(run, wanted.tables.keys());
  const functions = await readFunctions(run, wanted);
  const schema = await readSchema(run, people, owner);
  return [
    ...planPeople(connection, wanted, known, objects),
    ...planOwnership(connection, wanted, schema.ours, objects, functions),
    ...planSchema(connection, schema, wanted, known),
    ...objects.flatMap((object) => planObject(object, wanted, owner)),
    ...functions
      .filter(({ isTrigger }) => !isTrigger)
      .flatMap(({ signature, shutOut }) =>
        shutOut.map((role) => ({
          difference: `${role} may not call ${signature}`,
          sql: `GRANT EXECUTE ON FUNCTION ${signature} TO ${identifier(role)}`,
          takes: false,
          by: 'owner' as const,
          allowed: true,
        })),
      ),
    ...planDefaults(connection.schema, schema, wanted, owner),
  ];
}

const planOwnership = (
  { superuser, schema }: Connection,
  { roles: { owner } }: WantedRights,
  mayGrant: boolean,
  objects: readonly ObjectState[],
  functions: readonly FunctionState[],
): readonly RoleChange[] => {
  if (owner === undefined || schema === undefined) return [];
  const moved = [
    // a sequence goes with the table that it counts for
    ...objects
      .filter((object) => object.kind !== 'sequence' && object.owner !== owner)
      .map((object) => ({ what: `TABLE ${identifier(object.name)}`, from: object.owner, ours: object.ours })),
    ...functions
      .filter((each) => each.owner !== owner)
      .map((each) => ({ what: `FUNCTION ${each.signature}`, from: each.owner, ours: true })),
  ];
  if (moved.length === 0) return [];
  return [
    {
      difference: `${owner} may not create in the schema ${schema}`,
      sql: `GRANT USAGE, CREATE ON SCHEMA ${identifier(schema)} TO ${identifier(owner)}`,
      takes: false,
      by: 'login',
      allowed: superuser || mayGrant,
    },
    ...moved.map(({ what, from, ours }) => ({
      difference: `${from} owns ${what.replace(/^\w+ /, '')}, not ${owner}`,
      sql: `ALTER ${what} OWNER TO ${identifier(owner)}`,
      takes: true,
      by: 'login' as const,
      allowed: superuser || ours,
    })),
  ];
};

const planSchema = (
  { superuser, schema: name = '' }: Connection,
  { ours, entries, users, creators }: SchemaState,
  { roles }: WantedRights,
  known: ReadonlyMap<string, RoleState>,
): readonly RoleChange[] => {
  const on = `ON SCHEMA ${identifier(name)}`;
  const change = (difference: string, sql: string | undefined): RoleChange => ({
    difference,
    sql,
    takes: sql === undefined || sql.startsWith('REVOKE'),
    by: 'login',
    allowed: superuser || ours,
  });
  const people = [roles.app, roles.auditor];
  const creating = new Set(
    entries
      .filter(
        ({ privilege, grantee }) => /^CREATE/.test(privilege) && [...people, everybody].includes(grantee),
      )
      .map(({ grantee }) => grantee),
  );
  return [
    ...people
      .filter((role) => !users.has(role))
      .map((role) =>
        change(`${role} may not use the schema ${name}`, `GRANT USAGE ${on} TO ${identifier(role)}`),
      ),
    ...[...creating].map((role) =>
      change(
        `${granteeName(role)} may create in the schema ${name}`,
        `REVOKE CREATE ${on} FROM ${granteeSql(role)} CASCADE`,
      ),
    ),
    // by owning the schema or by a role that it belongs to: no right that could be taken back from it
    ...people
      .filter((role) => creators.has(role) && !creating.has(role) && !creating.has(everybody))
      // told already
      .filter((role) => !known.get(role)?.superuser && !known.get(role)?.ownsAsMember)
      .map((role) => change(`${role} may create in the schema ${name}`, undefined)),
  ];
};

const planObject = (
  object: ObjectState,
  { roles, tables }: WantedRights,
  owner: string,
): readonly RoleChange[] => {
  const { kind, name } = object;
  const governed = [roles.app, roles.auditor, everybody];
  const isPartition = kind === 'partition';
  // who else has rights on a table is its owner's affair; a partition would be a way around what the table allows
  const actual = object.entries.filter(
    ({ grantee }) => (isPartition && grantee !== owner) || governed.includes(grantee),
  );
  const wanted = {
    partition: () => [],
    sequence: () => [...plainEntries(roles.app, 'USAGE', 'SELECT'), ...plainEntries(roles.auditor, 'SELECT')],
    table: () => [
      ...tableEntries(roles.app, tables.get(name) ?? readOnlyRights).filter(
        ({ column }) => column === undefined || object.columns.includes(column),
      ),
      ...plainEntries(roles.auditor, 'SELECT'),
    ],
  }[kind]();
  const on = `ON ${kind === 'sequence' ? 'SEQUENCE' : 'TABLE'} ${identifier(name)}`;
  return compareEntries(actual, wanted).flatMap((difference) =>
    render(difference, name, on, '', object.ours || roles.owner !== undefined),
  );
};

const planDefaults = (
  schema: string,
  { defaults }: SchemaState,
  { roles }: WantedRights,
  owner: string,
): readonly RoleChange[] => {
  const prefix = `ALTER DEFAULT PRIVILEGES FOR ROLE ${identifier(owner)} IN SCHEMA ${identifier(schema)} `;
  const plan = (actual: readonly Entry[], wanted: readonly Entry[], what: 'TABLES' | 'SEQUENCES') =>
    compareEntries(
      actual.filter(({ grantee }) => [roles.app, roles.auditor, everybody].includes(grantee)),
      wanted,
    ).flatMap((difference) =>
      render(difference, `${what.toLowerCase()} that ${owner} will make`, `ON ${what}`, prefix, true),
    );
  return [
    ...plan(
      defaults.r,
      [
        ...plainEntries(roles.app, 'SELECT', 'INSERT', 'UPDATE', 'DELETE'),
        ...plainEntries(roles.auditor, 'SELECT'),
      ],
      'TABLES',
    ),
    ...plan(
      defaults.S,
      [...plainEntries(roles.app, 'USAGE', 'SELECT'), ...plainEntries(roles.auditor, 'SELECT')],
      'SEQUENCES',
    ),
  ];
};

const render = (
  { grantee, missing, excess }: GranteeDifference,
  what: string,
  on: string,
  prefix: string,
  allowed: boolean,
): readonly RoleChange[] => {
  const change = (has: 'has' | 'lacks', entries: readonly Entry[], sql: string): RoleChange => ({
    difference: `${granteeName(grantee)} ${has} ${privilegeList(entries)} on ${what}`,
    sql: `${prefix}${sql}`,
    takes: has === 'has',
    by: 'owner',
    allowed,
  });
  const onward = excess.some(({ privilege }) => privilege.endsWith('*')) ? ' CASCADE' : '';
  // apart, because INSERT and INSERT (a) cannot stand in one list
  const [whole, columns] = [
    excess.filter(({ column }) => column === undefined),
    excess.filter(({ column }) => column !== undefined),
  ];
  return [
    ...[whole, columns]
      .filter((entries) => entries.length > 0)
      .map((entries) =>
        change('has', entries, `REVOKE ${privilegeList(entries)} ${on} FROM ${granteeSql(grantee)}${onward}`),
      ),
    ...(missing.length > 0
      ? [change('lacks', missing, `GRANT ${privilegeList(missing)} ${on} TO ${granteeSql(grantee)}`)]
      : []),
  ];
};
