import type { GuardedTable } from '../../contract/guarantee.js';
import type { RunSql } from '../../contract/sql.js';
import { rootText } from '../../engines/refusal.js';
import { rowKeyOf } from '../../ledger/compare.js';
import { identifier } from '../../model/index.js';
import type { NamedCheck } from './checks.js';

/** A bad row, with the check that found it. */
export interface BadRow {
  readonly check: Pick<NamedCheck, 'guarantee' | 'what'>;
  /** The primary key as text. */
  readonly key: string;
}

/** One batch of rows: the bad ones, the number of rows, and the key of the last row; `undefined` where no row follows. */
export interface Batch {
  readonly bad: readonly BadRow[];
  readonly rows: number;
  readonly last: readonly string[] | undefined;
}

/** The SQL in which the dialects differ. */
export interface BatchDialect {
  /** A placeholder of a statement. */
  parameter(n: number): string;
  /** A value of a key as text, which is compared as the value. */
  text(expression: string): string;
}

/** Which rows of a table are checked, and how statements run. */
export interface BatchRequest {
  readonly table: GuardedTable;
  readonly checks: readonly NamedCheck[];
  readonly dialect: BatchDialect;
  readonly run: RunSql;
  /** Calls `work`, whose statements may fail without ending the transaction. */
  attempt<T>(work: () => Promise<T>): Promise<T>;
  /** The key after which the batch begins; `undefined` for the first row. */
  readonly after: readonly string[] | undefined;
  readonly size: number;
}

/** The keys between which rows are looked at: after the first, up to and including the second. */
interface Bounds {
  readonly after: readonly string[] | undefined;
  readonly upTo: readonly string[] | undefined;
}

/** Checks the rows of a table that follow a key, at most `size` of them, in the order of the primary key. */
export async function checkBatch(request: BatchRequest): Promise<Batch> {
  const { table, checks, after, size } = request;
  const rows = new KeyedRows(request);
  const edge = await rows.edge(after, size);
  if (!edge) return { bad: [], rows: 0, last: undefined };
  const bounds = { after, upTo: edge.key };
  const bad =
    checks.length === 0 ? [] : await new Search(request, rows, table).among(checks, edge.rows, bounds);
  return { bad, rows: edge.rows, last: edge.key };
}

/** The rows of a table in the order of their keys. */
class KeyedRows {
  readonly #request: BatchRequest;
  readonly #names: readonly string[];
  /** The key of a row `t`, each value as text under a name of its own. */
  readonly key: string;

  constructor(request: BatchRequest) {
    this.#request = request;
    this.#names = request.table.primaryKey.columns.map((name) => `t.${identifier(name)}`);
    this.key = this.#names.map((name, at) => `${request.dialect.text(name)} AS key_${at}`).join(', ');
  }

  keyOf(row: Readonly<Record<string, unknown>>): readonly string[] {
    return this.#names.map((_, at) => String(row[`key_${at}`]));
  }

  /** The condition that a row `t` is within bounds; empty for all rows. */
  within({ after, upTo }: Bounds): { readonly where: string; readonly parameters: readonly string[] } {
    const parameters: string[] = [];
    const listed = (of: readonly string[]): string =>
      of.length === 1 ? String(of[0]) : `(${of.join(', ')})`;
    const bound = (operator: string, values: readonly string[] | undefined): readonly string[] => {
      if (!values) return [];
      const places = values.map((value) => this.#request.dialect.parameter(parameters.push(value)));
      return [`${listed(this.#names)} ${operator} ${listed(places)}`];
    };
    const conditions = [...bound('>', after), ...bound('<=', upTo)];
    return { where: conditions.join(' AND '), parameters };
  }

  /** The last row of the `count` rows that follow a key, and how many rows that are; `undefined` if none follows. */
  async edge(after: readonly string[] | undefined, count: number) {
    const { run, table } = this.#request;
    const { where, parameters } = this.within({ after, upTo: undefined });
    const found = await run(
      `SELECT ${this.key} FROM ${identifier(table.name)} AS t ${where === '' ? '' : `WHERE ${where} `}ORDER BY ${this.#names.join(', ')} LIMIT ${count}`,
      parameters,
    );
    const last = found.at(-1);
    return last && { rows: found.length, key: this.keyOf(last) };
  }
}

/** Looks for bad rows: with one query for all checks; where it fails, for each check alone, and then for fewer rows. */
class Search {
  readonly #request: BatchRequest;
  readonly #rows: KeyedRows;
  readonly #from: string;

  constructor(request: BatchRequest, rows: KeyedRows, { name }: GuardedTable) {
    this.#request = request;
    this.#rows = rows;
    this.#from = identifier(name);
  }

  async among(checks: readonly NamedCheck[], count: number, bounds: Bounds): Promise<readonly BadRow[]> {
    try {
      return await this.#request.attempt(() => this.#find(checks, bounds));
    } catch (error) {
      const [check, ...others] = checks;
      if (!check) return [];
      if (others.length > 0) {
        const found: BadRow[] = [];
        for (const each of checks) found.push(...(await this.among([each], count, bounds)));
        return found;
      }
      const half = Math.floor(count / 2);
      const middle = half === 0 ? undefined : await this.#rows.edge(bounds.after, half);
      if (middle)
        return [
          ...(await this.among([check], half, { after: bounds.after, upTo: middle.key })),
          ...(await this.among([check], count - half, { after: middle.key, upTo: bounds.upTo })),
        ];
      const what = `cannot be checked whether it ${check.what}: ${rootText(error)}`;
      return [{ check: { guarantee: check.guarantee, what }, key: rowKeyOf(bounds.upTo ?? []) }];
    }
  }

  async #find(checks: readonly NamedCheck[], bounds: Bounds): Promise<readonly BadRow[]> {
    const { where, parameters } = this.#rows.within(bounds);
    const flags = checks.map(({ bad }, at) => `CASE WHEN ${bad} THEN 1 ELSE 0 END AS bad_${at}`);
    const anyBad = checks.map(({ bad }) => `(${bad})`).join(' OR ');
    const found = await this.#request.run(
      `SELECT ${[this.#rows.key, ...flags].join(', ')} FROM ${this.#from} AS t WHERE ${where === '' ? '' : `${where} AND `}(${anyBad})`,
      parameters,
    );
    return found.flatMap((row) => {
      const key = rowKeyOf(this.#rows.keyOf(row));
      return checks.flatMap((check, at) => (Number(row[`bad_${at}`]) === 1 ? [{ check, key }] : []));
    });
  }
}
