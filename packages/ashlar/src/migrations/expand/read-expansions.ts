import type { Computed, Expansion } from '../../contract/expansion.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import type { SchemaColumn, SchemaObject, SchemaTable } from '../../contract/schema.js';
import { sameForm } from '../../model/conversions.js';
import { identifier } from '../../model/index.js';
import { mentions, replaceNames } from '../../sql/code.js';
import type { Comparison } from '../renames.js';
import { assertCanBeFilled } from './guarantees.js';
import { refused } from './refused.js';

/** What the caller says about the values of both sides: `table.column` → an SQL expression over the other columns. */
export interface GivenValues {
  /** The values of new columns, and those that stand in place of NULL. */
  readonly fills: Readonly<Record<string, string>>;
  /** The values of the columns that go, for the older version. */
  readonly backs: Readonly<Record<string, string>>;
}

/** The changes to read: two schemas, the tables that the later one is made from, and what was said about columns. */
export interface ExpansionRequest {
  readonly comparison: Comparison;
  readonly model: readonly GuardedTable[];
  /** Table → { current column name → previous column name }. */
  readonly renames: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly given: GivenValues;
}

/** A table that changes. */
interface Changed extends ExpansionRequest {
  readonly before: SchemaTable;
  readonly after: SchemaTable;
  readonly table: GuardedTable;
}

/**
 * Returns the differences of two schemas as changes that can be made while two versions of an application run.
 *
 * @throws AshlarError `expansion-refused` where a difference is no such change
 */
export function readExpansions(request: ExpansionRequest): readonly Expansion[] {
  const { before, after } = request.comparison;
  const models = new Map(request.model.map((table) => [table.name, table]));
  const old = new Map(before.tables.map((table) => [table.name, table]));
  const kept = new Set(after.tables.map(({ name }) => name));
  for (const { name } of before.tables) if (!kept.has(name)) throw refused(name, 'the table is dropped');
  const expansions = after.tables.flatMap((now) => {
    const was = old.get(now.name);
    if (!was) throw refused(now.name, 'the table is new');
    if (JSON.stringify(was) === JSON.stringify(now)) return [];
    const table = models.get(now.name);
    if (!table) throw refused(now.name, 'the tables do not declare it');
    return changesOf({ ...request, before: was, after: now, table });
  });
  const functions = (all: readonly SchemaObject[]): string =>
    JSON.stringify(all.map(({ name, definition }) => [name, definition]).sort());
  if (functions(before.functions) !== functions(after.functions)) {
    throw refused(expansions[0]?.after.name ?? '', 'a function changes');
  }
  return expansions;
}

const changesOf = (changed: Changed): readonly Expansion[] => {
  const { before, after } = changed;
  const was = new Map(before.columns.map((column) => [column.name, column]));
  const is = new Map(after.columns.map((column) => [column.name, column]));
  const added = after.columns.filter(({ name }) => !was.has(name));
  const dropped = before.columns.filter(({ name }) => !is.has(name));
  const required = after.columns.flatMap((to) => {
    const from = was.get(to.name);
    return from && text(from) !== text(to) ? [requiredOf(changed, from, to)] : [];
  });
  assertRestIsSame(changed, dropped, added);
  const replaced = replacedOf(changed, dropped, added);
  for (const { to } of required) assertCanBeFilled(changed, [to], 'required');
  for (const { olds, news } of replaced) {
    assertCanBeFilled(
      changed,
      [...olds, ...news].map(({ column }) => column),
      'replaced',
    );
  }
  return [...required, ...replaced];
};

const text = ({ name, type, notNull, default: given, rest }: SchemaColumn): string =>
  JSON.stringify([name, type, notNull, given, rest]);

type Required = Extract<Expansion, { readonly kind: 'required' }>;
type Replaced = Extract<Expansion, { readonly kind: 'replaced' }>;

const requiredOf = (changed: Changed, from: SchemaColumn, to: SchemaColumn): Required => {
  const { before, after, table, given } = changed;
  const only = { ...from, notNull: true, default: to.default };
  if (from.notNull || text(only) !== text(to)) {
    throw refused(
      after.name,
      `${to.name} changes otherwise than to NOT NULL`,
      'Give a column of another type another name in the database: column(…, { name: "…" }) and --rename.',
    );
  }
  const fill = given.fills[`${after.name}.${to.name}`] ?? to.default;
  if (fill === undefined) {
    throw refused(
      after.name,
      `${to.name} becomes required, and nothing says what stands in place of NULL`,
      `Give a default in the declaration, or an SQL expression: --fill "${after.name}.${to.name}='none'"`,
    );
  }
  return { kind: 'required', before, after, model: table, from, to, fill };
};

const replacedOf = (
  changed: Changed,
  dropped: readonly SchemaColumn[],
  added: readonly SchemaColumn[],
): readonly Replaced[] => {
  const { before, after, table, given, renames } = changed;
  const all: Replaced[] = [];
  const make = (olds: readonly Computed[], news: readonly Computed[]): void => {
    for (const { column } of [...olds, ...news]) assertPlain(changed, column);
    all.push({ kind: 'replaced', before, after, model: table, olds, news });
  };
  const renamed = renames[after.name] ?? {};
  const left = new Set(dropped);
  const split: Computed[] = [];
  for (const to of added) {
    const from = dropped.find(({ name }) => name === renamed[to.name]);
    const fill = given.fills[`${after.name}.${to.name}`];
    if (from) {
      left.delete(from);
      make([computed(changed, from, to, 'back')], [computed(changed, to, from, 'fill')]);
    } else if (fill !== undefined) split.push({ column: to, sql: fill });
    else {
      throw refused(
        after.name,
        `${to.name} is a new column, and nothing says what its values are`,
        `Say which column it was (--rename ${after.name}.old:${to.name}), or compute it from others: --fill "${after.name}.${to.name}=…"`,
      );
    }
  }
  const olds = [...left].map((column) => {
    const sql = given.backs[`${after.name}.${column.name}`];
    if (sql !== undefined && split.length > 0) return { column, sql };
    throw refused(
      after.name,
      `${column.name} is dropped, and nothing says what the older version reads there`,
      `Compute it from the columns that take its place: --back "${after.name}.${column.name}=…"`,
    );
  });
  if (olds.length > 0) make(olds, split);
  else if (split.length > 0) {
    throw refused(after.name, `${split.map(({ column }) => column.name).join(', ')} replaces no column`);
  }
  return all;
};

