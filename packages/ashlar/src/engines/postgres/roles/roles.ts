import type { Owner } from '../../../contract/owner.js';
import type { RoleChange, RoleDialect, Roles } from '../../../contract/roles.js';
import { identifier } from '../../../model/index.js';
import { planRoles } from './plan.js';
import { scramVerifier } from './scram.js';

/** Carries changes out, each as whom it needs, in the transaction that is open. */
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

// as a parameter: no log of statements shows it
const setPassword = async (owner: Owner, { app, appConnects }: Roles): Promise<void> => {
  if (appConnects?.password === undefined) return;
  await owner.run(`SELECT set_config('ashlar.verifier', $1, true)`, [scramVerifier(appConnects.password)]);
  await owner.script(`DO $ashlar$
BEGIN
  EXECUTE format('ALTER ROLE ${identifier(app).replaceAll("'", "''").replaceAll('%', '%%')} PASSWORD %L', current_setting('ashlar.verifier'));
END
$ashlar$`);
};

/** The roles of PostgreSQL. */
export const postgresRoles: RoleDialect = { plan: planRoles, apply };
