import { createHash } from 'node:crypto';
import type { Engine } from '../../contract/engine.js';
import type { SystemFacts } from '../../contract/system.js';
import { AshlarError } from '../../errors.js';
import type { TableChecks } from './checks.js';
import type { DataPosition } from './report.js';

const form = 'ashlar/data-position/v2';

/**
 * Returns a hash of what a position depends on: the database, and the texts of all checks. Another declaration, another release
 * with other checks, and another database have another hash.
 */
export async function fingerprintOf(
  engine: Engine,
  { guards }: SystemFacts,
  tables: readonly TableChecks[],
): Promise<string> {
  const { objects, identity } = engine.dialect.proving;
  const [found] = await engine.asOwner(async ({ run }) => {
    const [history] = await run(
      `SELECT 1 AS one FROM (${objects(guards)}) AS o WHERE o.name = 'ashlar_migrations'`,
    );
    return history ? run(identity) : [];
  });
  const checked = tables.map(({ table, checks, atOnce }) => [
    table.name,
    atOnce.map(({ what, bad }) => [what, bad]),
    table.primaryKey.columns,
    checks.map(({ guarantee, what, bad }) => [guarantee, what, bad]),
  ]);
  return createHash('sha256')
    .update(JSON.stringify([String(found?.identity ?? ''), checked]))
    .digest('hex');
}

/** Returns the position before the first row. */
export function firstPosition(system: string, of: string): DataPosition {
  return { form, system, of, written: new Date().toISOString(), read: {}, done: [], findings: [] };
}

/**
 * Throws if a position is not one of a system.
 *
 * @throws AshlarError `usage`
 */
export function assertPosition(system: SystemFacts, from: DataPosition | undefined): void {
  if (!from) return;
  const tables = new Map(Object.values(system.tables).map((table) => [table.name, table]));
  const at = from.at && tables.get(from.at.table);
  const fits =
    from.form === form &&
    from.system === system.name &&
    [...from.done, ...Object.keys(from.read)].every((name) => tables.has(name)) &&
    (!from.at || (at?.primaryKey.columns.length === from.at.after.length && !from.done.includes(at.name)));
  if (fits) return;
  throw new AshlarError('usage', {
    message: `The position to go on from does not belong to the system ${system.name}.`,
    suggestion: 'Begin without a position.',
  });
}
