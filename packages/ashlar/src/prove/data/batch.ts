import { rootText } from '../../engines/refusal.js';
import { identifier } from '../../model/index.js';
import type { NamedCheck } from './checks.js';
import { type Bounds, KeyedRows, type KeyedRowsInput, type KeyTextsOfRow } from './keyed-rows.js';
import { mostKeys } from './report.js';

/** Rows that one check found. */
export interface BadRows {
  readonly check: Pick<NamedCheck, 'guarantee' | 'what'>;
  /** Why a check could not be made: of several rows, the reason of the first. */
  readonly why?: string;
  readonly rows: number;
  /** The primary keys of the first of them, as findings show them. */
  readonly keys: readonly string[];
}

/** One batch of rows: the bad ones, the number of rows, and the key of the last row; `undefined` where no row follows. */
export interface Batch {
  readonly bad: readonly BadRows[];
  readonly rows: number;
  readonly last: KeyTextsOfRow | undefined;
}

/** Which rows of a table are checked, and how statements run. */
export interface BatchRequest extends KeyedRowsInput {
  readonly checks: readonly NamedCheck[];
  /** Calls `work`, whose statements may fail without ending the transaction. */
  attempt<T>(work: () => Promise<T>): Promise<T>;
  /** The key after which the batch begins; `undefined` for the first row. */
  readonly after: KeyTextsOfRow | undefined;
  /** The last key to look at; `undefined` for all rows that follow. */
  readonly upTo: KeyTextsOfRow | undefined;
  /** How many more rows may be searched for that a check fails for: each costs many statements. */
  mostFailing(check: NamedCheck): number;
  readonly size: number;
}

/**
 * Checks the rows of a table that follow a key, at most `size` of them, in the order of the primary key; with the first also those
 * that have no key, which no order has.
 *
 * @throws AshlarError `usage` for an `after` that is no key; `database-corrupt` where the rows have no order
 */
export async function checkBatch(request: BatchRequest): Promise<Batch> {
  const { checks, after, upTo, size } = request;
  const rows = new KeyedRows(request);
  const keyless = after === undefined ? await rows.withoutKey(mostKeys) : { rows: 0, keys: [] };
  const bad: BadRows[] = keyless.rows === 0 ? [] : [{ check: noKey, ...keyless }];
  const edge = await rows.edge({ after, upTo }, size);
  if (!edge) return { bad, rows: keyless.rows, last: undefined };
  const bounds = { after, upTo: edge.key };
  for (const key of await rows.doubled(bounds))
    bad.push({ check: sameKey, rows: 1, keys: [rows.shown(key)] });
  if (checks.length > 0) bad.push(...(await new Search(request, rows).among(checks, edge.rows, bounds)));
  return { bad, rows: keyless.rows + edge.rows, last: edge.key };
}

const noKey = { guarantee: 'declaration', what: 'has no value in its key' };
const sameKey = { guarantee: 'declaration', what: 'has the key of another row' };

/** A check that fails for rows, in place of what it would have found. */
export function failing({ guarantee, what }: NamedCheck): BadRows['check'] {
  return { guarantee, what: `cannot be checked whether it ${what}` };
}

/** A check of a batch in which it fails for some rows, after it failed for many: sound rows are among them, and bad ones may be. */
const leftOut = ({ guarantee, what }: NamedCheck): BadRows['check'] => ({
  guarantee,
  what: `is in a batch of which it is not known whether a row ${what}`,
});

/** Looks for bad rows: with one query for all checks; where it fails, for each check alone, and then for fewer rows. */
class Search {
  readonly #request: BatchRequest;
  readonly #rows: KeyedRows;
  readonly #from: string;
  readonly #failing = new Map<NamedCheck, number>();

  constructor(request: BatchRequest, rows: KeyedRows) {
    this.#request = request;
    this.#rows = rows;
    this.#from = identifier(request.table.name);
  }

  async among(checks: readonly NamedCheck[], count: number, bounds: Bounds): Promise<readonly BadRows[]> {
    try {
      return await this.#request.attempt(() => this.#find(checks, bounds));
    } catch (error) {
      const [check, ...others] = checks;
      if (!check) return [];
      if (others.length > 0) {
        const found: BadRows[] = [];
        for (const each of checks) found.push(...(await this.among([each], count, bounds)));
        return found;
      }
      const known = this.#failing.get(check) ?? 0;
      const isEnough = known >= this.#request.mostFailing(check);
      const half = Math.floor(count / 2);
      const middle = half === 0 || isEnough ? undefined : await this.#rows.edge(bounds, half);
      if (middle)
        return [
          ...(await this.among([check], half, { after: bounds.after, upTo: middle.key })),
          ...(await this.among([check], count - half, { after: middle.key, upTo: bounds.upTo })),
        ];
      this.#failing.set(check, known + 1);
      const keys = isEnough ? [] : [this.#rows.shown(bounds.upTo ?? [])];
      const [of, rows] = isEnough ? [leftOut(check), count] : [failing(check), 1];
      return [{ check: of, why: rootText(error), rows, keys }];
    }
  }

  async #find(checks: readonly NamedCheck[], bounds: Bounds): Promise<readonly BadRows[]> {
    const { where, parameters } = this.#rows.within(bounds);
    const flags = checks.map(({ bad }, at) => `CASE WHEN ${bad} THEN 1 ELSE 0 END AS bad_${at}`);
    const anyBad = checks.map(({ bad }) => `(${bad})`).join(' OR ');
    const found = await this.#request.run(
      `SELECT ${[this.#rows.key, ...flags].join(', ')} FROM ${this.#from} AS t WHERE ${where} AND (${anyBad}) ORDER BY ${this.#rows.order}`,
      parameters,
    );
    return found.flatMap((row) => {
      const keys = [this.#rows.shown(this.#rows.keyOf(row))];
      return checks.flatMap((check, at) =>
        Number(row[`bad_${at}`]) === 1 ? [{ check, rows: 1, keys }] : [],
      );
    });
  }
}
