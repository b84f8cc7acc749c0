import type { DataCheck } from '../../contract/data-check.js';
import type { SqlDialect } from '../../contract/dialect.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import type { ForeignKey } from '../../contract/table.js';
import { identifier, writtenColumns } from '../../model/index.js';

/** The checks that follow from the columns, foreign keys and CHECKs of a table, whatever it guarantees. */
export function declaredChecks(table: GuardedTable, { proving }: SqlDialect): readonly DataCheck[] {
  return [
    ...writtenColumns(table)
      .filter(({ nullable }) => !nullable)
      .map(({ name }) => ({ what: `has no ${name}`, bad: proving.keys.isMissing(`t.${identifier(name)}`) })),
    ...proving.checks(table).map(({ name, condition }) => ({
      what: `breaks the CHECK ${name}`,
      bad: `${condition} IS FALSE`,
    })),
    ...table.foreignKeys.map((key) => ({
      what: `refers to no row of ${key.target.table} (${key.name})`,
      bad: isOrphan(key),
    })),
  ];
}

const isOrphan = ({ columns, target }: ForeignKey): string => {
  const own = columns.map((name) => `t.${identifier(name)}`);
  const same = own.map((value, at) => `parent.${identifier(target.columns[at] ?? '')} = ${value}`);
  return [
    // MATCH SIMPLE: with a NULL a key refers to nothing
    ...own.map((value) => `${value} IS NOT NULL`),
    `NOT EXISTS (SELECT 1 FROM ${identifier(target.table)} AS parent WHERE ${same.join(' AND ')})`,
  ].join(' AND ');
};
