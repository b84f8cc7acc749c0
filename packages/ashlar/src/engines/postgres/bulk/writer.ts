import type { BulkLoad, BulkTable, BulkWriter, Checksum } from '../../../contract/bulk.js';
import type { Owner } from '../../../contract/owner.js';
import type { Schema } from '../../../contract/schema.js';
import type { AshlarError } from '../../../errors.js';
import { identifier } from '../../../model/index.js';
import { copyText } from '../../bulk/copy-text.js';
import { inTarget } from '../../bulk/in-target.js';
import { RefusedRow } from '../../bulk/refused-row.js';
import { copyLineWriter } from '../../bulk/row-line.js';
import { sumText } from '../../bulk/row-sum.js';
import { introspect } from '../schema/introspect.js';
import { checksumSql } from './checksum-sql.js';
import { refreshViews, setGenerators, setSequences } from './generators.js';
import { empty, hide, lift } from './lift.js';
import { restore, restoring } from './restore.js';

/** A `COPY … FROM` that is under way. */
export interface CopyIn {
  /** The lines that earlier commands of the same loading have taken, where it needs several. */
  readonly linesBefore: number;
  /** Sends text of whole lines; resolves when more can be sent. Rejects with the driver's error. */
  write(text: Buffer, lines: number): Promise<void>;
  /** Resolves when the server has the rows. Rejects with the driver's error. */
  end(): Promise<void>;
  abort(): Promise<void>;
}

/** Begins `COPY target FROM` this process, in the open transaction. */
export type OpenCopy = (target: string) => Promise<CopyIn>;

/** Returns the writer that loads rows by COPY. */
export function bulkWriter(
  owner: Owner,
  copy: OpenCopy,
  explain: (error: unknown) => AshlarError,
): BulkWriter {
  const tablesOf = ({ tables }: Schema, names: readonly string[]) =>
    tables.filter(({ name }) => names.includes(name));
  return {
    owner,
    hide: (table, roles) => hide(owner, table, roles),
    lift: async (tables, roles) => lift(owner, tablesOf(await introspect(owner), tables), roles),
    form: ({ columns }) => (copyLineWriter(columns) ? 'rows' : 'lines'),
    load: async (table) => {
      // a crash of the server that takes rows back takes their place in the mark with them: the next run goes on before
      await owner.run('SET LOCAL synchronous_commit TO off');
      return loading(table, copy, explain);
    },
    empty: (tables) => empty(owner, tables),
    restore: async (described, names, onObject) => {
      const statements = restoring(tablesOf(described, names), tablesOf(await introspect(owner), names));
      await restore(owner, statements, onObject);
      await refreshViews(owner, names);
      for (const name of names) await owner.script(`ANALYZE ${identifier(name)}`);
    },
    checksum: async (table): Promise<Checksum> => {
      const [row] = await owner.run(checksumSql(inTarget(table)));
      return { rows: Number(row?.rows), sum: sumText(BigInt(String(row?.sum))) };
    },
    setGenerators: (tables, next) => setGenerators(owner, tables, next),
    setSequences: (positions) => setSequences(owner, positions),
  };
}

const loading = async (
  { name, columns }: BulkTable,
  copy: OpenCopy,
  explain: (error: unknown) => AshlarError,
): Promise<BulkLoad> => {
  const names = columns.map((column) => identifier(column.name)).join(', ');
  const under = await copy(`${identifier(name)} (${names})`);
  const explained = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      throw refusedRow(under.linesBefore, error) ?? explain(error);
    }
  };
  const copyLine = copyLineWriter(columns);
  return {
    write: ({ rows, lines }) =>
      explained(under.write(copyText(copyLine ? rows.map(copyLine) : lines), lines.length)),
    end: () => explained(under.end()),
    abort: () => under.abort(),
  };
};

// classes 22 (data) and 23 (constraints): https://www.postgresql.org/docs/current/errcodes-appendix.html
const isAboutRow = /^2[23]/;

/** The server names the line of a COPY, and with it the row. */
const refusedRow = (before: number, error: unknown): RefusedRow | undefined => {
  const { code, where, constraint, column } = error as Readonly<Record<string, unknown>>;
  if (typeof code !== 'string' || !isAboutRow.test(code)) return undefined;
  const [, line, named] = /^COPY .*?, line (\d+)(?:, column ([^:]+))?/m.exec(String(where)) ?? [];
  if (line === undefined) return undefined;
  const rule = typeof constraint === 'string' ? constraint : undefined;
  const what = rule ?? named ?? column;
  return new RefusedRow(
    before + Number(line) - 1,
    `${what === undefined ? '' : `${String(what)} `}(SQLSTATE ${code})`,
    rule,
  );
};
