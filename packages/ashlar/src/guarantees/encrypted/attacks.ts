import type { Attack, Probe } from '../../contract/attack.js';
import type { SqlRow } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';

const bytes = (dialect: Probe['dialect'], hex: string): string =>
  dialect === 'sqlite' ? `X'${hex}'` : `'\\x${hex}'::bytea`;

const where = (table: TableFacts, row: SqlRow): string =>
  table.primaryKey.columns.map((name) => `${identifier(name)} = ${row[name]}`).join(' AND ');

/**
 * Statements that write plaintext into an encrypted column, or change the scope or the primary key of a row. Only the
 * key can detect a moved ciphertext; tests cover that.
 */
export function encryptedAttacks(table: TableFacts, { dialect, row, scope }: Probe): readonly Attack[] {
  const asApp = { as: 'app' as const, expect: 'refused' as const, ...(scope === undefined ? {} : { scope }) };
  const fixed = [...new Set([...table.primaryKey.columns, table.facts.encryption?.scope ?? ''])];
  return [
    ...(table.facts.encryption?.columns ?? []).map(({ name }) => ({
      ...asApp,
      name: `plaintext in ${name}`,
      statements: [
        `UPDATE ${identifier(table.name)} SET ${identifier(name)} = ${bytes(dialect, '706c61696e')} WHERE ${where(table, row)}`,
      ],
    })),
    ...fixed.flatMap((name) => {
      const kind = table.columns[name]?.kind;
      const isNumber = kind === 'integer' || kind === 'bigint';
      const value = isNumber ? '2147483600' : "'00000000-0000-7000-8000-000000000000'";
      return isNumber || kind === 'uuid' || kind === 'text'
        ? [
            {
              ...asApp,
              name: `changing ${name} of a row`,
              statements: [
                `UPDATE ${identifier(table.name)} SET ${identifier(name)} = ${value} WHERE ${where(table, row)}`,
              ],
            },
          ]
        : [];
    }),
  ];
}