/** One side of a column that has another name, and perhaps another kind. */
const computed = (
  changed: Changed,
  column: SchemaColumn,
  source: SchemaColumn,
  direction: 'fill' | 'back',
): Computed => {
  const { before, after, given, comparison } = changed;
  const { dialect } = comparison;
  const own = given[`${direction}s`][`${after.name}.${column.name}`];
  if (own !== undefined) return { column, sql: own };
  const [from, to] = direction === 'fill' ? [before, after] : [after, before];
  const [was, is] = [dialect.storedForm(from, source), dialect.storedForm(to, column)];
  if (direction === 'fill' && column.notNull && !source.notNull) {
    throw refused(
      after.name,
      `${source.name} may be NULL, and ${column.name} may not`,
      `Give a value: --fill "${after.name}.${column.name}=coalesce(${source.name}, …)"`,
    );
  }
  if (direction === 'back' && column.notNull && !source.notNull) {
    throw refused(
      after.name,
      `${source.name} may be NULL, and ${column.name}, which the older version reads, may not`,
      `Rename first, and make it nullable in a later step`,
    );
  }
  if (was && is ? sameForm(was, is) : source.type === column.type) {
    assertSameRules(changed, source, column, direction);
    return { column, sql: identifier(source.name) };
  }
  return { column, sql: dialect.converted([from, source], [to, column]) };
};

const assertSameRules = (
  { before, after, comparison: { dialect } }: Changed,
  source: SchemaColumn,
  column: SchemaColumn,
  direction: 'fill' | 'back',
): void => {
  const [from, to] = direction === 'fill' ? [before, after] : [after, before];
  const rules = (table: SchemaTable, { name, rest }: SchemaColumn, as: string): string =>
    [
      rest,
      ...table.constraints.flatMap(({ definition }) =>
        mentions(definition, name, dialect.name) ? [definition] : [],
      ),
    ]
      .map((sql) =>
        replaceNames(sql, dialect.name, (one) =>
          one.toLowerCase() === name.toLowerCase() ? identifier(as) : undefined,
        ),
      )
      // the name of a CHECK comes from its column
      .map((sql) => sql.replace(/\bCONSTRAINT \S+ /, ''))
      .sort()
      .join('\n');
  const defaultsDiffer = source.default !== column.default;
  const rulesDiffer = rules(from, source, 'c') !== rules(to, column, 'c');
  if (!defaultsDiffer && !rulesDiffer) return;
  throw refused(
    after.name,
    `${source.name} and ${column.name} have different ${rulesDiffer ? 'rules' : 'defaults'}`,
    'Change them in a step of its own, before or after this one.',
  );
};

/** A column that a trigger can write, and whose NULL is not taken for "not given". */
const assertPlain = ({ before, after, comparison: { dialect } }: Changed, column: SchemaColumn): void => {
  if (column.default !== undefined && !column.notNull) {
    throw refused(
      after.name,
      `${column.name} may be NULL and has a default: a trigger cannot tell NULL from a value that is not given`,
      'Drop the default, or make the column required, in a step before this one.',
    );
  }
  const isGenerated = /\b(GENERATED|AUTOINCREMENT|PRIMARY|UNIQUE|REFERENCES)\b/i.test(column.rest);
  const holds = [before, after].some(({ constraints, indexes }) =>
    [...indexes, ...constraints.filter((one) => !isOwnCheck(one))].some(({ definition }) =>
      mentions(definition, column.name, dialect.name),
    ),
  );
  if (!isGenerated && !holds) return;
  throw refused(
    after.name,
    `${column.name} is in a key, an index or a rule about several columns, or is generated`,
  );
};

const isOwnCheck = ({ definition }: SchemaObject): boolean => /^CHECK\b/i.test(definition);

/** Throws if anything else of the table changes than columns and what hangs on those that go and come. */
const assertRestIsSame = (
  { before, after, comparison: { dialect } }: Changed,
  dropped: readonly SchemaColumn[],
  added: readonly SchemaColumn[],
): void => {
  const rest = (table: SchemaTable, own: readonly SchemaColumn[]): string => {
    const others = (objects: readonly SchemaObject[]): readonly SchemaObject[] =>
      objects
        .filter(({ definition }) => !own.some(({ name }) => mentions(definition, name, dialect.name)))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const { constraints, indexes, triggers, options, rowSecurity } = table;
    return JSON.stringify([
      others(constraints),
      others(indexes),
      others(triggers),
      options,
      rowSecurity && { ...rowSecurity, policies: others(rowSecurity.policies) },
    ]);
  };
  if (rest(before, dropped) === rest(after, added)) return;
  throw refused(after.name, 'its constraints, indexes or guarantees change as well');
};
