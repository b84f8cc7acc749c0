import { setTimeout as pause } from 'node:timers/promises';
import type { SqlDialect } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { RoleChange, Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { defaultRoles } from './names.js';
import { wantedRights } from './wanted.js';

/**
 * What differs between the roles of a database and what the guarantees of a system leave to them, each difference with
 * the statement that mends it, in the order to run them in. The one source for printing, applying and comparing; empty
 * where all is as it should be, and where the engine has no roles.
 */
export async function planRights(
  owner: Owner,
  dialect: SqlDialect,
  system: SystemFacts,
  roles: Roles = defaultRoles,
): Promise<readonly RoleChange[]> {
  return dialect.roles ? dialect.roles.plan(owner.run, wantedRights(dialect, system, roles)) : [];
}

/** The statements that {@link applyRoles} would run now, as text for a person to run. */
export async function rolesSql(engine: Engine, system: SystemFacts, roles?: Roles): Promise<string> {
  const changes = await engine.asOwner((owner) => planRights(owner, engine.dialect, system, roles));
  return script(changes);
}

/** What differs from what should be, in words. */
export async function checkRoles(
  engine: Engine,
  system: SystemFacts,
  roles?: Roles,
): Promise<readonly string[]> {
  const changes = await engine.asOwner((owner) => planRights(owner, engine.dialect, system, roles));
  return changes.map(({ difference }) => difference);
}

/**
 * Makes the roles, gives them what they lack and takes back what they have too much. Run again, it changes nothing.
 *
 * @returns what was done
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
 * Makes the roles themselves, in a transaction of its own, before anything is granted to them. Other processes may make
 * the same at the same moment: roles are the server's, not the database's.
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
 * Grants and takes back, in the transaction that is open.
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

/** Grants and takes back, in the transaction that is open, where the roles are there; else the next `up` does. */
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

/** Statements as a script. */
const script = (changes: readonly RoleChange[]): string =>
  changes
    .map(({ difference, sql }) => (sql === undefined ? `-- by hand: ${difference}\n` : `${sql};\n`))
    .join('');

const assertAllowed = (changes: readonly RoleChange[]): void => {
  const byHand = changes.filter(({ sql }) => sql === undefined);
  if (byHand.length > 0) {
    throw new AshlarError('role-too-strong', {
      message: 'The roles cannot be told apart as they must be.',
      detail: byHand.map(({ difference }) => `${difference}.`).join('\n'),
      suggestion:
        'Let DATABASE_URL name a plain role, and the owner another: ashlar roles apply --owner NAME gives the tables to one.',
    });
  }
  const others = changes.filter(({ allowed }) => !allowed);
  if (others.length === 0) return;
  throw new AshlarError('role-missing', {
    message: `${others[0]?.difference}, and this user may not mend it.`,
    detail: script(others).trimEnd(),
    suggestion: 'Let a DBA run these statements in this database, then run this again. Nothing was changed.',
  });
};

const races: ReadonlySet<unknown> = new Set(['42710', '23505']);

const isRace = (error: unknown): boolean => {
  const cause = (error as AshlarError).cause as { code?: unknown; message?: string } | undefined;
  return races.has(cause?.code) || /tuple concurrently/.test(cause?.message ?? '');
};
