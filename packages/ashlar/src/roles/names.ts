import type { Roles } from '../contract/roles.js';
import { loginOf } from '../engines/open.js';
import type { Settings } from '../settings/index.js';

/** The names of the roles if the settings name none. They have no login: the connected user switches to `app`. */
export const defaultRoles: Roles = Object.freeze({ app: 'ashlar_app', auditor: 'ashlar_auditor' });

/**
 * Returns the roles that the settings name, or the default roles. With two URLs of different users, the application is
 * the user of `DATABASE_URL`, unless `DATABASE_APP_ROLE` names another role.
 */
export function rolesFrom({
  databaseUrl,
  databaseMigrateUrl,
  databaseAppRole,
  databaseAuditorRole,
}: Settings): Roles {
  const auditor = databaseAuditorRole ?? defaultRoles.auditor;
  const login = databaseUrl && loginOf(databaseUrl.reveal());
  const migrates = databaseMigrateUrl && loginOf(databaseMigrateUrl.reveal());
  const apart = login && migrates && login.user !== migrates.user;
  if (!apart) return { app: databaseAppRole ?? defaultRoles.app, auditor };
  if (databaseAppRole !== undefined && databaseAppRole !== login.user)
    return { app: databaseAppRole, auditor, login: login.user };
  return { app: login.user, auditor, appConnects: { password: login.password } };
}
