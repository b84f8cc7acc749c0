import type { SqlDialect } from '../../contract/dialect.js';
import type { Owner } from '../../contract/owner.js';
import type { SqlStatement } from '../../sql/statements.js';
import { Reader } from '../reader.js';
import type { SqlBody } from '../steps.js';
import { countTable, readTables } from './contents.js';
import type { DataLoss } from './measure.js';

/** Statements that lose no row and no value, by their first words. */
const harmless: ReadonlySet<string> = new Set(
  'CREATE REINDEX VACUUM ANALYZE COMMENT SET RESET SHOW GRANT REVOKE CLUSTER PRAGMA EXPLAIN LOCK CHECKPOINT'.split(
    ' ',
  ),
);
const harmlessDrops = [
  'INDEX',
  'TRIGGER',
  'VIEW',
  'MATERIALIZED',
  'FUNCTION',
  'PROCEDURE',
  'POLICY',
  'STATISTICS',
  'RULE',
];
const harmlessAlters = ['INDEX', 'TYPE', 'FUNCTION', 'POLICY', 'SEQUENCE', 'VIEW', 'STATISTICS', 'TRIGGER'];

/**
 * Reads from the text of a step without a transaction which rows and values it may lose. Nothing can be tried out here:
 * what is not known to be harmless is reported with all rows of its table.
 */
export async function uncheckedLosses(
  owner: Owner,
  dialect: SqlDialect,
  body: SqlBody,
): Promise<readonly DataLoss[]> {
  const tables = await readTables(owner, dialect);
  const losses: DataLoss[] = [];
  for (const statement of body.statements) {
    for (const { table, column } of lossesIn(statement)) {
      const found = tables.find(({ name }) => name === table || name.toLowerCase() === table);
      if (table !== undefined && !found) continue;
      const count = found && (await countTable(owner, dialect, found, ({ name }) => name === column));
      const rows = column === undefined ? count?.rows : count?.columns.get(column)?.own;
      if (rows === 0) continue;
      losses.push({
        table: table ?? `line ${statement.line} of ${body.file}`,
        ...(column === undefined ? {} : { column }),
        rows: rows ?? 0,
        how: 'unchecked',
      });
    }
  }
  return losses;
}

interface Possible {
  /** `undefined` where the statement may change any table. */
  readonly table: string | undefined;
  readonly column?: string;
}

const lossesIn = ({ tokens }: SqlStatement): readonly Possible[] => {
  const statement = new Reader(tokens);
  if (harmless.has(tokens[0]?.word ?? '')) return [];
  if (statement.take('DROP')) {
    if (harmlessDrops.some((kind) => statement.next(kind))) return [];
    if (!statement.take('TABLE')) return [{ table: undefined }];
    return statement.parts().map((part) => ({ table: part.table() }));
  }
  if (statement.take('ALTER')) {
    if (harmlessAlters.some((kind) => statement.next(kind))) return [];
    return statement.take('TABLE') ? droppedColumns(statement) : [{ table: undefined }];
  }
  if (statement.take('TRUNCATE')) {
    statement.take('TABLE');
    return statement.parts().map((part) => ({ table: part.table() }));
  }
  if (statement.take('DELETE', 'FROM') || statement.take('UPDATE')) return [{ table: statement.table() }];
  if (statement.take('INSERT', 'INTO') && !statement.skipTo('ON', 'CONFLICT')) return [];
  return [{ table: undefined }];
};

const droppedColumns = (statement: Reader): readonly Possible[] => {
  const table = statement.table();
  return statement.parts().flatMap((action) => {
    if (!action.take('DROP') || action.next('CONSTRAINT')) return [];
    action.take('COLUMN');
    return [{ table, column: action.table() }];
  });
};
