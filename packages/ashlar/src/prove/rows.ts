import type { Column } from '../contract/column.js';
import type { Engine } from '../contract/engine.js';
import type { SqlRow } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import type { ForeignKey } from '../contract/table.js';
import { refusalOf, rootText } from '../engines/refusal.js';
import { insertRow, isRow } from '../guarantees/shared/attacks.js';
import { identifier, type Table, type Tables } from '../model/index.js';
import type { Hand } from './hand.js';
import { envelopeLike, valueFor } from './values.js';

/** A row that is in its table, and the partition in which it lies. */
export interface PlacedRow {
  readonly row: SqlRow;
  readonly partition: string | undefined;
}

/** A row, or why there is none. */
export type Made<T> = { readonly made: T } | { readonly why: string };

/** One way to make a row. */
interface Plan {
  /** Which value of each enum. */
  readonly variant: number;
  /** Also what may be left empty. */
  readonly filled: boolean;
  /** Under rows that are there, or under new ones. */
  readonly parents: 'present' | 'new';
}

const plans: readonly Plan[] = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((variant) =>
  (['present', 'new'] as const).flatMap((parents) =>
    [false, true].map((filled) => ({ variant, filled, parents })),
  ),
);

const deepest = 8;

/** The name of the column that says whose row it is, where sessions are kept apart by one. */
export function scopeColumnOf(table: Table): string | undefined {
  return table.facts.scope?.name;
}

/** How a row is to be made. */
interface Wish {
  /** Values that it must have. */
  readonly fixed?: SqlRow;
  readonly depth?: number;
  readonly parents?: Plan['parents'];
}

/** Finds rows and makes them, in a transaction that is undone in the end. */
export class Rows {
  readonly #engine: Engine;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #samples: ReadonlyMap<string, readonly SampleRow[]>;
  readonly #hand: Hand;
  #used = 0;

