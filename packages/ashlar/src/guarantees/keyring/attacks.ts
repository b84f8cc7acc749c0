import type { Attack, Probe } from '../../contract/attack.js';
import type { SqlRow } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { replaces, triedByBoth } from '../shared/attacks.js';
import { triedByOtherPrograms } from '../shared/other-programs.js';
import { changeable } from './columns.js';

const now = (dialect: Probe['dialect']): string =>
  dialect === 'sqlite' ? "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')" : 'now()';

const zeros = (dialect: Probe['dialect']): string =>
  dialect === 'sqlite' ? 'zeroblob(77)' : "decode(repeat('00', 77), 'hex')";

const where = (row: SqlRow): string => `scope = ${row.scope} AND version = ${row.version}`;

/** Statements that restore a shredded scope, remove the record of the shredding, or put another key in the place of one. */
export function keyringAttacks(table: TableFacts, probe: Probe): readonly Attack[] {
  const { dialect, row, scope } = probe;
  const name = identifier(table.name);
  const shred = `UPDATE ${name} SET wrapped = NULL, shredded_at = ${now(dialect)} WHERE scope = ${row.scope} AND shredded_at IS NULL`;
  const attack = (title: string, as: Attack['as'], ...statements: string[]): Attack => ({
    name: `${title}, as ${as}`,
    as,
    statements,
    expect: 'refused',
    ...(scope === undefined ? {} : { scope }),
  });
  const replaced = replaces(table, probe, changeable);
  return [
    ...triedByBoth(replaced),
    ...triedByOtherPrograms(replaced),
    ...(['app', 'owner'] as const).flatMap((as) => [
      attack(
        'a shredded key is restored',
        as,
        shred,
        `UPDATE ${name} SET wrapped = ${zeros(dialect)}, shredded_at = NULL WHERE ${where(row)}`,
      ),
      attack(
        'INSERT of another key for a shredded scope',
        as,
        shred,
        `INSERT INTO ${name} (scope, version, wrapped, master_version) VALUES (${row.scope}, ${row.version} + 1000, ${zeros(dialect)}, 1)`,
      ),
      attack('the record of a shredding is deleted', as, shred, `DELETE FROM ${name} WHERE ${where(row)}`),
      attack(
        'the key of a scope is moved to another scope',
        as,
        `UPDATE ${name} SET scope = 'ashlar-attack' WHERE ${where(row)}`,
      ),
    ]),
  ];
}
