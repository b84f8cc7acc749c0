import type { Schema } from '../../../contract/schema.js';
import { schemaTableSql, securityStatements } from './schema-sql.js';

const byName = <T extends { readonly name: string }>(things: readonly T[]): readonly T[] =>
  things.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/**
 * Writes a schema as readable SQL in a fixed order: each table with its indexes and policies, then all functions, then
 * all triggers.
 */
export function dump(schema: Schema): string {
  const tables = byName(schema.tables);
  const blocks = [
    ...tables.map((table) =>
      [
        schemaTableSql(table).replaceAll('::timestamp with time zone', '::timestamptz'),
        ...byName(table.indexes).map(({ definition }) => definition),
        ...securityStatements(table),
      ].join(';\n'),
    ),
    ...byName(schema.functions).map(({ definition }) => definition),
    ...tables.flatMap(({ triggers }) => byName(triggers).map(({ definition }) => definition)),
  ];
  return blocks.map((block) => `${block};\n`).join('\n') || '\n';
}
