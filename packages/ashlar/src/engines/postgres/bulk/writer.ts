import type { BulkRow, BulkTable, BulkWriter, Checksum } from '../../../contract/bulk.js';
import type { Owner } from '../../../contract/owner.js';
import type { Schema } from '../../../contract/schema.js';
import { AshlarError } from '../../../errors.js';
import { identifier } from '../../../model/index.js';
import { copyText } from '../../bulk/copy-text.js';
import { rowKeyText } from '../../bulk/row-key.js';
import { sumText } from '../../bulk/row-sum.js';
import { introspect } from '../schema/introspect.js';
import { checksumSql } from './checksum-sql.js';
import { setGenerators } from './generators.js';
import { hide, lift } from './lift.js';
import { restore, restoring } from './restore.js';

/** Runs `COPY target FROM` the given text, in the open transaction. Rejects with the driver's error. */
export type CopyIn = (target: string, text: Buffer) => Promise<void>;

/** Returns the writer that loads rows by COPY. */
export function bulkWriter(owner: Owner, copy: CopyIn, explain: (error: unknown) => AshlarError): BulkWriter {
  const tablesOf = ({ tables }: Schema, names: readonly string[]) =>
    tables.filter(({ name }) => names.includes(name));
  return {
    owner,
    hide: (table, roles) => hide(owner, table, roles),
    lift: async (tables, roles) => lift(owner, tablesOf(await introspect(owner), tables), roles),
    load: async (table, rows) => {
      const columns = table.columns.map(({ name }) => identifier(name)).join(', ');
      try {
        await copy(`${identifier(table.name)} (${columns})`, copyText(table.columns, rows));
      } catch (error) {
        throw refusedRow(table, rows, error) ?? explain(error);
      }
    },
    empty: async (tables) => {
      if (tables.length > 0) await owner.script(`TRUNCATE ${tables.map(identifier).join(', ')}`);
    },
    restore: async (described, names, onObject) => {
      const statements = restoring(tablesOf(described, names), tablesOf(await introspect(owner), names));
      await restore(owner, statements, onObject);
      for (const name of names) await owner.script(`ANALYZE ${identifier(name)}`);
    },
    checksum: async (table): Promise<Checksum> => {
      const [row] = await owner.run(checksumSql(table));
      return { rows: Number(row?.rows), sum: sumText(BigInt(String(row?.sum))) };
    },
    setGenerators: (tables, next) => setGenerators(owner, tables, next),
  };
}

// classes 22 (data) and 23 (constraints): https://www.postgresql.org/docs/current/errcodes-appendix.html
const isAboutRow = /^2[23]/;

/** The server names the line of a COPY, and with it the row. Its message may quote a value, so it is left out. */
const refusedRow = (table: BulkTable, rows: readonly BulkRow[], error: unknown): AshlarError | undefined => {
  const { code, where, constraint, column } = error as Readonly<Record<string, unknown>>;
  if (typeof code !== 'string' || !isAboutRow.test(code)) return undefined;
  const [, line, named] = /^COPY .*?, line (\d+)(?:, column ([^:]+))?/m.exec(String(where)) ?? [];
  const row = line === undefined ? undefined : rows[Number(line) - 1];
  if (!row) return undefined;
  const what = typeof constraint === 'string' ? constraint : (named ?? column);
  return new AshlarError('move-value', {
    message: `The target refuses a row of ${table.name}.`,
    detail: `${rowKeyText(table, row)}${what === undefined ? '' : `: ${String(what)}`} (SQLSTATE ${code}).`,
    suggestion: 'Correct the row in the source, then run the same command again.',
    facts: { table: table.name, ...(typeof constraint === 'string' ? { constraint } : {}) },
  });
};
