import type { Column, StoredForm } from '../contract/column.js';
import type { SqlDialect } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { Owner } from '../contract/owner.js';
import type { SchemaColumn, SchemaTable } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { conversionBetween, converted, type StoredValue } from '../model/conversions.js';
import { fillGenerated, identifier, storedValue } from '../model/index.js';
import { envelopeLike, valueFor } from '../samples/values.js';
import { codeOf, stringOf } from '../sql/code.js';
import { type ForeignKeyText, foreignKeyOf } from '../sql/foreign-key.js';
import { conversionOf, type Retype } from './retypes.js';

/** A table before the step, with what the model says of it. */
export interface TrialTable {
  readonly before: SchemaTable;
  /** The table of the model; `undefined` for a table that the step drops. */
  readonly model: GuardedTable | undefined;
  /** The columns of the model by their names before the step. */
  readonly columns: ReadonlyMap<string, Column>;
  /** The columns that the step converts, by their names before the step. */
  readonly retypes: ReadonlyMap<string, Retype>;
}

/** The values of a row, as SQL literals by the names of the columns. */
type Literals = Readonly<Record<string, string>>;

interface Choice {
  readonly variant: number;
  /** Whether columns that may be NULL have a value. */
  readonly filled: boolean;
}

const choices: readonly Choice[] = [0, 1, 2, 3, 4, 5, 6, 7].map((variant) => ({ variant, filled: true }));

const bare: readonly Choice[] = choices.map(({ variant }) => ({ variant, filled: false }));

/** Returns the foreign keys of a described table. */
export function foreignKeysOf(table: SchemaTable, { name }: SqlDialect): readonly ForeignKeyText[] {
  return table.constraints.flatMap(({ definition }) => foreignKeyOf(definition, name) ?? []);
}

const isFilledByDatabase = ({ rest }: SchemaColumn, { name }: SqlDialect): boolean =>
  codeOf(rest, name).some(
    ({ word }, at, all) =>
      word === 'IDENTITY' || word === 'AUTOINCREMENT' || (word === 'AS' && all[at + 1]?.text === '('),
  );

// values for a column that no declaration describes any more
const samplesOfKind: Readonly<Record<StoredForm['kind'], readonly unknown[]>> = {
  text: ['a', '0', 'a text of some length', 'A'],
  integer: [1, 0, 10, 100],
  real: [1, 0, 0.5],
  boolean: [true, false],
  uuid: ['018f0000-0000-7000-8000-000000000001'],
  timestamp: ['2024-02-29T00:00:00.000Z', '2024-02-29T00:00:00.000000Z'],
  date: ['2024-02-29'],
  inet: ['192.0.2.1'],
  json: [{}, [], 'a', 1],
  bytes: [new Uint8Array(16), new Uint8Array(32)],
};

/** Inserts sample rows into tables as they are before the step. Runs in an open transaction of the owner. */
export class TrialRows {
  readonly #engine: Engine;
  readonly #owner: Owner;
  readonly #system: SystemFacts;
  readonly #scopes = new Map<StoredForm['kind'], string>();
  #serial = 0;

  constructor(engine: Engine, owner: Owner, system: SystemFacts) {
    this.#engine = engine;
    this.#owner = owner;
    this.#system = system;
  }

  /**
   * Inserts a row with every value, and one with as few as possible.
   *
   * @returns whether a row with every value was inserted
   */
  async insert(table: TrialTable, fixed: Literals = {}): Promise<boolean> {
    const inserted = await this.#first(table, choices, fixed);
    if (Object.keys(fixed).length === 0) await this.#first(table, bare, fixed);
    return inserted;
  }

