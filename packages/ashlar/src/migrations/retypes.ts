import type { ForeignForm } from '../contract/adoption.js';
import type { StoredForm } from '../contract/column.js';
import type { Renames, SqlDialect } from '../contract/dialect.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { Schema, SchemaColumn, SchemaTable } from '../contract/schema.js';
import { AshlarError } from '../errors.js';
import {
  conversionBetween,
  converted,
  type FormConversion,
  formText,
  type StoredValue,
  sameForm,
} from '../model/conversions.js';
import { codeOf, mentions } from '../sql/code.js';
import { foreignKeyOf } from '../sql/foreign-key.js';
import type { Comparison } from './renames.js';

/** A column that stays and whose kind a step changes. */
export interface Retype {
  readonly table: string;
  readonly column: string;
  /** The name of the column before the step. */
  readonly former: string;
  readonly from: StoredForm | undefined;
  readonly to: StoredForm | undefined;
  /** How its values become declared ones, where another program made the column; `from` is then the form that this gives. */
  readonly foreign: ForeignForm | undefined;
}

const isComputed = ({ rest }: SchemaColumn, dialect: SqlDialect): boolean =>
  codeOf(rest, dialect.name).some(({ word }, at, all) => word === 'AS' && all[at + 1]?.text === '(');

/** A column of two schemas: its table and itself, before and after. */
interface Pair {
  readonly before: SchemaTable;
  readonly was: SchemaColumn;
  readonly after: SchemaTable;
  readonly is: SchemaColumn;
}

const pairsOf = (before: Schema, after: Schema, renames: Renames): Pair[] =>
  after.tables.flatMap((now) => {
    const old = before.tables.find(({ name }) => name === now.name);
    return now.columns.flatMap((is) => {
      const former = renames[now.name]?.[is.name] ?? is.name;
      const was = old?.columns.find(({ name }) => name === former);
      return old && was ? [{ before: old, was, after: now, is }] : [];
    });
  });

/** Returns the columns that stay and whose kind differs in two schemas. */
export function retypesOf({ dialect, before, after }: Comparison, renames: Renames): readonly Retype[] {
  return pairsOf(before, after, renames).flatMap((pair): Retype[] => {
    if (isComputed(pair.was, dialect) || isComputed(pair.is, dialect)) return [];
    const from = dialect.storedForm(pair.before, pair.was);
    const to = dialect.storedForm(pair.after, pair.is);
    const foreign = to && dialect.adoption.foreignForm(pair.before, pair.was, to);
    const names = { table: pair.after.name, column: pair.is.name, former: pair.was.name };
    if (foreign) return [{ ...names, from: foreign.form, to, foreign }];
    if (!from && !to && pair.is.type === dialect.adoption.keptType(pair.after, pair.was)) return [];
    if (from && to ? sameForm(from, to) : from === to && pair.was.type === pair.is.type) return [];
    return [{ ...names, from, to, foreign }];
  });
}

/** Returns the conversion of a retyped column; `undefined` if no generated step makes it, or none is needed. */
export function conversionOf({ from, to, foreign }: Retype): FormConversion | undefined {
  if (!from || !to || (foreign && sameForm(from, to))) return undefined;
  return conversionBetween(from, to);
}

/** Returns a value of the declared form in the form before the step; `undefined` if it has none. */
export function formerValue({ from, to, foreign }: Retype, value: StoredValue): StoredValue | undefined {
  if (!from || !to) return undefined;
  if (foreign && sameForm(from, to)) return value;
  const back = conversionBetween(to, from);
  return back && (converted(back, value) ?? undefined);
}

/**
 * Throws if a generated step cannot convert a column whose kind changes.
 *
 * @param adopts - whether the step takes over tables of another program
 * @throws AshlarError `conversion-unknown`, `conversion-sealed`, `conversion-blocked`
 */
