import type { DataCheck } from '../../contract/data-check.js';
import type { SqlDialect } from '../../contract/dialect.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import type { ForeignKey, TableFacts, Unique } from '../../contract/table.js';
import { identifier, writtenColumns } from '../../model/index.js';

/** The checks that follow from the columns, foreign keys and CHECKs of a table, whatever it guarantees. */
export function declaredChecks(
  table: GuardedTable,
  { name: dialect, proving }: SqlDialect,
): readonly DataCheck[] {
  const keys = [
    ...table.uniques.map((key) => ({ ...key, where: undefined })),
    ...table.indexes.filter(({ unique }) => unique).map((key) => ({ nullsEqual: [], ...key })),
  ];
  return [
    // an index that is not valid, or a table that inherits, lets rows have the same key
    ...(proving.isOther === undefined
      ? []
      : keys.map((key) => ({
          what: `has the values of another row in ${key.columns.join(', ')} (${key.name})`,
          bad: isDoubled(table, key, key.where?.[dialect], proving.isOther?.('other', 't') ?? ''),
        }))),
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

const isDoubled = (
  { name }: TableFacts,
  { columns, nullsEqual }: Unique,
  where: string | undefined,
  isOther: string,
): string => {
  const among = where === undefined ? '' : `(${where}) AND `;
  // for each choice of columns that are NULL in both rows, so that an index is used
  const choices: (readonly string[])[] = [[]];
  for (const column of nullsEqual) choices.push(...choices.map((choice) => [...choice, column]));
  const same = choices.map((missing) => {
    const conditions = columns.map((column) => {
      const [one, other] = ['t', 'other'].map((alias) => `${alias}.${identifier(column)}`);
      return missing.includes(column) ? `${one} IS NULL AND ${other} IS NULL` : `${other} = ${one}`;
    });
    return `EXISTS (SELECT 1 FROM ${identifier(name)} AS other WHERE ${among}${conditions.join(' AND ')} AND ${isOther})`;
  });
  return `${among}(${same.join(' OR ')})`;
};

const isOrphan = ({ columns, target }: ForeignKey): string => {
  const own = columns.map((name) => `t.${identifier(name)}`);
  const same = own.map((value, at) => `parent.${identifier(target.columns[at] ?? '')} = ${value}`);
  return [
    // MATCH SIMPLE: with a NULL a key refers to nothing
    ...own.map((value) => `${value} IS NOT NULL`),
    `NOT EXISTS (SELECT 1 FROM ${identifier(target.table)} AS parent WHERE ${same.join(' AND ')})`,
  ].join(' AND ');
};
