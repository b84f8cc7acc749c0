import type { RoleChange, WantedRights } from '../../../contract/roles.js';
import type { RunSql } from '../../../contract/sql.js';
import { identifier, readOnlyRights } from '../../../model/index.js';
import { planAttributes } from './attributes.js';
import {
  compareEntries,
  type GranteeDifference,
  granteeName,
  granteeSql,
  plainEntries,
  privilegeList,
  tableEntries,
} from './grants.js';
import {
  type ConnectionState,
  type Entry,
  type FunctionState,
  type ObjectState,
  publicGrantee,
  type RoleState,
  readConnection,
  readFunctions,
  readObjects,
  readRoles,
  readSchema,
  type SchemaState,
} from './state.js';

/**
 * Compares the roles and rights of a database with the wanted roles and rights, and returns the differences in the
 * order in which they must be corrected.
 */
export async function planRoles(run: RunSql, wanted: WantedRights): Promise<readonly RoleChange[]> {
  const connection = await readConnection(run);
  const { roles } = wanted;
  const owner = roles.owner ?? connection.current;
  const served = [roles.app, roles.auditor];
  const known = await readRoles(run, [...served, owner], owner);
  const { schema: schemaName } = connection;
  if (schemaName === undefined) return planAttributes(connection, wanted, known, []);
  const objects = await readObjects(run, schemaName, wanted);
  const functions = await readFunctions(run, schemaName, wanted);
  const schema = await readSchema(run, schemaName, served, owner);
  const beside = wanted.guards
    ? planSchema(
        { ...connection, schema: wanted.guards.schema },
        await readSchema(run, wanted.guards.schema, served, owner),
        wanted,
        known,
      )
    : [];
  return [
    ...planAttributes(connection, wanted, known, objects),
    ...planOwnership({ connection, wanted, schema, objects, functions }),
    ...planSchema(connection, schema, wanted, known),
    ...beside,
    ...objects.flatMap((object) =>
      planObject(object, wanted, owner, (object.external && wanted.guards?.schema) || schemaName),
    ),
    ...functions.flatMap(planFunction),
    ...planDefaults(schemaName, schema, wanted, owner),
  ];
}

interface OwnershipInput {
  readonly connection: ConnectionState;
  readonly wanted: WantedRights;
  readonly schema: SchemaState;
  readonly objects: readonly ObjectState[];
  readonly functions: readonly FunctionState[];
}

const planOwnership = ({
  connection: { superuser, schema },
  wanted: {
    roles: { owner },
  },
  schema: { grantable },
  objects,
  functions,
}: OwnershipInput): readonly RoleChange[] => {
  if (owner === undefined || schema === undefined) return [];
  const moved = [
    // a sequence changes its owner together with its table
    ...objects
      .filter((object) => object.kind !== 'sequence' && !object.external && object.owner !== owner)
      .map((object) => ({
        name: identifier(object.name),
        what: `TABLE ${identifier(schema)}.${identifier(object.name)}`,
        from: object.owner,
        allowed: object.grantable,
      })),
    ...functions
      .filter((each) => each.owner !== owner)
      .map((each) => ({
        name: each.signature,
        what: `FUNCTION ${each.qualified}`,
        from: each.owner,
        allowed: true,
      })),
  ];
  if (moved.length === 0) return [];
  return [
    {
      difference: `${owner} may not create objects in the schema ${schema}`,
      sql: `GRANT USAGE, CREATE ON SCHEMA ${identifier(schema)} TO ${identifier(owner)}`,
      takes: false,
      by: 'login',
      allowed: superuser || grantable,
    },
    ...moved.map(({ name, what, from, allowed }) => ({
      difference: `${name} is owned by ${from} instead of ${owner}`,
      sql: `ALTER ${what} OWNER TO ${identifier(owner)}`,
      takes: true,
      by: 'login' as const,
      allowed: superuser || allowed,
    })),
  ];
};

const planFunction = ({
  signature,
  qualified,
  isTrigger,
  isPublic,
  withoutExecute,
  triggerCallers,
}: FunctionState): readonly RoleChange[] => [
  // before the right of PUBLIC is taken, so that no session is without it
  ...(isTrigger ? [] : withoutExecute).map((role) => ({
    difference: `${role} may not call the function ${signature}`,
    sql: `GRANT EXECUTE ON FUNCTION ${qualified} TO ${identifier(role)}`,
    takes: false,
    by: 'owner' as const,
    allowed: true,
  })),
  // a trigger needs no right to fire; a role that has it could let the function run for rows of a table of its own
  ...triggerCallers.map((role) => ({
    difference: `${role} may call the trigger function ${signature}`,
    sql: `REVOKE EXECUTE ON FUNCTION ${qualified} FROM ${identifier(role)} CASCADE`,
    takes: true,
    by: 'owner' as const,
    allowed: true,
  })),
  ...(isPublic
    ? [
        {
          difference: `${granteeName(publicGrantee)} may call the function ${signature}`,
          sql: `REVOKE EXECUTE ON FUNCTION ${qualified} FROM PUBLIC`,
          // a new function has this right by default: it is no change that someone made
          takes: false,
          by: 'owner' as const,
          allowed: true,
        },
      ]
    : []),
];