export function assertConvertible(
  comparison: Comparison,
  renames: Renames,
  model: readonly GuardedTable[],
  adopts = false,
): void {
  const retypes = retypesOf(comparison, renames);
  for (const retype of retypes) {
    assertNotSealed(comparison, model, retype);
    const isKnown = retype.foreign ? adopts : conversionOf(retype) !== undefined;
    if (!isKnown) throw unknown(comparison, retype);
    assertNotPartitioning(comparison, retype);
  }
  assertBothEnds(comparison, retypes);
}

type Refused = Readonly<Record<'message' | 'detail' | 'suggestion', string>>;

const refused = (
  code: 'conversion-unknown' | 'conversion-sealed' | 'conversion-blocked',
  { table, column }: Pick<Retype, 'table' | 'column'>,
  options: Refused,
): AshlarError => new AshlarError(code, { ...options, facts: { table, columns: [column] } });

const byHand =
  'Write the step by hand: ashlar migrate new NAME --empty. Add a column of the new type, fill it with the values that you want, drop the old column and rename the new one.';

const takeOver = 'Write the step that takes it over from the database: ashlar migrate adopt NAME.';

const reasons: Partial<Record<StoredForm['kind'], string>> = {
  json: 'The engines write JSON with different spaces and order of keys.',
  array: 'The engines store arrays in different forms.',
  real: 'The engines write a real with different digits.',
  bytes: 'Bytes need not be a text of UTF-8.',
  inet: 'A text need not be the canonical form of an address.',
};

const reasonOf = ({ from, to }: Retype): string => {
  if (from?.encrypted || to?.encrypted) return 'The database has no key for an encrypted column.';
  const kinds = [from?.kind, to?.kind];
  const kind = (['array', 'json', 'bytes', 'inet', 'real'] as const).find((one) => kinds.includes(one));
  return (kind && reasons[kind]) ?? 'No rule says what the values become.';
};

const unknown = ({ dialect, before, after }: Comparison, retype: Retype): AshlarError => {
  const text = (form: StoredForm | undefined, schema: Schema, name: string): string =>
    form ? formText(form) : typeIn(schema, retype.table, name);
  const former = retype.foreign ? undefined : retype.from;
  const [was, is] = [text(former, before, retype.former), text(retype.to, after, retype.column)];
  return refused('conversion-unknown', retype, {
    message: `${retype.table}.${retype.column} cannot be changed from ${was} to ${is} by a generated step (${dialect.name}).`,
    detail: retype.foreign ? 'Another program made the column.' : reasonOf(retype),
    suggestion: retype.foreign ? takeOver : byHand,
  });
};

const typeIn = (schema: Schema, table: string, column: string): string =>
  schema.tables.find(({ name }) => name === table)?.columns.find(({ name }) => name === column)?.type ??
  'another type';

// the side tables of the guarantee that makes the table a ledger
const ledgerTables = (table: GuardedTable, { name }: SqlDialect): readonly string[] =>
  table.guarantees.flatMap((guarantee) => {
    const kept = guarantee[name];
    if (!guarantee.facts?.(table).ledger || kept.level === 'refused') return [];
    return kept.objects(table).flatMap((object) => (object.type === 'table' ? [object.name] : []));
  });

// an entry with an integer is compared with a bigint, but a key of several columns is a JSON array, where it has quotes
const staysVerifiable = (table: GuardedTable | undefined, { column, from, to }: Retype): boolean => {
  const key = table?.primaryKey.columns ?? [];
  return from?.kind === 'integer' && to?.kind === 'bigint' && (key.length === 1 || !key.includes(column));
};

const assertNotSealed = (
  { dialect, before }: Comparison,
  model: readonly GuardedTable[],
  retype: Retype,
): void => {
  const table = model.find(({ name }) => name === retype.table);
  const sides = new Set(table ? ledgerTables(table, dialect) : []);
  if (staysVerifiable(table, retype)) return;
  // a ledger that begins with this step has no entries of the old form
  if (!before.tables.some(({ name }) => sides.has(name))) return;
  throw refused('conversion-sealed', retype, {
    message: `${retype.table}.${retype.column} cannot change its kind: the ledger of ${retype.table} covers it.`,
    detail: 'The sealed entries hold the stored form of each value, which no longer could be verified.',
    suggestion: 'Add a column of the new kind, and keep the old one for the rows that are sealed.',
  });
};

