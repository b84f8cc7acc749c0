import type { Column } from '../contract/column.js';
import type { Engine } from '../contract/engine.js';
import type { SqlRow } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import type { ForeignKey } from '../contract/table.js';
import { refusalOf, rootText } from '../engines/refusal.js';
import { insertRow, isRow } from '../guarantees/shared/attacks.js';
import {
  fillGenerated,
  identifier,
  storedValue,
  type Table,
  type Tables,
  writtenColumns,
} from '../model/index.js';
import { envelopeLike, valueFor } from '../samples/values.js';
import { columnsIn, uniqueExpressions } from '../sql/declared-indexes.js';
import type { AttackTransaction } from './attack-transaction.js';
import { nativeValue } from './native-value.js';

/** A row of a table, with the name of the partition that contains it. */
export interface PlacedRow {
  readonly row: SqlRow;
  readonly partition: string | undefined;
}

/** The result of an attempt to find or create a value: the value, or the reason why there is none. */
export type Attempt<T> = { readonly value: T } | { readonly reason: string };

/** One way to choose the values of a row. */
interface Plan {
  /** Which value of each enum to take. */
  readonly variant: number;
  /** Whether nullable columns get values too. */
  readonly filled: boolean;
  /** Whether foreign keys refer to existing rows or to new ones. */
  readonly parents: 'existing' | 'new';
}

const plans: readonly Plan[] = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((variant) =>
  (['existing', 'new'] as const).flatMap((parents) =>
    [false, true].map((filled) => ({ variant, filled, parents })),
  ),
);

const deepest = 8;

/** Returns the name of a table's scope column; `undefined` if it has none. */
export function scopeColumnOf(table: Table): string | undefined {
  return table.facts.scope?.name;
}

/** What a row must look like. */
interface RowRequest {
  /** Values that the row must have. */
  readonly fixed?: SqlRow;
  readonly depth?: number;
  readonly parents?: Plan['parents'];
}

/** Finds and inserts sample rows for attacks, in a transaction that is rolled back at the end. */
export class SampleRows {
  readonly #engine: Engine;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #samples: ReadonlyMap<string, readonly SampleRow[]>;
  readonly #transaction: AttackTransaction;
  /** Why no row of a table can be made for one that refers to it: asked again for each of its children, it would take for ever. */
  readonly #impossible = new Map<string, string>();
  #used = 0;

