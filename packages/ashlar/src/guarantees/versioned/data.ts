import type { DataCheck } from '../../contract/data-check.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { sameChain, type VersionedColumns } from './columns.js';

/** Finds versions that are not one chain for each key with one current version at its end. */
export function versionedData(table: TableFacts, columns: VersionedColumns): readonly DataCheck[] {
  const name = identifier(table.name);
  const [id, version, current, previous] = [
    columns.id,
    columns.version,
    columns.current,
    columns.previous,
  ].map((column) => identifier(column));
  const same = sameChain(columns, 't', 'other.');
  const has = (condition: string): string =>
    `EXISTS (SELECT 1 FROM ${name} AS other WHERE ${same} AND ${condition})`;
  return [
    {
      what: 'is a second current version of its key',
      bad: `t.${current} AND ${has(`other.${current} AND other.${id} <> t.${id}`)}`,
    },
    {
      what: 'has the same number as another version of its key',
      bad: has(`other.${version} = t.${version} AND other.${id} <> t.${id}`),
    },
    {
      what: 'is the first of its chain, and has another number than 1',
      bad: `t.${previous} IS NULL AND t.${version} <> 1`,
    },
    {
      what: 'does not follow the version before it',
      bad: `t.${previous} IS NOT NULL AND NOT ${has(`other.${id} = t.${previous} AND other.${version} = t.${version} - 1`)}`,
    },
    {
      what: 'is current, and a version follows it',
      bad: `t.${current} AND ${has(`other.${previous} = t.${id}`)}`,
    },
    {
      what: 'is not current, and no version follows it',
      bad: `NOT t.${current} AND NOT ${has(`other.${previous} = t.${id}`)}`,
    },
  ];
}
