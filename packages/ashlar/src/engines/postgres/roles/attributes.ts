import type { RoleChange, WantedRights } from '../../../contract/roles.js';
import { identifier } from '../../../model/index.js';
import type { Connection, ObjectState, RoleState } from './state.js';

/** What is to be done so that the roles are there, with the attributes and memberships they need and no others. */
export function planPeople(
  connection: Connection,
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
        // whoever makes a role may hand it on
        role ? role.mayGrant || (connection.old && makes) : makes,
      ),
    ];
  };
  return [
    ...make(roles.app, roles.appConnects !== undefined),
    ...make(roles.auditor),
    ...(roles.owner === undefined ? [] : make(roles.owner)),
    // the application's own user looks, and owns nothing
    ...(roles.owner === undefined || connection.login === roles.app ? [] : join(roles.owner, 'act as')),
    ...(roles.appConnects === undefined ? join(roles.app, 'step down to') : []),
    ...tooStrong(connection, known.get(roles.app), owner, objects),
    // an auditor may see the rows of every scope
    ...tooStrong(connection, known.get(roles.auditor), owner, objects, true),
  ];
}

const tooStrong = (
  { superuser }: Connection,
  role: RoleState | undefined,
  owner: string,
  objects: readonly ObjectState[],
  seesAll = false,
): readonly RoleChange[] => {
  if (!role) return [];
  const { name } = role;
  const differ = (difference: string, sql?: string, allowed = false): RoleChange => ({
    difference: `${name} ${difference}`,
    sql,
    takes: true,
    by: 'login',
    allowed,
  });
  if (name === owner) return [differ('owns the tables: the application needs a role of its own')];
  // nothing that Ashlar should mend by itself: it may be somebody's own user
  if (role.superuser) return [differ('is a superuser')];
  const owned = objects.filter((object) => object.owner === name).map((object) => object.name);
  return [
    ...(role.bypassesRls && !seesAll
      ? [differ('bypasses row level security', `ALTER ROLE ${identifier(name)} NOBYPASSRLS`, superuser)]
      : []),
    ...(role.ownsAsMember
      ? [
          differ(
            `may act as ${owner}, the owner`,
            `REVOKE ${identifier(owner)} FROM ${identifier(name)}`,
            superuser,
          ),
        ]
      : []),
    ...(owned.length > 0 ? [differ(`owns ${owned.join(', ')}`)] : []),
  ];
};