const assertNotPartitioning = ({ dialect, before, after }: Comparison, retype: Retype): void => {
  const isKeyIn = (schema: Schema, column: string): boolean => {
    const { options = '' } = schema.tables.find(({ name }) => name === retype.table) ?? {};
    return options.startsWith('PARTITION BY') && mentions(options, column, dialect.name);
  };
  if (!isKeyIn(before, retype.former) && !isKeyIn(after, retype.column)) return;
  throw refused('conversion-blocked', retype, {
    message: `${retype.table}.${retype.column} cannot change its kind: the partitions of ${retype.table} are made by it.`,
    detail: 'PostgreSQL partitions a table only when it is created.',
    suggestion:
      'Write the step by hand: create a new table, copy the rows, and swap the names of the two tables.',
  });
};

/**
 * Throws if the columns at the ends of a declared foreign key have different kinds: PostgreSQL has no such key.
 *
 * @throws AshlarError `conversion-blocked`
 */
export function assertKeyKinds(model: readonly GuardedTable[]): void {
  for (const { name: table, columns, foreignKeys } of model) {
    for (const { name, columns: own, target } of foreignKeys) {
      const there = model.find((one) => one.name === target.table)?.columns;
      for (const [at, column] of own.entries()) {
        const other = target.columns[at] ?? '';
        const [a, b] = [columns[column], there?.[other]];
        if (!a || !b || (mayJoin(a.kind, b.kind) && a.digits?.scale === b.digits?.scale)) continue;
        throw oneEnd(
          { table, column },
          name,
          `${table}.${column} (${kindText(a)})`,
          `${target.table}.${other} (${kindText(b)})`,
        );
      }
    }
  }
}

const kindText = ({ kind, digits }: Pick<StoredForm, 'kind' | 'digits'>): string =>
  digits ? `${kind} with scale ${digits.scale}` : kind;

// both are integers of 64 bits
const mayJoin = (a: StoredForm['kind'], b: StoredForm['kind']): boolean =>
  a === b || [a, b].every((kind) => kind === 'integer' || kind === 'bigint');

const oneEnd = (
  at: Pick<Retype, 'table' | 'column'>,
  key: string,
  here: string,
  there: string,
): AshlarError =>
  refused('conversion-blocked', at, {
    message: `${at.table}.${at.column} cannot have a kind of its own: the foreign key ${key} joins ${here} and ${there}.`,
    detail: 'Both ends of a foreign key have the same kind.',
    suggestion: 'Change both columns in one step.',
  });

// the forms of both ends after the step
const assertBothEnds = ({ dialect, after }: Comparison, retypes: readonly Retype[]): void => {
  const tables = new Map(after.tables.map((table) => [table.name, table]));
  const formOf = (table: string, name: string): StoredForm | undefined => {
    const owner = tables.get(table);
    const column = owner?.columns.find((one) => one.name === name);
    return owner && column && dialect.storedForm(owner, column);
  };
  for (const { name: table, constraints } of after.tables) {
    for (const { name: key, definition } of constraints) {
      const text = foreignKeyOf(definition, dialect.name);
      for (const [at, column] of (text?.columns ?? []).entries()) {
        const other = { table: text?.target ?? '', column: text?.targetColumns[at] ?? '' };
        const retype = retypes.find(
          (one) =>
            (one.table === table && one.column === column) ||
            (one.table === other.table && one.column === other.column),
        );
        const [here, there] = [formOf(table, column), formOf(other.table, other.column)];
        const isJoined =
          here &&
          there &&
          (sameForm(here, there) ||
            (mayJoin(here.kind, there.kind) && here.digits?.scale === there.digits?.scale));
        if (!retype || isJoined) continue;
        throw oneEnd(retype, key, `${table}.${column}`, `${other.table}.${other.column}`);
      }
    }
  }
};
