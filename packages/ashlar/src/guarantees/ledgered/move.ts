import type { BulkColumn, BulkTable, MovedBetween, MovedParts } from '../../contract/bulk.js';
import type { ColumnKind } from '../../contract/column.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { ledgerNames } from './names.js';
import { stamps } from './postgres-entry.js';
import { rowKeySql } from './sqlite-entry.js';

const column = (name: string, kind: ColumnKind, more: Partial<BulkColumn> = {}): BulkColumn => ({
  name,
  kind,
  precision: 3,
  digits: undefined,
  generated: undefined,
  ...more,
});

/**
 * What a move copies of a ledger: the side tables as they are, so that old proofs and checkpoints hold in the target. The head
 * comes first, so that a seal that runs meanwhile finds nothing to do: on PostgreSQL the rows get no transaction (the default,
 * 0), and the head a snapshot of the target; on SQLite no entry has a number beyond the one that the head names.
 */
export function movedLedger(table: TableFacts, between: MovedBetween): MovedParts {
  const names = ledgerNames(table);
  const numbers = between.to === 'sqlite' ? numbersOf(table, between.from) : undefined;
  const head: BulkTable = {
    name: names.head,
    columns: [
      column('id', 'integer'),
      column('size', 'bigint'),
      column('frontier', 'bytes'),
      column('first_provable', 'bigint'),
      ...(numbers ? [numbers.sealed] : []),
    ],
    primaryKey: ['id'],
    hasFirstRows: true,
  };
  const tree: BulkTable = {
    name: names.tree,
    columns: [
      column('level', 'integer'),
      column('position', 'bigint'),
      column('hash', 'bytes'),
      column('row_key', 'text'),
    ],
    primaryKey: ['level', 'position'],
  };
  const entries: BulkTable = {
    name: names.entries,
    columns: [
      ...(numbers ? [numbers.id] : []),
      column('row_key', 'text'),
      column('entry', 'text', { isBytesOnPostgres: true }),
    ],
    primaryKey: ['row_key'],
  };
  const blocks: BulkTable = {
    name: names.blocks,
    columns: [column('size', 'bigint'), column('root', 'bytes'), column('sealed_at', 'timestamp')],
    primaryKey: ['size'],
  };
  const retirements: BulkTable = {
    name: names.retirements,
    columns: [
      column('number', 'bigint'),
      column('first_position', 'bigint'),
      column('last_position', 'bigint'),
      column('cutoff', 'timestamp', { precision: 6 }),
      column('retired_at', 'timestamp'),
    ],
    primaryKey: ['first_position'],
  };
  return {
    columns: between.to === 'postgres' ? [timeOfRow(table, between.from)] : [],
    tables: [head, tree, entries, blocks, ...(table.facts.retention ? [retirements] : [])],
  };
}

/** The numbers that SQLite gives entries, and the last that is sealed; PostgreSQL has positions only. */
const numbersOf = (
  table: TableFacts,
  from: MovedBetween['from'],
): { readonly id: BulkColumn; readonly sealed: BulkColumn } => {
  const { entries, tree, head } = ledgerNames(table);
  const position = `(SELECT leaf.position + 1 FROM ${identifier(tree)} leaf WHERE leaf.row_key = ${identifier(entries)}.row_key)`;
  return {
    id: column('id', 'bigint', {
      generated: 'identity',
      ...(from === 'postgres' && {
        source: position,
        lastNumber: `SELECT max(size) FROM ${identifier(head)}`,
      }),
    }),
    sealed: column('sealed', 'bigint', { ...(from === 'postgres' && { source: 'size' }) }),
  };
};

/** The time of a row, which SQLite has only in its entry; the entry of a row that is older than the ledger has none. */
const timeOfRow = (table: TableFacts, from: MovedBetween['from']): BulkColumn => {
  const entries = identifier(ledgerNames(table).entries);
  const source = `(SELECT nullif(json_extract(e.entry, '$[3]'), '') FROM ${entries} e WHERE e.row_key = ${rowKeySql(table, identifier(table.name))})`;
  return column(stamps.at, 'timestamp', { precision: 6, ...(from === 'sqlite' && { source }) });
};