const planSchema = (
  { superuser, schema: name = '' }: ConnectionState,
  { grantable, entries, users, creators }: SchemaState,
  { roles }: WantedRights,
  known: ReadonlyMap<string, RoleState>,
): readonly RoleChange[] => {
  const on = `ON SCHEMA ${identifier(name)}`;
  const change = (difference: string, sql: string | undefined): RoleChange => ({
    difference,
    sql,
    takes: sql === undefined || sql.startsWith('REVOKE'),
    by: 'login',
    allowed: superuser || grantable,
  });
  const served = [roles.app, roles.auditor];
  const creating = new Set(
    entries
      .filter(
        ({ privilege, grantee }) => /^CREATE/.test(privilege) && [...served, publicGrantee].includes(grantee),
      )
      .map(({ grantee }) => grantee),
  );
  return [
    ...served
      .filter((role) => !users.has(role))
      .map((role) =>
        change(`${role} may not use the schema ${name}`, `GRANT USAGE ${on} TO ${identifier(role)}`),
      ),
    ...[...creating].map((role) =>
      change(
        `${granteeName(role)} may create objects in the schema ${name}`,
        `REVOKE CREATE ${on} FROM ${granteeSql(role)} CASCADE`,
      ),
    ),
    // through ownership of the schema or a membership: there is no right that could be revoked
    ...served
      .filter((role) => creators.has(role) && !creating.has(role) && !creating.has(publicGrantee))
      // reported already
      .filter((role) => !known.get(role)?.superuser && !known.get(role)?.ownsAsMember)
      .map((role) => change(`${role} may create objects in the schema ${name}`, undefined)),
  ];
};

const planObject = (
  object: ObjectState,
  { roles, tables, secret, closed }: WantedRights,
  owner: string,
  schema: string,
): readonly RoleChange[] => {
  const { kind, name } = object;
  const governed = [roles.app, roles.auditor, publicGrantee];
  const isPartition = kind === 'partition';
  // the owner may grant rights on a table to other roles, unless what verifies sessions is in it; rights on a partition would
  // bypass those on its table
  const actual = object.entries.filter(
    ({ grantee }) => ((isPartition || closed.has(name)) && grantee !== owner) || governed.includes(grantee),
  );
  const wanted = {
    partition: () => [],
    sequence: () => [...plainEntries(roles.app, 'USAGE', 'SELECT'), ...plainEntries(roles.auditor, 'SELECT')],
    table: () => [
      ...tableEntries(roles.app, tables.get(name) ?? readOnlyRights).filter(
        ({ column }) => column === undefined || object.columns.includes(column),
      ),
      ...(secret.has(name) ? [] : plainEntries(roles.auditor, 'SELECT')),
    ],
  }[kind]();
  const on = `ON ${kind === 'sequence' ? 'SEQUENCE' : 'TABLE'} ${identifier(schema)}.${identifier(name)}`;
  return compareEntries(actual, wanted).flatMap((difference) =>
    render(difference, {
      what: name,
      on,
      prefix: '',
      allowed: object.grantable || roles.owner !== undefined,
    }),
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
      actual.filter(({ grantee }) => [roles.app, roles.auditor, publicGrantee].includes(grantee)),
      wanted,
    ).flatMap((difference) =>
      render(difference, {
        what: `${what.toLowerCase()} that ${owner} will create`,
        on: `ON ${what}`,
        prefix,
        allowed: true,
      }),
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

interface RenderOptions {
  /** The object, for messages. */
  readonly what: string;
  /** The object, in SQL: `ON TABLE "name"`. */
  readonly on: string;
  /** SQL before GRANT and REVOKE. */
  readonly prefix: string;
  readonly allowed: boolean;
}

const render = (
  { grantee, missing, excess }: GranteeDifference,
  { what, on, prefix, allowed }: RenderOptions,
): readonly RoleChange[] => {
  const change = (has: 'has' | 'lacks', entries: readonly Entry[], sql: string): RoleChange => ({
    difference: `${granteeName(grantee)} ${has} ${privilegeList(entries)} on ${what}`,
    sql: `${prefix}${sql}`,
    takes: has === 'has',
    by: 'owner',
    allowed,
  });
  const cascade = excess.some(({ privilege }) => privilege.endsWith('*')) ? ' CASCADE' : '';
  // in two statements, because INSERT and INSERT (a) cannot be in one list
  const [whole, columns] = [
    excess.filter(({ column }) => column === undefined),
    excess.filter(({ column }) => column !== undefined),
  ];
  return [
    ...[whole, columns]
      .filter((entries) => entries.length > 0)
      .map((entries) =>
        change(
          'has',
          entries,
          `REVOKE ${privilegeList(entries)} ${on} FROM ${granteeSql(grantee)}${cascade}`,
        ),
      ),
    ...(missing.length > 0
      ? [change('lacks', missing, `GRANT ${privilegeList(missing)} ${on} TO ${granteeSql(grantee)}`)]
      : []),
  ];
};
