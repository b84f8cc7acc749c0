import type { DeclaredType } from '../contract/adoption.js';
import { tsText } from './read-default.js';
import type { ReadColumn, ReadKey, ReadReference, ReadTable } from './read-table.js';

/** The TypeScript of declared tables, and the names that it imports. */
export interface WrittenTables {
  readonly text: string;
  /** What is imported from `ashlar`, sorted. */
  readonly imports: readonly string[];
  readonly usesZod: boolean;
}

/**
 * Writes tables as TypeScript, in the given order.
 *
 * @param by - the function that declares them: `external` where they stay the other program's
 */
export function writeTables(tables: readonly ReadTable[], by: 'table' | 'external' = 'table'): WrittenTables {
  const written = tables.map((table, at) => tableText(table, { all: tables, at, by }));
  const text = written.join('\n');
  const names = [
    'array',
    'autoincrement',
    'bigint',
    'bytes',
    'column',
    'decimal',
    'index',
    'inet',
    'json',
    'now',
    'primaryKey',
    'references',
    'table',
    'timestamp',
    'unique',
  ];
  return {
    text,
    imports: names.filter((name) => new RegExp(`(?<![\\w.'])${name}\\(`).test(text)),
    usesZod: /(?<![\w.])z\./.test(text),
  };
}

const tableText = (
  table: ReadTable,
  {
    all,
    at,
    by,
  }: { readonly all: readonly ReadTable[]; readonly at: number; readonly by: 'table' | 'external' },
): string => {
  const columns = table.columns.map((column) => `    ${column.property}: ${columnText(column)},`);
  const isNumbered = table.columns.some(({ type }) => type.as === 'autoincrement');
  const property = (name: string): string =>
    `c.${table.columns.find((column) => column.name === name)?.property ?? name}`;
  const list = (names: readonly string[]): string => names.map(property).join(', ');
  const items = [
    ...(isNumbered ? [] : [`primaryKey(${list(table.primaryKey.columns)})`]),
    ...table.uniques.map((key) => `unique(${list(key.columns)}${options(nameOf(key))})`),
    ...table.indexes.map(
      (key) =>
        `index(${list(key.columns)}${options([...nameOf(key), ...(key.unique ? ['unique: true'] : [])])})`,
    ),
    ...table.references.map((key) => referenceText(key, property, all, at)),
  ];
  const head = `export const ${table.variable} = ${by}(\n  ${tsText(table.name)},\n  {\n${columns.join('\n')}\n  },\n`;
  const body =
    items.length === 0 ? '' : `  (c) => [\n${items.map((item) => `    ${item},`).join('\n')}\n  ],\n`;
  return `${head}${body});\n`;
};

const nameOf = ({ name }: ReadKey): readonly string[] =>
  name === undefined ? [] : [`name: ${tsText(name)}`];

const options = (given: readonly string[]): string => (given.length === 0 ? '' : `, { ${given.join(', ')} }`);

const referenceText = (
  key: ReadReference,
  property: (name: string) => string,
  all: readonly ReadTable[],
  at: number,
): string => {
  const target = all.findIndex(({ name }) => name === key.target);
  const { variable = key.target, columns = [] } = all[target] ?? {};
  const ends = key.targetColumns.map(
    (name) => `${variable}.columns.${columns.find((column) => column.name === name)?.property ?? name}`,
  );
  const listed = (parts: readonly string[]): string =>
    parts.length === 1 ? `${parts[0]}` : `[${parts.join(', ')}]`;
  const standard = key.deferrable ? 'no action' : 'restrict';
  const given = [
    ...(key.onDelete === standard ? [] : [`onDelete: ${tsText(key.onDelete)}`]),
    ...(key.onUpdate === 'no action' ? [] : [`onUpdate: ${tsText(key.onUpdate)}`]),
    ...(key.deferrable ? ['deferrable: true'] : []),
    ...nameOf(key),
  ];
  // a table that is declared later, or this one
  const later = target >= at ? '() => ' : '';
  return `references(${listed(key.columns.map(property))}, ${later}${listed(ends)}${options(given)})`;
};

const columnText = (column: ReadColumn): string => {
  const nullable = column.nullable ? '.nullable()' : '';
  const plain = `${typeText(column.type)}${nullable}`;
  const byDefault =
    column.default === 'clock'
      ? `now(${plain})`
      : `${plain}${column.default === undefined ? '' : `.default(${column.default.constant})`}`;
  return column.property === column.name
    ? byDefault
    : `column(${byDefault}, { name: ${tsText(column.name)} })`;
};

const typeText = (type: DeclaredType): string => {
  switch (type.as) {
    case 'text':
      return `z.string()${type.maxLength === undefined ? '' : `.max(${type.maxLength})`}`;
    case 'enum':
      return `z.enum([${type.values.map(tsText).join(', ')}])`;
    case 'integer': {
      const { minimum, maximum } = type;
      return `z.int()${minimum === undefined ? '' : `.min(${minimum})`}${maximum === undefined ? '' : `.max(${maximum})`}`;
    }
    case 'decimal':
      return `decimal(${type.total}, ${type.scale})`;
    case 'timestamp':
      return type.precision === 3 ? 'timestamp()' : 'z.iso.datetime({ precision: 6 })';
    case 'date':
      return 'z.iso.date()';
    case 'native': {
      const values = type.values ? `, [${type.values.map(tsText).join(', ')}]` : '';
      return `native(${tsText(type.type)}${values})`;
    }
    case 'array':
      return `array(${typeText(type.element)})`;
    case 'json':
      return 'json(z.json())';
    case 'real':
      return 'z.number()';
    case 'boolean':
      return 'z.boolean()';
    case 'uuid':
      return 'z.uuid()';
    default:
      return `${type.as}()`;
  }
};
