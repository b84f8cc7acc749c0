import { setTimeout as pause } from 'node:timers/promises';
import type { SqlDialect } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { RoleChange, RolePower, Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { identifier } from '../model/index.js';
import { defaultRoles } from './names.js';
import { wantedRights } from './wanted.js';

/**
 * Compares the roles of a database and their rights with the rights that the guarantees of a system allow. Printing,
 * applying and checking all use this plan.
 *
 * @returns each difference with the statement that corrects it, in the order to run them; empty where there is none, and
 *   where the engine has no roles
 */
export async function planRights(
  owner: Owner,
  dialect: SqlDialect,
  system: SystemFacts,
  roles: Roles = defaultRoles,
): Promise<readonly RoleChange[]> {
  return dialect.roles ? dialect.roles.plan(owner.run, wantedRights(dialect, system, roles)) : [];
}

/**
 * Returns the SQL script that {@link applyRoles} would run now. Statements that the connected user may not run come first,
 * under a comment, so that a DBA can run them; `up` and `applyRoles` then run the others. What only a DBA decides, the powers
 * that roles have beyond their rights, comes last, as comments.
 */
export async function rolesSql(engine: Engine, system: SystemFacts, roles?: Roles): Promise<string> {
  const { changes, powers } = await rolesOf(engine, system, roles);
  const mayRun = ({ sql, allowed }: RoleChange): boolean => sql !== undefined && allowed;
  const forDba = changes.filter((change) => !mayRun(change));
  const others = changes.filter(mayRun);
  const beyond = powers.map(({ finding, remedy }) => `-- ${finding}: ${remedy ?? 'by hand'}\n`).join('');
  if (forDba.length === 0) return script(others) + beyond;
  return [
    `-- for a DBA, in this database:\n${script(forDba)}`,
    ...(others.length > 0 ? [`-- \`ashlar up\` runs these itself:\n${script(others)}`] : []),
    beyond,
  ].join('');
}

/**
 * Returns the differences between the roles' rights and powers and those that the guarantees allow, one line each, also those
 * that {@link applyRoles} leaves to a person.
 */
export async function checkRoles(
  engine: Engine,
  system: SystemFacts,
  roles?: Roles,
): Promise<readonly string[]> {
  return (await inspectRoles(engine, system, roles)).differences;
}

/** What `status` says of the roles of a database. */
export interface RolesInspection {
  /** The differences that {@link checkRoles} returns. */
  readonly differences: readonly string[];
  /**
   * What other roles may do with the system's tables, and who may act as the owner: no guarantee is weakened by it. Then what
   * the system accepts, with the reason.
   */
  readonly others: readonly string[];
}

/** Compares the roles of a database, and also names what other roles may do. */
export async function inspectRoles(
  engine: Engine,
  system: SystemFacts,
  roles?: Roles,
): Promise<RolesInspection> {
  const owner = roles?.owner ?? engine.connectedRole?.owner;
  const known = owner === undefined ? roles : { ...(roles ?? defaultRoles), owner };
  const { changes, powers, allowed, accepted } = await rolesOf(engine, system, known);
  return {
    differences: [...changes.map(({ difference }) => difference), ...powers.map(powerLine)],
    others: [
      ...allowed.map(({ finding }) => finding),
      ...accepted.map(({ finding, reason }) => `${finding}, accepted: ${reason}`),
    ],
  };
}

const powerLine = ({ finding, remedy, object }: RolePower): string =>
  `${finding} (${remedy === undefined ? '' : `to take it: ${remedy}; `}to accept it: ${object})`;

/** Why a system accepts what a role can do, by its name; `schema tools` stands for the functions of that schema. */
const acceptedBy = ({ accepts = [] }: SystemFacts): ((object: string) => string | undefined) => {
  const reasons = new Map(accepts.map(({ object, reason }) => [object, reason]));
  const schemas = accepts.flatMap(({ object, reason }) => {
    const [, schema] = /^schema (.+)$/s.exec(object) ?? [];
    return schema === undefined
      ? []
      : [schema, identifier(schema)].map((name) => [`function ${name}.`, reason]);
  });
  return (object) => reasons.get(object) ?? schemas.find(([start = '']) => object.startsWith(start))?.[1];
};

const rolesOf = (engine: Engine, system: SystemFacts, given: Roles = defaultRoles) =>
  engine.asOwner(async (owner) => {
    const { dialect } = engine;
    const reasonOf = acceptedBy(system);
    const changes = await planRights(owner, dialect, system, given);
    const known = new Set(changes.map(({ difference }) => difference));
    const wanted = wantedRights(dialect, system, given);
    const { roles } = dialect;
    const found = roles ? await owner.atomically(() => roles.powers(owner.run, wanted)) : [];
    const findings = found.filter(({ isAllowed, finding }) => !isAllowed && !known.has(finding));
    return {
      changes,
      powers: findings.filter(({ object }) => reasonOf(object) === undefined),
      allowed: found.filter(({ isAllowed }) => isAllowed),
      accepted: findings.flatMap(({ finding, object }) => {
        const reason = reasonOf(object);
        return reason === undefined ? [] : [{ finding, reason }];
      }),
    };
  });

/**
 * Creates the roles, grants the rights that they lack, and revokes the rights that they must not have. Idempotent.
 *
 * @returns the changes that were made
 * @throws AshlarError `role-missing`, whose detail is the SQL that a DBA must run; `role-too-strong`
 */
export function applyRoles(
  engine: Engine,
  system: SystemFacts,
  roles?: Roles,
): Promise<readonly RoleChange[]> {
  return engine.asOwner(
    async (owner) => [
      ...(await prepareRoles(owner, engine.dialect, system, roles)),
      ...(await owner.atomically(() => grantRights(owner, engine.dialect, system, roles))),
    ],
    { exclusive: true },
  );
}

const attempts = 20;

/**
 * Creates the missing roles in a separate transaction, before any right is granted to them. Another process may create
 * the same roles at the same time: roles belong to the server, not to the database.
 *
 * @throws AshlarError `role-missing`, `role-too-strong`
 */
export async function prepareRoles(
  owner: Owner,
  dialect: SqlDialect,
  system: SystemFacts,
  roles: Roles = defaultRoles,
): Promise<readonly RoleChange[]> {
  for (let attempt = 1; ; attempt++) {
    const changes = (await planRights(owner, dialect, system, roles)).filter(({ by }) => by === 'login');
    assertAllowed(changes);
    if (changes.length === 0) return [];
    try {
      await owner.atomically(async () => dialect.roles?.apply(owner, changes, roles));
      return changes;
    } catch (error) {
      if (!isRace(error) || attempt === attempts) throw error;
      await pause(Math.random() * 20 * attempt);
    }
  }
}

/**
 * Grants missing rights and revokes excessive rights in the open transaction.
 *
 * @throws AshlarError `role-missing`, `role-too-strong`
 */
export async function grantRights(
  owner: Owner,
  dialect: SqlDialect,
  system: SystemFacts,
  roles: Roles = defaultRoles,
): Promise<readonly RoleChange[]> {
  const changes = await planRights(owner, dialect, system, roles);
  assertAllowed(changes);
  await dialect.roles?.apply(owner, changes, roles);
  return changes;
}

/** Grants and revokes rights in the open transaction if the roles exist; otherwise the next `ashlar up` does this. */
export async function grantWhereRolesAre(
  owner: Owner,
  dialect: SqlDialect,
  system: SystemFacts,
  roles: Roles = defaultRoles,
): Promise<void> {
  const changes = await planRights(owner, dialect, system, roles);
  if (changes.every(({ by, allowed }) => by === 'owner' && allowed))
    await dialect.roles?.apply(owner, changes, roles);
}

const script = (changes: readonly RoleChange[]): string =>
  changes
    .map(({ difference, sql }) => (sql === undefined ? `-- by hand: ${difference}\n` : `${sql};\n`))
    .join('');

const assertAllowed = (changes: readonly RoleChange[]): void => {
  const byHand = changes.filter(({ sql }) => sql === undefined);
  if (byHand.length > 0) {
    throw new AshlarError('role-too-strong', {
      message: 'The roles are not separate from each other.',
      detail: byHand.map(({ difference }) => `${difference}.`).join('\n'),
      suggestion:
        'Let DATABASE_URL name a role without privileges of its own, different from the owner. `ashlar roles apply --owner NAME` makes another role the owner of the tables.',
    });
  }
  const others = changes.filter(({ allowed }) => !allowed);
  if (others.length === 0) return;
  throw new AshlarError('role-missing', {
    message: `${others[0]?.difference}, and this user may not change it.`,
    detail: script(others).trimEnd(),
    suggestion:
      'Let a DBA run these statements in this database, then run the command again. Nothing was changed.',
  });
};

const races: ReadonlySet<unknown> = new Set(['42710', '23505']);

const isRace = (error: unknown): boolean => {
  const cause = (error as AshlarError).cause as { code?: unknown; message?: string } | undefined;
  return races.has(cause?.code) || /tuple concurrently/.test(cause?.message ?? '');
};
