import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { ForeignKey, TableFacts } from '../../contract/table.js';
import { identifier, referenceTo } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, raise, triggerFunction, unchanged } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import type { AppendOnlyRules } from './rules.js';
import type { Stamp } from './stamp.js';

const refuse = (text: string): string => raise('append-only', text);

/**
 * The triggers that keep a table append-only on PostgreSQL, even against the owner and even if
 * `session_replication_role` is `replica`.
 */
export function appendOnlyOnPostgres(
  table: TableFacts,
  { parents, stamps }: AppendOnlyRules,
): readonly GuaranteeObject[] {
  const refusal = refusalName(table);
  const stamp = objectName(table.name, 'append_only_stamp');
  const cascade = objectName(table.name, 'append_only_cascade');
  return [
    triggerFunction(
      refusal,
      sql`
        IF TG_OP = 'UPDATE' THEN
          ${refuse(`rows of ${table.name} are never changed`)}
        END IF;
        ${refuse(`rows of ${table.name} are never deleted`)}
      `,
    ),
    ...(stamps.length > 0 ? [stampFunction(stamp, table, stamps)] : []),
    ...(parents.length > 0 ? [cascadeFunction(cascade, table, parents)] : []),
    alwaysTrigger({
      name: objectName(table.name, 'append_only_update'),
      on: 'BEFORE UPDATE',
      table: table.name,
      calls: stamps.length > 0 ? stamp : refusal,
    }),
    // on a table with retention, the retention guarantee refuses every other delete
    ...(table.facts.retention
      ? []
      : [
          alwaysTrigger({
            name: objectName(table.name, 'append_only_delete'),
            on: 'BEFORE DELETE',
            table: table.name,
            calls: parents.length > 0 ? cascade : refusal,
          }),
        ]),
    truncation(table, table.name),
  ];
}

/**
 * The trigger to create on each partition against TRUNCATE: partitions inherit the row triggers of their table, but not
 * its TRUNCATE trigger.
 */
export function guardPartition(table: TableFacts, partition: string): readonly GuaranteeObject[] {
  return [truncation(table, partition)];
}

const refusalName = (table: TableFacts): string => objectName(table.name, 'append_only');

const truncation = (table: TableFacts, on: string): GuaranteeObject =>
  alwaysTrigger({
    name: objectName(on, 'append_only_truncate'),
    on: 'BEFORE TRUNCATE',
    table: on,
    each: 'STATEMENT',
    calls: refusalName(table),
  });

const stampFunction = (name: string, table: TableFacts, stamps: readonly Stamp[]): GuaranteeObject => {
  const names = stamps.map((stamp) => stamp.name);
  const kept =
    stamps.length > 1
      ? stamps.map((stamp) => {
          const column = identifier(stamp.name);
          return `AND (${stamp.isBlank('OLD')} OR NEW.${column} IS NOT DISTINCT FROM OLD.${column})`;
        })
      : [];
  const stamped = stamps.map((stamp) => `${stamp.isBlank('OLD')} AND ${stamp.isSet('NEW')}`).join(' OR ');
  return triggerFunction(
    name,
    sql`
      ${table.external ? ['kept := NEW;', ...names.map((each) => `kept.${identifier(each)} := OLD.${identifier(each)};`)] : undefined}
      IF ${table.external ? 'kept *= OLD' : unchanged(table, names)}
        ${kept}
        AND (${stamped})
      THEN
        RETURN NEW;
      END IF;
      ${refuse(`rows of ${table.name} are never changed, except that ${names.join(' or ')} is set once`)}
    `,
    // a column that the tool adds is compared at once
    table.external ? { declare: ['kept pg_catalog.record;'] } : {},
  );
};

const cascadeFunction = (name: string, table: TableFacts, parents: readonly ForeignKey[]): GuaranteeObject =>
  triggerFunction(
    name,
    sql`
      -- on a cascade the parent is already deleted, and the delete runs in the foreign key's trigger
      ${parents.map((key) => parentIsDeleted(table, key))}
      ${refuse(`rows of ${table.name} are deleted only with their row of ${parentNames(parents)}`)}
    `,
    {
      reads: true,
      ...(table.facts.scope ? { seesAll: 'scopes', onlyFor: table } : { seesAll: 'rows' }),
    },
  );

const parentIsDeleted = (table: TableFacts, { columns, target }: ForeignKey): string => {
  const full = columns.map((column) => `OLD.${identifier(column)} IS NOT NULL`);
  const same = target.columns.map(
    (column, at) => `${identifier(column)} = OLD.${identifier(columns[at] ?? column)}`,
  );
  return sql`
    IF pg_trigger_depth() > 1 AND ${full.join(' AND ')}
      AND NOT EXISTS (SELECT FROM ${referenceTo(table, target.table)} WHERE ${same.join(' AND ')})
    THEN
      RETURN OLD;
    END IF;
  `;
};

const parentNames = (parents: readonly ForeignKey[]): string =>
  [...new Set(parents.map((key) => key.target.table))].join(' or ');
