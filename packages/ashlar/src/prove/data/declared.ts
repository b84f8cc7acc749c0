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

/** Finds rows that an index which is not valid, or a table that inherits, lets have the same key: one sort for each key. */
export function doubledRows(table: GuardedTable, { name: dialect }: SqlDialect): readonly DataCheck[] {
  return [
    ...table.uniques.map((key) => ({ ...key, where: undefined })),
    ...table.indexes.filter(({ unique }) => unique).map((key) => ({ nullsEqual: [], ...key })),
  ].map(({ name, columns, nullsEqual, where }) => {
    const only = [
      ...(where === undefined ? [] : [`(${where[dialect]})`]),
      ...columns
        .filter((column) => !nullsEqual.some((each) => each === column))
        .map((column) => `t.${identifier(column)} IS NOT NULL`),
    ];
    return {
      atOnce: true,
      what: `has the values of another row in ${columns.join(', ')} (${name})`,
      bad: `SELECT * FROM (SELECT t.*, count(*) OVER (PARTITION BY ${columns.map((column) => `t.${identifier(column)}`).join(', ')}) AS ashlar_copies FROM ${identifier(table.name)} AS t${only.length > 0 ? ` WHERE ${only.join(' AND ')}` : ''}) AS t WHERE t.ashlar_copies > 1`,
    };
  });
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
