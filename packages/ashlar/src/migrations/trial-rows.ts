import { v7 as uuidv7 } from 'uuid';
import type { Column, StoredForm } from '../contract/column.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { SchemaColumn } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { converted, type StoredValue } from '../model/conversions.js';
import { decimalText, fillGenerated, identifier, storedValue, timestampText } from '../model/index.js';
import { envelopeLike, valueFor } from '../samples/values.js';
import { codeOf, stringOf } from '../sql/code.js';
import { columnsIn, uniqueExpressions } from '../sql/declared-indexes.js';
import { conversionOf, formerValue, type Retype } from './retypes.js';
import { isFilledByDatabase, type TrialTable } from './trial-tables.js';

/** The values of a row, as SQL literals by the names of the columns. */
type Literals = Readonly<Record<string, string>>;

interface Choice {
  readonly variant: number;
  /** Whether columns that may be NULL have a value. */
  readonly filled: boolean;
}

const choices: readonly Choice[] = [0, 1, 2, 3, 4, 5, 6, 7].map((variant) => ({ variant, filled: true }));

const bare: readonly Choice[] = choices.map(({ variant }) => ({ variant, filled: false }));

// values of a kind, of which the first differ from all before
const samplesOf = ({ kind, precision, digits }: StoredForm, serial: number): readonly StoredValue[] => {
  const day = new Date(Date.UTC(2024, 0, serial)).toISOString();
  switch (kind) {
    case 'text':
      return [`sample ${serial}`, String(serial), 'a', '0', 'A'];
    case 'integer':
    case 'real':
      return [serial, 1, 0, 10, 100];
    case 'bigint':
      return [String(serial), '1', '0', '10', '100'];
    case 'decimal':
      return [serial, 1, 0].map((each) => decimalText(BigInt(each), digits?.scale ?? 0));
    case 'boolean':
      return [serial % 2 === 0, serial % 2 === 1];
    case 'uuid':
      return [uuidv7()];
    case 'timestamp':
      return [timestampText(day, precision)];
    case 'date':
      return [day.slice(0, 10)];
    case 'inet':
      return [`192.0.2.${serial % 256}`];
    default:
      return [];
  }
};

const otherSamples: Partial<Record<StoredForm['kind'], readonly unknown[]>> = {
  json: [{}, [], 'a', 1],
  array: [[]],
  bytes: [new Uint8Array(16), new Uint8Array(32)],
};

const isInKey = ({ model }: TrialTable, column: Column | undefined): boolean =>
  model !== undefined &&
  [
    ...[model.primaryKey, ...model.uniques, ...model.indexes.filter(({ unique }) => unique)].map(
      ({ columns }) => columns,
    ),
    ...uniqueExpressions(model).map((index) => columnsIn(model, index)),
  ].some((columns) => columns.includes(column?.name ?? ''));

