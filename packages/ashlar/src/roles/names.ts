import type { Roles } from '../contract/roles.js';
import { loginOf } from '../engines/open.js';
import type { Settings } from '../settings/index.js';

/** The roles where nothing else was said: without login, and the one user steps down to the first. */
export const defaultRoles: Roles = Object.freeze({ app: 'ashlar_app', auditor: 'ashlar_auditor' });

/**
 * The roles that settings name. With two URLs of different users, the application is the user of `DATABASE_URL`;
 * `DATABASE_APP_ROLE` and `DATABASE_AUDITOR_ROLE` say otherwise.
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
    return { app: databaseAppRole, auditor };
  return { app: login.user, auditor, appConnects: { password: login.password } };
}