  /** Returns a value in the form of a column as an SQL literal. */
  literal({ kind }: Pick<StoredForm, 'kind'>, value: unknown): string {
    return this.#engine.dialect.proving.literal(
      this.#engine.encode({ kind, nullable: true } as Column, value),
    );
  }

  async #first(table: TrialTable, tried: readonly Choice[], fixed: Literals): Promise<boolean> {
    for (const choice of tried) {
      const row = { ...(await this.#row(table, choice)), ...fixed };
      if (await this.#isInserted(table.before.name, row)) return true;
    }
    return false;
  }

  async #isInserted(table: string, row: Literals): Promise<boolean> {
    const names = Object.keys(row);
    const values =
      names.length === 0
        ? 'DEFAULT VALUES'
        : `(${names.map(identifier).join(', ')}) VALUES (${Object.values(row).join(', ')})`;
    await this.#owner.script('SAVEPOINT ashlar_trial');
    try {
      await this.#owner.script(`INSERT INTO ${identifier(table)} ${values}`);
      return true;
    } catch {
      await this.#owner.script('ROLLBACK TO SAVEPOINT ashlar_trial');
      return false;
    } finally {
      await this.#owner.script('RELEASE SAVEPOINT ashlar_trial');
    }
  }

  async #row(table: TrialTable, choice: Choice): Promise<Literals> {
    const links = await this.#links(table);
    const sample = this.#sample(table);
    const row: Record<string, string> = {};
    for (const column of table.before.columns) {
      if (isFilledByDatabase(column, this.#engine.dialect)) continue;
      const linked = links[column.name];
      const value = linked ?? this.#value(table, column, choice, sample);
      if (value !== undefined) row[column.name] = value;
    }
    return row;
  }

  #sample({ model }: TrialTable): Readonly<Record<string, unknown>> {
    const found = Object.entries(this.#system.tables).find(([, one]) => one === model);
    if (!found) return {};
    const [key, { guarantees }] = found;
    const samples = this.#system.probes?.[key] ?? guarantees.flatMap(({ probes = [] }) => probes);
    return samples[this.#serial++ % Math.max(samples.length, 1)] ?? {};
  }

  #value(
    table: TrialTable,
    column: SchemaColumn,
    choice: Choice,
    sample: Readonly<Record<string, unknown>>,
  ): string | undefined {
    const declared = table.columns.get(column.name);
    const given = declared && sample[declared.name];
    const isKey = table.model?.primaryKey.columns.includes(declared?.name ?? '') ?? false;
    if (given === undefined && !isKey) {
      if (!choice.filled && !column.notNull) return undefined;
      if (column.default !== undefined && choice.variant % 2 === 0 && !table.retypes.has(column.name))
        return undefined;
    }
    if (!declared) return this.#undeclared(table, column, choice);
    if (declared === table.model?.facts.scope && given === undefined) {
      const known = this.#scopes.get(declared.kind);
      if (known !== undefined) return known;
    }
    const value = given ?? this.#chosen(table, declared, choice);
    if (value === undefined) return undefined;
    const literal = this.#declared(table, column, declared, value);
    if (declared === table.model?.facts.scope && literal !== undefined)
      this.#scopes.set(declared.kind, literal);
    return literal;
  }

  #chosen({ model }: TrialTable, column: Column, { variant }: Choice): unknown {
    const values: Record<string, unknown> = {};
    if (column.generate && model) fillGenerated(model, values);
    return values[column.name] ?? valueFor(column, { variant, unlike: true });
  }

  // of a value in the application's form
  #declared(
    { retypes }: TrialTable,
    { name }: SchemaColumn,
    column: Column,
    value: unknown,
  ): string | undefined {
    const { proving } = this.#engine.dialect;
    if (column.plaintext) return proving.literal(envelopeLike(column));
    const stored = storedValue(column, value);
    const retype = retypes.get(name);
    if (!retype) return proving.literal(this.#engine.encode(column, stored));
    const conversion = conversionOf(retype);
    const back = conversion && conversionBetween(conversion.to, conversion.from);
    const former = back && converted(back, stored as StoredValue);
    return back && former !== undefined ? this.literal(back.to, former) : undefined;
  }

  #undeclared({ before }: TrialTable, column: SchemaColumn, { variant }: Choice): string | undefined {
    const { dialect } = this.#engine;
    const form = dialect.storedForm(before, column);
    if (!form) return undefined;
    if (form.encrypted)
      return dialect.proving.literal(envelopeLike({ rules: { minBytes: 45, firstByte: 1 } } as Column));
    const checks = before.constraints.flatMap(({ name, definition }) =>
      name === `${before.name}_${column.name}_check` ? [definition] : [],
    );
    const literals = [column.rest, ...checks].flatMap((text) =>
      codeOf(text, dialect.name).flatMap((token) => (token.kind === 'string' ? [stringOf(token)] : [])),
    );
    const samples = form.kind === 'text' ? [...literals, ...samplesOfKind.text] : samplesOfKind[form.kind];
    const ofForm =
      form.kind === 'timestamp'
        ? samples.filter((text) => String(text).length === 21 + form.precision)
        : samples;
    return this.literal(form, ofForm[variant % ofForm.length]);
  }

  // the values of foreign keys, from the last row of the table that each refers to
  async #links({ before }: TrialTable): Promise<Record<string, string>> {
    const { dialect } = this.#engine;
    const links: Record<string, string> = {};
    for (const { columns, target, targetColumns } of foreignKeysOf(before, dialect)) {
      const list = targetColumns.map((name, at) => `${dialect.proving.quoted(identifier(name))} AS c${at}`);
      const rows =
        list.length === 0
          ? []
          : await this.#owner.run(`SELECT ${list.join(', ')} FROM ${identifier(target)} LIMIT 1`);
      for (const [at, name] of columns.entries()) {
        const value = rows[0]?.[`c${at}`];
        if (value === undefined && target === before.name) continue;
        links[name] ??= value === undefined ? 'NULL' : String(value);
      }
    }
    return links;
  }
}