/** Inserts sample rows into tables as they are before the step. Runs in an open transaction of the owner. */
export class TrialRows {
  readonly #engine: Engine;
  readonly #owner: Owner;
  readonly #system: SystemFacts;
  readonly #scopes = new Map<StoredForm['kind'], string>();
  /** The keys of rows to which earlier rows refer: table → column → value. */
  readonly #promised = new Map<string, Literals>();
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
    if (table.rows === 2 && Object.keys(fixed).length === 0) await this.#first(table, bare, fixed);
    return inserted;
  }

  /** Whether a row refers to one that no table got. */
  get isOwing(): boolean {
    return this.#promised.size > 0;
  }

  /** Returns a value in the form of a column as an SQL literal. */
  literal({ kind }: Pick<StoredForm, 'kind'>, value: unknown): string {
    return this.#engine.dialect.proving.literal(
      this.#engine.encode({ kind, nullable: true } as Column, value),
    );
  }

  async #first(table: TrialTable, tried: readonly Choice[], fixed: Literals): Promise<boolean> {
    for (const choice of tried) {
      const { name } = table.before;
      const found = await this.#row(table, choice);
      const row = found && { ...found, ...this.#promised.get(name), ...fixed };
      if (!row || !(await this.#isInserted(name, row))) continue;
      this.#promised.delete(name);
      for (const { columns, target, targetColumns } of table.deferred) {
        if ((await this.#firstRow(target, targetColumns)) !== undefined) continue;
        const keys = targetColumns.map((column, at) => [column, row[columns[at] ?? ''] ?? 'NULL'] as const);
        this.#promised.set(target, Object.fromEntries(keys));
      }
      return true;
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

  async #row(table: TrialTable, choice: Choice): Promise<Literals | undefined> {
    const links = await this.#links(table);
    const sample = this.#sample(table);
    const row: Record<string, string> = {};
    for (const column of table.before.columns) {
      if (isFilledByDatabase(column, this.#engine.dialect.name)) continue;
      const linked = links[column.name];
      const value = linked ?? this.#value(table, column, choice, sample);
      if (value !== undefined) row[column.name] = value;
      // its default need not convert
      else if (table.retypes.has(column.name)) return undefined;
    }
    return { ...row, ...this.#itself(table, row) };
  }

  // the first row of a table refers to itself where it must refer to a row of the table
  #itself({ before, foreignKeys }: TrialTable, row: Literals): Literals {
    const required = new Set(before.columns.flatMap(({ name, notNull }) => (notNull ? [name] : [])));
    const own = foreignKeys.filter(({ target }) => target === before.name);
    const values = own.flatMap(({ columns, targetColumns }) =>
      columns.flatMap((name, at) => {
        const value = row[targetColumns[at] ?? ''];
        return row[name] === 'NULL' && required.has(name) && value !== undefined
          ? [[name, value] as const]
          : [];
      }),
    );
    return Object.fromEntries(values);
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
    const given = declared && sample[declared.property];
    const isKey = isInKey(table, declared);
    if (given === undefined && !isKey) {
      if (!choice.filled && !column.notNull && (declared?.nullable ?? true)) return 'NULL';
      const usesDefault = !table.retypes.has(column.name) && !table.redefaulted.has(column.name);
      if (column.default !== undefined && choice.variant % 2 === 0 && usesDefault) return undefined;
    }
    if (!declared) return this.#undeclared(table, column, choice);
    if (declared === table.model?.facts.scope && given === undefined) {
      const known = this.#scopes.get(declared.kind);
      if (known !== undefined) return known;
    }
    const retype = table.retypes.get(column.name);
    const literal =
      retype && given === undefined
        ? this.#convertible(table, column, declared, retype, choice)
        : this.#declared(table, column, declared, given ?? this.#chosen(table, declared, choice));
    if (declared === table.model?.facts.scope && literal !== undefined)
      this.#scopes.set(declared.kind, literal);
    return literal;
  }

  #chosen(table: TrialTable, column: Column, { variant }: Choice): unknown {
    const values: Record<string, unknown> = {};
    if (column.generate && table.model) fillGenerated(table.model, values);
    return values[column.property] ?? valueFor(column, { variant, unlike: variant < 4 });
  }

  // of both forms: the value converts, and the new column accepts it
  #convertible(
    table: TrialTable,
    { name, rest }: SchemaColumn,
    column: Column,
    retype: Retype,
    choice: Choice,
  ): string | undefined {
    const { from } = retype;
    const conversion = conversionOf(retype);
    if (!from || (!conversion && !retype.foreign)) return undefined;
    const wanted = this.#chosen(table, column, choice);
    const former =
      wanted === undefined ? undefined : formerValue(retype, storedValue(column, wanted) as StoredValue);
    const found = [former, ...samplesOf(from, ++this.#serial), ...this.#literalsIn(table, name, rest)].filter(
      (value) => {
        if (value === undefined) return false;
        const now = conversion ? converted(conversion, value) : value;
        return now !== undefined && column.stored.safeParse(now).success;
      },
    );
    return found.length === 0
      ? undefined
      : this.formerLiteral(retype, from, found[choice.variant % found.length]);
  }

  /** Returns a value in the form before the step as an SQL expression of the column before it. */
  formerLiteral({ foreign }: Retype, form: StoredForm, value: unknown): string {
    const literal = this.literal(form, value);
    return foreign ? foreign.back(literal) : literal;
  }

  #literalsIn({ before }: TrialTable, name: string, rest: string): readonly string[] {
    const checks = before.constraints.flatMap((one) =>
      one.name === `${before.name}_${name}_check` ? [one.definition] : [],
    );
    return [rest, ...checks].flatMap((text) =>
      codeOf(text, this.#engine.dialect.name).flatMap((token) =>
        token.kind === 'string' ? [stringOf(token)] : [],
      ),
    );
  }

  // of a value in the application's form
  #declared(
    { retypes }: TrialTable,
    { name }: SchemaColumn,
    column: Column,
    value: unknown,
  ): string | undefined {
    const { proving } = this.#engine.dialect;
    if (value === undefined) return undefined;
    if (column.plaintext) return proving.literal(envelopeLike(column));
    const stored = storedValue(column, value);
    const retype = retypes.get(name);
    if (!retype) return proving.literal(this.#engine.encode(column, stored));
    const former = formerValue(retype, stored as StoredValue);
    return retype.from && former !== undefined ? this.formerLiteral(retype, retype.from, former) : undefined;
  }

  #undeclared(table: TrialTable, column: SchemaColumn, { variant }: Choice): string | undefined {
    const { dialect } = this.#engine;
    const form = dialect.storedForm(table.before, column);
    if (!form) return undefined;
    if (form.encrypted)
      return dialect.proving.literal(envelopeLike({ rules: { minBytes: 45, firstByte: 1 } } as Column));
    const own = samplesOf(form, ++this.#serial);
    const literals = form.kind === 'text' ? this.#literalsIn(table, column.name, column.rest) : [];
    const samples = [...literals, ...own, ...(otherSamples[form.kind] ?? [])];
    return this.literal(form, samples[variant % samples.length]);
  }

  // a table that the step creates does not exist yet
  async #existing(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    await this.#owner.script('SAVEPOINT ashlar_trial');
    try {
      return await this.#owner.run(sql);
    } catch {
      await this.#owner.script('ROLLBACK TO SAVEPOINT ashlar_trial');
      return [];
    } finally {
      await this.#owner.script('RELEASE SAVEPOINT ashlar_trial');
    }
  }

  async #firstRow(
    table: string,
    columns: readonly string[],
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    if (columns.length === 0) return undefined;
    const { quoted } = this.#engine.dialect.proving;
    const list = columns.map(
      (name, at) => `${quoted(identifier(name))} AS c${at}, ${identifier(name)} AS v${at}`,
    );
    const [row] = await this.#existing(`SELECT ${list.join(', ')} FROM ${identifier(table)} LIMIT 1`);
    return row;
  }

  // the values of foreign keys, from the last row of the table that each refers to
  async #links({ foreignKeys, torn, retypes, deferred }: TrialTable): Promise<Record<string, string>> {
    const links: Record<string, string> = Object.fromEntries([...torn].map((name) => [name, 'NULL']));
    for (const { columns, target, targetColumns } of foreignKeys) {
      const row = await this.#firstRow(target, targetColumns);
      const isLater = deferred.some((key) => String(key.columns) === String(columns));
      if (row === undefined && isLater) {
        const promised = this.#promised.get(target);
        for (const [at, name] of columns.entries()) {
          const value = promised?.[targetColumns[at] ?? ''];
          if (value !== undefined) links[name] ??= value;
        }
        continue;
      }
      for (const [at, name] of columns.entries()) {
        const retype = retypes.get(name);
        const conversion = retype && conversionOf(retype);
        const fits = !conversion || converted(conversion, row?.[`v${at}`] as StoredValue) !== undefined;
        links[name] ??= row === undefined || !fits ? 'NULL' : String(row[`c${at}`]);
      }
    }
    return links;
  }
}