  constructor(engine: Engine, system: SystemFacts<Tables>, hand: Hand) {
    this.#engine = engine;
    this.#hand = hand;
    this.#tables = new Map(Object.values(system.tables).map((table) => [table.name, table]));
    this.#samples = new Map(
      Object.entries(system.tables).map(([key, table]) => [
        table.name,
        system.probes?.[key] ?? table.guarantees.flatMap(({ probes = [] }) => probes),
      ]),
    );
  }

  /** Rows that are in a table, two at most; only such as have these values. */
  async present(table: Table, fixed: SqlRow = {}): Promise<readonly PlacedRow[]> {
    const where = Object.keys(fixed).length === 0 ? '' : ` WHERE ${isRow(Object.keys(fixed), fixed)}`;
    const { rows } = await this.#hand.attempt(() =>
      this.#hand.run(`SELECT ${this.#list(table)} FROM ${identifier(table.name)}${where} LIMIT 2`),
    );
    return rows.map((row) => placed(table, row));
  }

  /** Puts a row into a table, with the rows above it that it needs. */
  async make(table: Table, wish: Wish = {}): Promise<Made<PlacedRow>> {
    return this.#firstOf(table, wish, async (row) => {
      const { rows } = await this.#hand.attempt(() =>
        this.#hand.run(`${insertRow(table.name, row)} RETURNING ${this.#list(table)}`),
      );
      return placed(table, rows[0] ?? {});
    });
  }

  /** A row that could be put into a table now. */
  fresh(table: Table, fixed: SqlRow): Promise<Made<SqlRow>> {
    return this.#firstOf(table, { fixed }, async (row) => {
      await this.#hand.undone(() => this.#hand.run(insertRow(table.name, row)));
      return row;
    });
  }

  /** A row that the table's schema accepts; whether the database does was not asked. */
  drafted(table: Table, fixed: SqlRow): Promise<Made<SqlRow>> {
    return this.#firstOf(table, { fixed, parents: 'present' }, async (row) => row);
  }

  /** A literal as the text that a session's scope would be. */
  async textOf(literal: string): Promise<string> {
    const { rows } = await this.#hand.run(`SELECT CAST(${literal} AS text) AS scope`);
    return String(rows[0]?.scope);
  }

  /** Values to write over a row: others than its own wherever there are two. */
  sideValues(table: Table, row: SqlRow): SqlRow {
    const scope = scopeColumnOf(table);
    const linked = new Set([
      ...table.foreignKeys.flatMap(({ columns }) => columns),
      // another scope would be refused as such
      ...(scope === undefined ? [] : [scope]),
    ]);
    const free = Object.values(table.columns).filter(({ name }) => !linked.has(name));
    const entries = free.flatMap((column) => {
      const literals = [1, 2, 3].flatMap((variant) => this.#literal(column, variant) ?? []);
      const chosen = literals.find((literal) => literal !== row[column.name]) ?? literals[0];
      return chosen === undefined ? [] : [[column.name, chosen] as const];
    });
    return Object.fromEntries(entries);
  }

  #literal(column: Column, variant: number): string | undefined {
    const value = valueFor(column, { variant, unlike: true });
    return value === undefined ? undefined : this.#encoded(column, value);
  }

  #encoded(column: Column, value: unknown): string {
    // no key is at hand, and a proof must not make one
    const stored = column.plaintext && value !== null ? envelopeLike(column) : value;
    return this.#engine.dialect.proving.literal(this.#engine.encode(column, stored));
  }

  #list(table: Table): string {
    const { quoted, partitionOf } = this.#engine.dialect.proving;
    return [
      ...Object.keys(table.columns).map((name) => `${quoted(identifier(name))} AS ${identifier(name)}`),
      `${partitionOf(table.name)} AS _partition`,
    ].join(', ');
  }

  async #firstOf<T>(
    table: Table,
    { fixed = {}, depth = 0, parents }: Wish,
    use: (row: SqlRow) => Promise<T>,
  ): Promise<Made<T>> {
    let why = `${table.name} refers to itself in a circle.`;
    if (depth > deepest) return { why };
    for (const plan of plans) {
      if (plan.parents !== (parents ?? plan.parents)) continue;
      const draft = await this.#draft(table, plan, fixed, depth);
      if ('why' in draft) {
        why = draft.why;
        continue;
      }
      try {
        return { made: await use(draft.made) };
      } catch (error) {
        why = rootText(error);
        // another row would be refused as well
        if (refusalOf(error)?.barrier === 'privilege') break;
      }
    }
    return { why };
  }

  async #draft(table: Table, plan: Plan, fixed: SqlRow, depth: number): Promise<Made<SqlRow>> {
    const links = await this.#links(table, plan, fixed, depth);
    if ('why' in links) return links;
    const given = this.#given(table, plan, Object.keys(links.made));
    const checked = table.insert.safeParse(given);
    if (!checked.success) {
      const [issue] = checked.error.issues;
      return { why: `no value was found for ${table.name}.${issue?.path.join('.')}: ${issue?.message}` };
    }
    const row = Object.entries(checked.data).flatMap(([name, value]) => {
      const column = table.columns[name];
      if (column === undefined || value === undefined) return [];
      return [[name, links.made[name] ?? this.#encoded(column, value)] as const];
    });
    return { made: { ...Object.fromEntries(row), ...fixed } };
  }

  #given(table: Table, { variant, filled }: Plan, linked: readonly string[]): SampleRow {
    const keyed = new Set(
      [table.primaryKey, ...table.uniques, ...table.indexes.filter((index) => index.unique)].flatMap(
        ({ columns }) => columns,
      ),
    );
    const alone = new Set(table.foreignKeys.flatMap(({ columns }) => columns));
    const wanted = Object.values(table.columns).filter((column) => {
      if (linked.includes(column.name)) return true;
      if (column.generated || alone.has(column.name)) return false;
      if (column.nullable) return filled;
      const isChoice = column.rules.oneOf !== undefined || column.kind === 'boolean';
      return column.default === undefined || keyed.has(column.name) || (isChoice && variant > 0);
    });
    const values = wanted.map((column) => {
      const byDefault = column.default !== undefined && variant === 0 && !linked.includes(column.name);
      const unlike = keyed.has(column.name) && !byDefault;
      return [column.name, byDefault ? column.default : valueFor(column, { variant, unlike })] as const;
    });
    const samples = this.#samples.get(table.name) ?? [];
    const sample = samples.length > 0 ? samples[this.#used++ % samples.length] : {};
    return { ...Object.fromEntries(values), ...sample };
  }

  /** The columns whose values are given: those of foreign keys, as their parents have them, and the scope of all. */
  async #links(table: Table, plan: Plan, fixed: SqlRow, depth: number): Promise<Made<SqlRow>> {
    const links: Record<string, string> = { ...fixed };
    const scope = scopeColumnOf(table);
    // the parent that says whose row it is comes first: the others are then of the same scope
    const keys = [...table.foreignKeys].sort((a, b) => hasColumn(b, scope) - hasColumn(a, scope));
    for (const key of keys) {
      // MATCH SIMPLE: one NULL is enough
      const mayBeEmpty = key.columns.some((name) => table.columns[name]?.nullable);
      // a row that refers to its own table can be the first of it
      if (mayBeEmpty && (key.target.table === table.name || (!plan.filled && depth > 0))) continue;
      const parent = await this.#parent(key, plan.parents, links, scope, depth);
      if ('why' in parent) {
        if (mayBeEmpty) continue;
        return parent;
      }
      for (const [at, name] of key.columns.entries())
        links[name] = parent.made[key.target.columns[at] ?? ''] ?? 'NULL';
      const parentScope = this.#scopeIn(key.target.table);
      if (scope !== undefined && parentScope !== undefined)
        links[scope] ??= parent.made[parentScope] ?? 'NULL';
    }
    return { made: links };
  }

  #scopeIn(name: string): string | undefined {
    const table = this.#tables.get(name);
    return table && scopeColumnOf(table);
  }

  async #parent(
    { columns, target: { table: name, columns: own } }: ForeignKey,
    parents: Plan['parents'],
    links: SqlRow,
    scope: string | undefined,
    depth: number,
  ): Promise<Made<SqlRow>> {
    const target = this.#tables.get(name);
    if (!target) return { why: `${name} is a table of another system, and has no row.` };
    const known = columns.flatMap((column, at) => {
      const value = links[column];
      return value === undefined ? [] : [[own[at] ?? '', value] as const];
    });
    const [theirs, ours] = [scopeColumnOf(target), scope === undefined ? undefined : links[scope]];
    const fixed = {
      ...(theirs === undefined || ours === undefined ? {} : { [theirs]: ours }),
      ...Object.fromEntries(known),
    };
    if (parents === 'present') {
      const [found] = await this.present(target, fixed);
      if (found) return { made: found.row };
    }
    const made = await this.make(target, { fixed, depth: depth + 1 });
    return 'why' in made ? made : { made: made.made.row };
  }
}

const hasColumn = (key: ForeignKey, column: string | undefined): number =>
  column !== undefined && key.columns.includes(column) ? 1 : 0;

type SampleRow = Readonly<Record<string, unknown>>;

const placed = (table: Table, row: Readonly<Record<string, unknown>>): PlacedRow => ({
  row: Object.fromEntries(Object.keys(table.columns).map((name) => [name, String(row[name] ?? 'NULL')])),
  partition: row._partition === null || row._partition === undefined ? undefined : String(row._partition),
});
