import type { OtherObject, Schema, SchemaTable } from '../../../contract/schema.js';
import { comesBeforeTables, neededFirst } from '../../object-changes.js';
import { commentsOf } from './comments.js';
import { sequencesAfter, sequencesBefore } from './owned-sequences.js';
import { schemaTableSql, securityStatements } from './schema-sql.js';

const byName = <T extends { readonly name: string }>(things: readonly T[]): readonly T[] =>
  things.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/**
 * Writes a schema as readable SQL in a fixed order: types and what else tables need, each table with its indexes and
 * policies, then all functions, then all triggers, then views and what else needs tables.
 */
export function dump(schema: Schema): string {
  const tables = byName(schema.tables);
  const definitions = (objects: readonly OtherObject[]): readonly string[] =>
    neededFirst(byName(objects)).map(({ definition }) => definition);
  const blocks = [
    ...definitions(schema.objects.filter(comesBeforeTables)),
    ...tables.flatMap((table) => {
      const lines = table.external ? securityStatements(table) : tableStatements(table);
      return lines.length === 0 ? [] : [lines.join(';\n')];
    }),
    ...byName(schema.functions).map(({ definition }) => definition),
    ...tables.flatMap(({ triggers }) => byName(triggers).map(({ definition }) => definition)),
    ...definitions(schema.objects.filter((each) => !comesBeforeTables(each))),
  ];
  return blocks.map((block) => `${block};\n`).join('\n') || '\n';
}

const tableStatements = (table: SchemaTable): readonly string[] => [
  ...sequencesBefore(table),
  schemaTableSql(table).replaceAll('::timestamp with time zone', '::timestamptz'),
  ...sequencesAfter(table),
  ...byName(table.indexes).map(({ definition }) => definition),
  ...commentsOf(table),
  ...securityStatements(table),
];
