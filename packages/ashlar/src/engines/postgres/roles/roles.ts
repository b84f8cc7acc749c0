import type { Owner } from '../../../contract/owner.js';
import type { RoleChange, RoleDialect, Roles } from '../../../contract/roles.js';
import { identifier } from '../../../model/index.js';
import { planRoles } from './plan.js';
import { readPowers } from './powers.js';
import { scramVerifier } from './scram.js';

/** Applies changes in the open transaction, each as the role that it needs. */
const apply = async (owner: Owner, changes: readonly RoleChange[], roles: Roles): Promise<void> => {
  const [row] = await owner.run('SELECT current_user::text AS role');
  const before = identifier(String(row?.role));
  const acting = roles.owner === undefined ? before : identifier(roles.owner);
  for (const { sql, by } of changes) {
    if (sql === undefined) continue;
    await owner.script(`SET LOCAL ROLE ${by === 'owner' ? acting : 'NONE'}; ${sql}`);
    if (sql === `CREATE ROLE ${identifier(roles.app)} LOGIN`) await setPassword(owner, roles);
  }
  await owner.script(`SET LOCAL ROLE ${before}`);
};

// passed as a parameter, so that no statement log contains it
const setPassword = async (owner: Owner, { app, appConnects }: Roles): Promise<void> => {
  if (appConnects?.password === undefined) return;
  await owner.run(`SELECT set_config('ashlar.verifier', $1, true)`, [scramVerifier(appConnects.password)]);
  await owner.script(`DO $ashlar$
BEGIN
  EXECUTE format('ALTER ROLE ${identifier(app).replaceAll("'", "''").replaceAll('%', '%%')} PASSWORD %L', current_setting('ashlar.verifier'));
END
$ashlar$`);
};

/** Plans and applies changes to the roles and rights of a PostgreSQL database. */
export const postgresRoles: RoleDialect = { plan: planRoles, powers: readPowers, apply };
