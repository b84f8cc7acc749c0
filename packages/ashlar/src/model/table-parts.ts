import type { Column } from '../contract/column.js';
import type { Guarantee } from '../contract/guarantee.js';
import type { DeclaredObject, FullText } from '../contract/objects.js';
import type { SqlTexts } from '../contract/sql.js';
import type { Check, ExpressionIndex, ForeignKey, Index, TableFacts, Unique } from '../contract/table.js';
import { invalidTable } from './invalid-table.js';
import type { ForeignKeyItem, IndexItem, LaterTarget, TableItem } from './items.js';
import type { RowCheck } from './row-checks.js';

/** The items of a table's declaration, grouped by kind: keys, indexes, constraints, checks, guarantees and renames. */
export interface Parts {
  primaryKeys: string[][];
  uniques: Unique[];
  foreignKeys: ForeignKey[];
  checks: Check[];
  checkRow: RowCheck<never>[];
  indexes: Index[];
  expressionIndexes: ExpressionIndex[];
  guarantees: Guarantee[];
  renames: Record<string, string>;
  objects: DeclaredObject[];
  fullTexts: FullText[];
  renamedFrom: string | undefined;
}

const columnNames = (table: string, item: string, columns: readonly Column[]): string[] => {
  if (columns.length === 0)
    throw invalidTable(table, `${item} has no column.`, 'Name at least one column: index(c.name).');
  for (const column of columns) {
    if (column === undefined) {
      throw invalidTable(
        table,
        `${item} names a column that the table does not have.`,
        'Check the spelling after "c.".',
      );
    }
    if (column.table !== table) {
      throw invalidTable(
        table,
        `${item} names the column ${column.table}.${column.name} of another table.`,
        'Use the columns of the callback: (c) => [index(c.name)].',
      );
    }
  }
  const names = columns.map((column) => column.name);
  if (new Set(names).size < names.length)
    throw invalidTable(table, `${item} names a column twice.`, 'Name each column once.');
  return names;
};

/**
 * Groups the items of a table's declaration by kind, names those without a name, and replaces columns with their names.
 *
 * @throws AshlarError `table-invalid`
 */
export function sortItems(table: string, columns: TableFacts['columns'], items: readonly TableItem[]): Parts {
  const parts: Parts = {
    primaryKeys: Object.values(columns)
      .filter((c) => c.primaryKey)
      .map((c) => [c.name]),
    uniques: [],
    foreignKeys: [],
    checks: [],
    checkRow: [],
    indexes: [],
    expressionIndexes: [],
    guarantees: [],
    renames: {},
    objects: [],
    fullTexts: [],
    renamedFrom: undefined,
  };
  for (const item of items) {
    switch (item.kind) {
      case 'primary-key': {
        const names = columnNames(table, 'A primary key', item.columns);
        // an id() inside a wider key (a partitioned table's) is a part of that key, not one of its own
        const others = parts.primaryKeys.filter(
          (key) => key.length > 1 || !key.every((name) => names.includes(name)),
        );
        parts.primaryKeys = [...others, names];
        break;
      }
      case 'unique': {
        const names = columnNames(table, 'A unique key', item.columns);
        parts.uniques.push({
          name: item.name ?? `${table}_${names.join('_')}_key`,
          columns: names,
          nullsEqual: item.nullsNotDistinct ? names.filter((name) => columns[name]?.nullable) : [],
        });
        break;
      }
      case 'index':
        addIndex(table, parts, item);
        break;
      case 'foreign-key': {
        const names = columnNames(table, 'A foreign key', item.columns);
        parts.foreignKeys.push(foreignKey(table, names, item));
        break;
      }
      case 'check':
        parts.checks.push({ name: item.name, sql: item.sql });
        break;
      case 'check-row':
        parts.checkRow.push(item.check);
        break;
      case 'extra':
        parts.objects.push(item);
        break;
      case 'full-text': {
        const names = columnNames(table, 'A full-text index', item.columns);
        const other = item.columns.find(({ kind }) => kind !== 'text');
        if (other)
          throw invalidTable(
            table,
            `the full-text index has the column ${other.name}, which is not text.`,
            'Name columns of text: fullText({ columns: [c.title] }).',
          );
        parts.fullTexts.push({ kind: 'full-text', name: item.name ?? `${table}_text`, columns: names });
        break;
      }
      case 'guarantee':
        parts.guarantees.push(item);
        break;
      case 'renamed-table':
        if (item.from === table || parts.renamedFrom !== undefined) {
          throw invalidTable(
            table,
            item.from === table ? 'its former name is its name.' : 'it has two former names.',
            'Name the last former name, or remove the rename.',
          );
        }
        parts.renamedFrom = item.from;
        break;
      case 'renamed': {
        const [name = ''] = columnNames(table, 'A rename', [item.column]);
        if (item.from in columns)
          throw invalidTable(
            table,
            `${name} was renamed from ${item.from}, which the table still has.`,
            'Remove the old column or the rename.',
          );
        parts.renames[name] = item.from;
        break;
      }
    }
  }
  return parts;
}

