import type { RoleChange, WantedRights } from '../../../contract/roles.js';
import { identifier } from '../../../model/index.js';
import type { ConnectionState, ObjectState, RoleState } from './state.js';

/** Plans the changes that create missing roles and correct the attributes and memberships of existing roles. */
export function planAttributes(
  connection: ConnectionState,
  { roles }: WantedRights,
  known: ReadonlyMap<string, RoleState>,
  objects: readonly ObjectState[],
): readonly RoleChange[] {
  const owner = roles.owner ?? connection.current;
  const makes = connection.superuser || connection.createsRoles;
  const change = (difference: string, sql: string | undefined, allowed: boolean): RoleChange => ({
    difference,
    sql,
    takes: false,
    by: 'login',
    allowed,
  });
  const make = (name: string, login = false): readonly RoleChange[] =>
    known.has(name)
      ? []
      : [
          change(
            `the role ${name} is missing`,
            `CREATE ROLE ${identifier(name)} ${login ? 'LOGIN' : 'NOLOGIN'}`,
            makes,
          ),
        ];
  const join = (name: string, why: string): readonly RoleChange[] => {
    const role = known.get(name);
    if (connection.superuser || name === connection.login || role?.maySet) return [];
    const options = connection.old ? '' : ' WITH INHERIT FALSE, SET TRUE';
    return [
      change(
        `${connection.login} may not ${why} ${name}`,
        `GRANT ${identifier(name)} TO ${identifier(connection.login)}${options}`,
        // the role that creates another may grant it
        role ? role.mayGrant || (connection.old && makes) : makes,
      ),
    ];
  };
  return [
    ...make(roles.app, roles.appConnects !== undefined),
    ...make(roles.auditor),
    ...(roles.owner === undefined ? [] : make(roles.owner)),
    // the application's own user only compares; it owns nothing
    ...(roles.owner === undefined || connection.login === roles.app ? [] : join(roles.owner, 'act as')),
    ...(roles.appConnects === undefined ? join(roles.app, 'set the role') : []),
    ...excessOf({ connection, role: known.get(roles.app), owner, objects, seesAll: false }),
    // an auditor may see the rows of every scope
    ...excessOf({ connection, role: known.get(roles.auditor), owner, objects, seesAll: true }),
  ];
}

interface ExcessInput {
  readonly connection: ConnectionState;
  readonly role: RoleState | undefined;
  readonly owner: string;
  readonly objects: readonly ObjectState[];
  /** Whether the role may bypass row-level security. */
  readonly seesAll: boolean;
}

const excessOf = ({ connection, role, owner, objects, seesAll }: ExcessInput): readonly RoleChange[] => {
  if (!role) return [];
  const { name } = role;
  const differ = (difference: string, sql?: string, allowed = false): RoleChange => ({
    difference: `${name} ${difference}`,
    sql,
    takes: true,
    by: 'login',
    allowed,
  });
  if (name === owner) return [differ('owns the tables, but the application needs a separate role')];
  // Ashlar does not change this by itself: other applications may need the superuser
  if (role.superuser) return [differ('is a superuser')];
  const owned = objects.filter((object) => object.owner === name).map((object) => object.name);
  return [
    ...(role.bypassesRls && !seesAll
      ? [
          differ(
            'bypasses row-level security',
            `ALTER ROLE ${identifier(name)} NOBYPASSRLS`,
            connection.superuser,
          ),
        ]
      : []),
    ...(role.ownsAsMember
      ? [
          differ(
            `may act as ${owner}, the owner`,
            `REVOKE ${identifier(owner)} FROM ${identifier(name)}`,
            connection.superuser,
          ),
        ]
      : []),
    ...(owned.length > 0 ? [differ(`owns ${owned.join(', ')}`)] : []),
  ];
};