  constructor(engine: Engine, system: SystemFacts<Tables>, transaction: AttackTransaction) {
    this.#engine = engine;
    this.#transaction = transaction;
    this.#tables = new Map(Object.values(system.tables).map((table) => [table.name, table]));
    this.#samples = new Map(
      Object.entries(system.tables).map(([key, table]) => [
        table.name,
        system.probes?.[key] ?? table.guarantees.flatMap(({ probes = [] }) => probes),
      ]),
    );
  }

  /** Finds at most two existing rows of a table that have the given values. */
  async existing(table: Table, fixed: SqlRow = {}): Promise<readonly PlacedRow[]> {
    const conditions = Object.keys(fixed).map((name) =>
      fixed[name] === 'NULL' ? `${identifier(name)} IS NULL` : isRow([name], fixed),
    );
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const { rows } = await this.#transaction.inSavepoint(() =>
      this.#transaction.run(`SELECT ${this.#list(table)} FROM ${identifier(table.name)}${where} LIMIT 2`),
    );
    return rows.map((row) => placed(table, row));
  }

  /** Inserts a sample row into a table, and the rows to which its foreign keys refer. */
  async insert(table: Table, wish: RowRequest = {}): Promise<Attempt<PlacedRow>> {
    return this.#firstOf(table, wish, async (row) => {
      const { rows } = await this.#transaction.inSavepoint(() =>
        this.#transaction.run(`${insertRow(table.name, row)} RETURNING ${this.#list(table)}`),
      );
      return placed(table, rows[0] ?? {});
    });
  }

  /** Creates a row that the database would accept now, without inserting it permanently. */
  insertable(table: Table, fixed: SqlRow): Promise<Attempt<SqlRow>> {
    return this.#firstOf(table, { fixed }, async (row) => {
      await this.#transaction.rolledBack(() => this.#transaction.run(insertRow(table.name, row)));
      return row;
    });
  }

  /** Creates a row that the table's Zod schema accepts, although the database may still refuse it. */
  valid(table: Table, fixed: SqlRow): Promise<Attempt<SqlRow>> {
    return this.#firstOf(table, { fixed, parents: 'existing' }, async (row) => row);
  }

  /** Converts a scope from an SQL literal to the text that a session accepts as its scope. */
  async textOf(literal: string): Promise<string> {
    const { rows } = await this.#transaction.run(`SELECT CAST(${literal} AS text) AS scope`);
    return String(rows[0]?.scope);
  }

  /**
   * Creates values with which to overwrite a row; each differs from the current value unless the column allows only
   * one value.
   */
  otherValues(table: Table, row: SqlRow): SqlRow {
    const scope = scopeColumnOf(table);
    const linked = new Set([
      ...table.foreignKeys.flatMap(({ columns }) => columns),
      // a different scope would be refused for being one
      ...(scope === undefined ? [] : [scope]),
    ]);
    const free = writtenColumns(table).filter(({ name }) => !linked.has(name));
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

  // of a value in the application's form
  #encoded(column: Column, value: unknown): string {
    // there is no key here, and proving must not create one
    const stored = column.plaintext && value !== null ? envelopeLike(column) : storedValue(column, value);
    return this.#engine.dialect.proving.literal(this.#engine.encode(column, stored));
  }

  #list(table: Table): string {
    const { quoted, partitionOf } = this.#engine.dialect.proving;
    return [
      ...writtenColumns(table).map(({ name }) => `${quoted(identifier(name))} AS ${identifier(name)}`),
      `${partitionOf(table.name)} AS _partition`,
    ].join(', ');
  }

  async #firstOf<T>(
    table: Table,
    { fixed = {}, depth = 0, parents }: RowRequest,
    use: (row: SqlRow) => Promise<T>,
  ): Promise<Attempt<T>> {
    let reason = `No row can be inserted into ${table.name}: it refers to itself through its foreign keys.`;
    if (depth > deepest) return { reason };
    const parent = depth > 0 && Object.keys(fixed).length === 0 ? `${table.name} ${parents}` : undefined;
    const impossible = parent === undefined ? undefined : this.#impossible.get(parent);
    if (impossible !== undefined) return { reason: impossible };
    for (const plan of plans) {
      if (plan.parents !== (parents ?? plan.parents)) continue;
      const draft = await this.#draft(table, plan, fixed, depth);
      if ('reason' in draft) {
        reason = draft.reason;
        continue;
      }
      try {
        return { value: await use(draft.value) };
      } catch (error) {
        reason = rootText(error);
        // every other row would be refused for the same reason
        if (refusalOf(error)?.barrier === 'privilege') break;
      }
    }
    if (parent !== undefined) this.#impossible.set(parent, reason);
    return { reason };
  }

  async #draft(table: Table, plan: Plan, fixed: SqlRow, depth: number): Promise<Attempt<SqlRow>> {
    const links = await this.#links(table, plan, { ...(await this.#natives(table)), ...fixed }, depth);
    if ('reason' in links) return links;
    const given = this.#given(table, plan, Object.keys(links.value));
    const checked = table.insert.safeParse(given);
    if (!checked.success) {
      const [issue] = checked.error.issues;
      return { reason: `no value was found for ${table.name}.${issue?.path.join('.')}: ${issue?.message}` };
    }
    const values: Record<string, unknown> = checked.data;
    fillGenerated(table, values);
    const row = Object.values(table.columns).flatMap((column) => {
      const { name, property } = column;
      const value = values[property];
      return value === undefined ? [] : [[name, links.value[name] ?? this.#encoded(column, value)] as const];
    });
    return { value: { ...Object.fromEntries(row), ...fixed } };
  }

  #given(table: Table, { variant, filled }: Plan, linked: readonly string[]): SampleRow {
    const keyed = new Set([
      ...[table.primaryKey, ...table.uniques, ...table.indexes.filter((index) => index.unique)].flatMap(
        ({ columns }) => columns,
      ),
      ...uniqueExpressions(table).flatMap((index) => columnsIn(table, index)),
    ]);
    const alone = new Set(table.foreignKeys.flatMap(({ columns }) => columns));
    const wanted = Object.values(table.columns).filter((column) => {
      // its value is not given but linked: the schema of an insert lacks the column
      if (column.generated === 'identity') return false;
      if (linked.includes(column.name)) return true;
      if (column.generated || alone.has(column.name)) return false;
      if (column.nullable) return filled;
      const isChoice = column.rules.oneOf !== undefined || column.kind === 'boolean';
      return column.default === undefined || keyed.has(column.name) || (isChoice && variant > 0);
    });
    const values = wanted.map((column) => {
      const byDefault = column.default !== undefined && variant === 0 && !linked.includes(column.name);
      const unlike = keyed.has(column.name) && !byDefault;
      // leaving the column out is its default, in the application's form
      return [column.property, byDefault ? undefined : valueFor(column, { variant, unlike })] as const;
    });
    const samples = this.#samples.get(table.name) ?? [];
    const sample = samples.length > 0 ? samples[this.#used++ % samples.length] : {};
    return { ...Object.fromEntries(values), ...sample };
  }

  /** The values of columns that other rows decide: foreign keys, and the scope. */
  async #links(table: Table, plan: Plan, fixed: SqlRow, depth: number): Promise<Attempt<SqlRow>> {
    const links: Record<string, string> = { ...fixed };
    const scope = scopeColumnOf(table);
    // the parent that decides the scope comes first: the other parents are then of the same scope
    const keys = [...table.foreignKeys].sort((a, b) => hasColumn(b, scope) - hasColumn(a, scope));
    for (const key of keys) {
      // MATCH SIMPLE: one NULL is enough for the key to refer to nothing
      const mayBeEmpty = key.columns.some((name) => table.columns[name]?.nullable);
      // the first row of a table cannot refer to another row of it
      if (mayBeEmpty && (key.target.table === table.name || (!plan.filled && depth > 0))) continue;
      // nothing checks the key before the end, and in a circle of required keys no row comes first
      if (key.deferrable && !mayBeEmpty && depth > 0) {
        for (const name of key.columns) links[name] ??= this.#arbitrary(table, name, plan);
        continue;
      }
      const parent = await this.#parent({ key, parents: plan.parents, links, scope, depth });
      if ('reason' in parent) {
        if (mayBeEmpty) continue;
        return parent;
      }
      for (const [at, name] of key.columns.entries())
        links[name] = parent.value[key.target.columns[at] ?? ''] ?? 'NULL';
      const parentScope = this.#scopeIn(key.target.table);
      if (scope !== undefined && parentScope !== undefined)
        links[scope] ??= parent.value[parentScope] ?? 'NULL';
    }
    return { value: links };
  }

  /** Of another tool's types rows that exist show values, else their names do; a value of a unique key would be there already. */
  async #natives(table: Table): Promise<SqlRow> {
    const unique = new Set([table.primaryKey, ...table.uniques].flatMap(({ columns }) => columns));
    const natives = Object.values(table.columns).filter(
      ({ name, native, rules }) => native !== undefined && rules.oneOf === undefined && !unique.has(name),
    );
    if (natives.length === 0) return {};
    const [known] = await this.existing(table);
    return Object.fromEntries(
      natives.flatMap(({ name, native = '', nullable }) => {
        const value = known?.row[name] ?? (nullable ? undefined : nativeValue(native));
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
  }

  #arbitrary({ columns }: Table, name: string, { variant }: Plan): string {
    const column = columns[name];
    return (column && this.#literal(column, variant)) ?? 'NULL';
  }

  #scopeIn(name: string): string | undefined {
    const table = this.#tables.get(name);
    return table && scopeColumnOf(table);
  }

  async #parent({ key, parents, links, scope, depth }: Link): Promise<Attempt<SqlRow>> {
    const {
      columns,
      target: { table: name, columns: own },
    } = key;
    const target = this.#tables.get(name);
    if (!target) return { reason: `${name} is a table of another system and has no rows.` };
    const known = columns.flatMap((column, at) => {
      const value = links[column];
      return value === undefined ? [] : [[own[at] ?? '', value] as const];
    });
    const [theirs, ours] = [scopeColumnOf(target), scope === undefined ? undefined : links[scope]];
    const fixed = {
      ...(theirs === undefined || ours === undefined ? {} : { [theirs]: ours }),
      ...Object.fromEntries(known),
    };
    if (parents === 'existing') {
      const [found] = await this.existing(target, fixed);
      if (found) return { value: found.row };
    }
    const inserted = await this.insert(target, { fixed, depth: depth + 1 });
    return 'reason' in inserted ? inserted : { value: inserted.value.row };
  }
}

/** The row that a foreign key needs. */
interface Link {
  readonly key: ForeignKey;
  readonly parents: Plan['parents'];
  /** Values of columns that are known already. */
  readonly links: SqlRow;
  readonly scope: string | undefined;
  readonly depth: number;
}

const hasColumn = (key: ForeignKey, column: string | undefined): number =>
  column !== undefined && key.columns.includes(column) ? 1 : 0;

type SampleRow = Readonly<Record<string, unknown>>;

const placed = (table: Table, row: Readonly<Record<string, unknown>>): PlacedRow => ({
  row: Object.fromEntries(writtenColumns(table).map(({ name }) => [name, String(row[name] ?? 'NULL')])),
  partition: row._partition === null || row._partition === undefined ? undefined : String(row._partition),
});
