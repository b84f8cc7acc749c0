import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { Retention } from '../../contract/retention.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { rowJson } from '../../sql/postgres-row-json.js';
import { alwaysTrigger, neverChanged, raise, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import { inMonthsAndDays } from '../shared/period.js';
import { isPurgingOnPostgres } from '../shared/purging.js';
import { type Conditions, refusals } from './conditions.js';
import { clockIndex, frozenColumns, purgesName } from './names.js';

/** The retention conditions of a table on PostgreSQL. */
export function postgresConditions(table: TableFacts, retention: Retention): Conditions {
  const { months, days } = inMonthsAndDays(retention.period);
  const clock = identifier(retention.column);
  return {
    due: (row, time = 'now()') =>
      `${row}.${clock} <= ((${time} AT TIME ZONE 'UTC') - interval '${months} months ${days} days') AT TIME ZONE 'UTC'`,
    held: (row) => (retention.holds === undefined ? 'false' : heldBy(table, retention, retention.holds, row)),
  };
}

const heldBy = (table: TableFacts, { scope }: Retention, holds: string, row: string): string => {
  const key = table.primaryKey.columns;
  const ofScope =
    scope === undefined ? 'hold.table_name IS NOT NULL' : `hold.scope = ${row}.${identifier(scope)}::text`;
  return sql`
    EXISTS (
      SELECT FROM ${identifier(holds)} AS hold
      WHERE hold.released_at IS NULL
        AND (hold.table_name IS NULL OR hold.table_name = ${literal(table.name)})
        AND (
          hold.row_key IS NULL
          OR NOT hold.row_key ?& ARRAY[${key.map(literal).join(', ')}]
          OR hold.row_key @> ${rowJson(table, row, { only: key })}
        )
        AND (hold.scope IS NULL OR ${ofScope})
    )
  `;
};

/** The triggers that keep the rows of a table for their period on PostgreSQL, even against the owner. */
export function retainedOnPostgres(table: TableFacts, retention: Retention): readonly GuaranteeObject[] {
  const text = refusals(table.name, retention);
  const { due, held } = postgresConditions(table, retention);
  const remove = objectName(table.name, 'retained_delete');
  const update = objectName(table.name, 'retained_update');
  const frozen = frozenColumns(table, retention);
  return [
    ...purges(table),
    ...clockIndex(table, retention),
    triggerFunction(
      remove,
      sql`
        IF (${due('OLD')}) IS NOT TRUE THEN
          ${refuse(text.early)}
        END IF;
        ${retention.holds === undefined ? undefined : [checkHolds(retention.holds, held('OLD'), text.held)]}
        IF NOT (${isPurgingOnPostgres(table)}) THEN
          ${refuse(text.unasked)}
        END IF;
        RETURN OLD;
      `,
      { reads: true, seesAll: 'scopes', onlyFor: table },
    ),
    triggerFunction(update, refuse(text.moved(frozen))),
    triggerFunction(truncateName(table), refuse(text.emptied)),
    alwaysTrigger({ name: remove, on: 'BEFORE DELETE', table: table.name, calls: remove }),
    alwaysTrigger({
      name: update,
      on: 'BEFORE UPDATE',
      table: table.name,
      when: frozen.map((name) => moved(table, name)).join('\nOR '),
      calls: update,
    }),
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

const refuse = (text: string): string => raise('retained', text.replaceAll('%', '%%'));
const checkHolds = (holds: string, held: string, text: string): string => sql`
  -- prevents a new hold between this check and the end of the transaction
  LOCK TABLE ${identifier(holds)} IN SHARE MODE;
  IF ${held} THEN
    ${refuse(text)}
  END IF;
`;
const truncateName = (table: TableFacts): string => objectName(table.name, 'retained_truncate');

// the clock may be set once where it was NULL
const moved = (table: TableFacts, name: string): string => {
  const [before, after] = [`OLD.${identifier(name)}`, `NEW.${identifier(name)}`];
  const differs = `${before} IS DISTINCT FROM ${after}`;
  return table.columns[name]?.nullable ? `(${before} IS NOT NULL AND ${differs})` : differs;
};

const truncation = (table: TableFacts, on: string): GuaranteeObject =>
  alwaysTrigger({
    name: objectName(on, 'retained_truncate'),
    on: 'BEFORE TRUNCATE',
    table: on,
    each: 'STATEMENT',
    calls: truncateName(table),
  });

/** The side table that records purges: one row for each batch or partition. */
const purges = (table: TableFacts): readonly GuaranteeObject[] => {
  const name = purgesName(table);
  return [
    {
      type: 'table',
      name,
      sql: sql`
        CREATE TABLE ${identifier(name)} (
          id bigint GENERATED ALWAYS AS IDENTITY,
          reason text COLLATE "C" NOT NULL,
          rows bigint NOT NULL,
          earliest timestamptz(6) NOT NULL,
          latest timestamptz(6) NOT NULL,
          partition text COLLATE "C",
          purged_at timestamptz(3) DEFAULT now() NOT NULL,
          CONSTRAINT ${identifier(objectName(name, 'pkey'))} PRIMARY KEY (id)
        )
      `,
    },
    ...neverChanged('retained', name),
  ];
};