const addIndex = (table: string, parts: Parts, { parts: given, ...item }: IndexItem): void => {
  const isColumn = (part: Column | SqlTexts | undefined): part is Column | undefined =>
    part === undefined || 'kind' in part;
  const columns = given.filter(isColumn) as Column[];
  const expressions = given.filter((part) => !isColumn(part)) as SqlTexts[];
  const names = columns.length > 0 || expressions.length === 0 ? columnNames(table, 'An index', columns) : [];
  const { name = `${table}_${names.join('_')}_idx`, unique, where, using } = item;
  if (expressions.length === 0 && using === undefined) {
    parts.indexes.push({ name, columns: names, unique, where });
    return;
  }
  if (expressions.length > 0 && item.name === undefined) {
    throw invalidTable(
      table,
      'an index over an expression has no name.',
      `Give it { name }: index('lower(email)', { name: '${table}_email_lower_idx' }).`,
    );
  }
  if (unique && using !== undefined) {
    throw invalidTable(
      table,
      `the index ${name} is unique, but an index of the kind ${using} cannot be.`,
      'Remove using, or unique.',
    );
  }
  const all = given.map((part) => (isColumn(part) ? (part?.name ?? '') : part));
  parts.expressionIndexes.push({ name, parts: all, unique, where, using });
};

const foreignKey = (
  table: string,
  names: readonly string[],
  { target, onDelete, onUpdate, deferrable, name = `${table}_${names.join('_')}_fkey` }: ForeignKeyItem,
): ForeignKey => {
  const key = { name, columns: names, onDelete, onUpdate, deferrable };
  if (typeof target !== 'function') return { ...key, target: targetOf(table, names, target) };
  let found: ForeignKey['target'] | undefined;
  return {
    ...key,
    get target() {
      found ??= targetOf(table, names, columnsOf(table, names, target));
      return found;
    },
  };
};

const columnsOf = (table: string, names: readonly string[], target: LaterTarget): readonly Column[] => {
  try {
    return [target() as unknown as Column | readonly Column[]].flat();
  } catch (error) {
    // a constant is read before it is declared, or a module before it is loaded
    if (!(error instanceof ReferenceError || error instanceof TypeError)) throw error;
    throw invalidTable(
      table,
      `the target of the foreign key of ${names.join(', ')} is not declared yet.`,
      'Declare the target before the system, and before a table whose guarantee depends on this foreign key.',
    );
  }
};

const targetOf = (
  table: string,
  names: readonly string[],
  target: readonly Column[],
): ForeignKey['target'] => {
  const [first] = target;
  if (!first?.table || target.some((column) => column?.table !== first.table)) {
    throw invalidTable(
      table,
      `the foreign key of ${names.join(', ')} has no target.`,
      'Give the columns of one table: references(c.job_id, jobs.columns.id).',
    );
  }
  if (target.length !== names.length) {
    throw invalidTable(
      table,
      `the foreign key of ${names.join(', ')} has ${target.length} target columns.`,
      'Name as many target columns as columns.',
    );
  }
  return { table: first.table, columns: target.map((column) => column.name) };
};
