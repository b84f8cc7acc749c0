import type { Computed, Replacement } from '../../../../contract/expansion.js';
import type { SchemaColumn } from '../../../../contract/schema.js';
import type { TableFacts } from '../../../../contract/table.js';
import { identifier, touchedColumns } from '../../../../model/index.js';
import { mentions } from '../../../../sql/code.js';
import { all, any } from '../../../../sql/conditions.js';
import { objectName } from '../../../../sql/object-name.js';
import { alwaysTrigger, triggerFunction } from '../../../../sql/postgres-triggers.js';
import { sql } from '../../../../sql/template.js';
import { whileExpanded } from '../../../expansion.js';
import { columnDefinition } from '../column-sql.js';
import { fullType } from '../described-column.js';
import { schemaColumnSql } from '../schema-sql.js';
import type { ExpansionSql } from './kinds.js';

const nameOf = ({ column }: Computed): string => identifier(column.name);

/** Returns the statements by which columns take the place of others while an older version uses those. */
export function replacedSql(replacement: Replacement): ExpansionSql {
  const { before, after, olds, news, model } = replacement;
  const table = identifier(after.name);
  const alter = (action: string): string => `ALTER TABLE ${table} ${action}`;
  const drop = (one: Computed): string => alter(`DROP COLUMN ${nameOf(one)}`);
  const alterColumn = (column: SchemaColumn, action: string): string =>
    alter(`ALTER COLUMN ${identifier(column.name)} ${action}`);
  return {
    add: {
      up: news.map(({ column }) => alter(`ADD COLUMN ${newColumn(model, column)}`)),
      down: news.map(drop),
    },
    sync: syncObjects(replacement),
    proofs: proofsOf(replacement),
    contract: {
      up: [
        ...news.flatMap(({ column }) => [
          ...(column.notNull ? [alterColumn(column, 'SET NOT NULL')] : []),
          ...(column.default === undefined ? [] : [alterColumn(column, `SET DEFAULT ${column.default}`)]),
        ]),
      ],
      down: [
        ...olds.flatMap(({ column, sql: value }) => [
          alter(`ADD COLUMN ${schemaColumnSql(whileExpanded(column))}`),
          // rewrites the table without an UPDATE, which triggers would take for a change of the rows
          alterColumn(column, `TYPE ${fullType(column)} USING ${value}`),
          ...(column.notNull ? [alterColumn(column, 'SET NOT NULL')] : []),
          ...(column.default === undefined ? [] : [alterColumn(column, `SET DEFAULT ${column.default}`)]),
        ]),
        // the CHECKs went with the columns
        ...before.constraints
          .filter(({ definition }) =>
            olds.some(({ column }) => mentions(definition, column.name, 'postgres')),
          )
          .map(({ name, definition }) => alter(`ADD CONSTRAINT ${identifier(name)} ${definition}`)),
        ...news.flatMap(({ column }) => [
          ...(column.default === undefined ? [] : [alterColumn(column, 'DROP DEFAULT')]),
          ...(column.notNull ? [alterColumn(column, 'DROP NOT NULL')] : []),
        ]),
      ],
    },
    drop: olds.map(drop),
  };
}

const newColumn = (model: TableFacts, column: SchemaColumn): string => {
  const declared = Object.values(model.columns).find(({ name }) => name === column.name);
  return declared
    ? columnDefinition({ ...declared, nullable: true, default: undefined, generated: undefined })
    : schemaColumnSql(whileExpanded(column));
};

const proofsOf = ({ after, olds, news }: Replacement): ExpansionSql['proofs'] => {
  const proof = ({ column }: Computed, condition: string) => ({
    name: objectName(after.name, column.name, 'filled'),
    condition,
  });
  // of several columns, each may be NULL while another holds the value
  const alone = olds.length === 1 && news.length === 1;
  return news.flatMap((one) => {
    const name = nameOf(one);
    if (one.column.notNull) return [proof(one, `${name} IS NOT NULL`)];
    return alone ? [proof(one, `${name} IS NOT NULL OR (${one.sql}) IS NULL`)] : [];
  });
};

const syncObjects = ({ after, olds, news, model }: Replacement): ExpansionSql['sync'] => {
  const table = after.name;
  const value = ({ sql: expression }: Computed): string =>
    `(SELECT ${expression} FROM (SELECT NEW.*) AS ${identifier(table)})`;
  const set = (side: readonly Computed[]): string[] =>
    side.map((one) => `NEW.${nameOf(one)} := ${value(one)};`);
  const differs = (one: Computed): string => `NEW.${nameOf(one)} IS DISTINCT FROM OLD.${nameOf(one)}`;
  const isNull = (row: 'NEW' | 'OLD') => all(news.map((one) => `${row}.${nameOf(one)} IS NULL`));
  const agrees = all(news.map((one) => `NEW.${nameOf(one)} IS NOT DISTINCT FROM ${value(one)}`));
  const touched = touchedColumns(model).map(({ name }) => identifier(name));
  // a trigger fires after those of lesser names: this one after those that set the times of a change
  const name = objectName(table, 'zz', news[0]?.column.name ?? '', 'in_step');
  return [
    triggerFunction(
      name,
      sql`
        IF TG_OP = 'INSERT' THEN
          IF ${isNull('NEW')} THEN
            ${set(news)}
          ELSE
            ${set(olds)}
          END IF;
        ELSIF ${any(news.map(differs))} THEN
          IF NOT (${agrees}) THEN
            ${set(olds)}
          ${
            touched.length === 0
              ? undefined
              : [
                  `ELSIF ${isNull('OLD')} AND NOT (${any(olds.map(differs))}) THEN`,
                  '  -- the row is filled, which is no change of it',
                  ...touched.map((column) => `  NEW.${column} := OLD.${column};`),
                ]
          }
          END IF;
        ELSIF ${any(olds.map(differs))} OR (${isNull('NEW')}) THEN
          ${set(news)}
        END IF;
        RETURN NEW;
      `,
      { reads: true },
    ),
    alwaysTrigger({ name, on: 'BEFORE INSERT OR UPDATE', table, calls: name }),
  ];
};
