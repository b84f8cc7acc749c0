import type { Attack } from '../contract/attack.js';
import type { Guarantee, GuardedTable } from '../contract/guarantee.js';
import type { SqlName } from '../contract/sql.js';
import { identifier } from '../model/index.js';

/**
 * Attacks with the trigger functions of a guarantee that run as the owner: a role that could call one for rows of a
 * temporary table of its own would write as the owner. The application may not call them, and they refuse other tables
 * even where the caller may: so the owner tries them too. Empty where the engine has no roles.
 */
export function forgeries(guarantee: Guarantee, table: GuardedTable, dialect: SqlName): readonly Attack[] {
  if (dialect !== 'postgres' || guarantee.postgres.level === 'refused') return [];
  return guarantee.postgres
    .objects(table)
    .filter(({ type, sql }) => type === 'function' && isTriggerOfOwner(sql))
    .flatMap(({ name }) =>
      (['app', 'owner'] as const).map((as) => ({
        name: `the function ${name} on a temporary table${as === 'owner' ? ', by the owner' : ''}`,
        as,
        statements: [
          `DO $forging$ BEGIN
  CREATE TEMP TABLE ashlar_forging (row_key text);
  CREATE TRIGGER ashlar_forging BEFORE INSERT ON ashlar_forging FOR EACH ROW EXECUTE FUNCTION ${identifier(name)}();${as === 'owner' ? "\n  INSERT INTO ashlar_forging VALUES ('forged');" : ''}
END $forging$`,
        ],
        expect: 'refused' as const,
      })),
    );
}

const isTriggerOfOwner = (sql: string): boolean =>
  /\bRETURNS trigger\b/.test(sql) && /\bSECURITY DEFINER\b/.test(sql);
