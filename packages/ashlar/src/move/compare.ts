import type { BulkTable, BulkWriter, Checksum } from '../contract/bulk.js';
import { AshlarError } from '../errors.js';

/** The checksums of a table in source and target. */
export interface Compared {
  readonly table: string;
  readonly source: Checksum;
  readonly target: Checksum;
}

/** Returns the checksums of all tables in both databases. */
export async function compareTables(
  writer: BulkWriter,
  tables: readonly BulkTable[],
  ofSource: (table: BulkTable) => Promise<Checksum>,
): Promise<readonly Compared[]> {
  const compared: Compared[] = [];
  for (const table of tables)
    compared.push({
      table: table.name,
      source: await ofSource(table),
      target: await writer.checksum(table),
    });
  return compared;
}

/** Returns the tables whose rows differ. */
export function differing(compared: readonly Compared[]): readonly Compared[] {
  return compared.filter(({ source, target }) => source.rows !== target.rows || source.sum !== target.sum);
}

/** The error for tables that differ after a move. */
export function moveDiffers(different: readonly Compared[]): AshlarError {
  const shown = ({ rows, sum }: Checksum): string => `${rows} rows, ${sum}`;
  return new AshlarError('move-differs', {
    message: `The target differs from the source: ${different.map(({ table }) => table).join(', ')}.`,
    detail: different
      .map(
        ({ table, source, target }) =>
          `${table}: ${shown(source)} in the source; ${shown(target)} in the target.`,
      )
      .join('\n'),
    suggestion: 'Stop what writes to the target, then run the same command again.',
    facts: { ...(different[0] ? { table: different[0].table } : {}) },
  });
}
