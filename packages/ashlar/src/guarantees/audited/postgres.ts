import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, identifiers, literal } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { externalRowJson, type RowJsonOptions, rowJson } from '../../sql/postgres-row-json.js';
import { alwaysTrigger, raise, sessionRole, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import type { AuditedRules } from './rules.js';

type Operation = 'insert' | 'update' | 'delete';

/** The aliases of a row before and after the change. */
type Alias = 'was' | 'now';

const operations: readonly Operation[] = ['insert', 'update', 'delete'];

/** The tables in which a statement's trigger finds the changed rows. */
const changed: Readonly<Record<Operation, string>> = {
  insert: 'NEW TABLE AS new_rows',
  update: 'OLD TABLE AS old_rows NEW TABLE AS new_rows',
  delete: 'OLD TABLE AS old_rows',
};

/**
 * The triggers that write the audit trail of a table on PostgreSQL, after each statement, so that actor and scope are
 * verified once for all its rows. Writers of the table need no privilege on the trail.
 */
export function auditedOnPostgres(table: TableFacts, rules: AuditedRules): readonly GuaranteeObject[] {
  const truncate = truncateName(table);
  return [
    writeFunction(table, rules),
    triggerFunction(truncate, [
      raise('audited', `${table.name} cannot be truncated: the audit trail would miss the deleted rows`),
    ]),
    ...recording(table, table.name),
    truncation(table, table.name),
  ];
}

/**
 * The triggers to create on each partition. A statement that names a partition fires only the triggers that this
 * partition has of its own.
 */
export function guardPartition(table: TableFacts, partition: string): readonly GuaranteeObject[] {
  return [...recording(table, partition), truncation(table, partition)];
}

const writeName = (table: TableFacts): string => objectName(table.name, 'audited');

const recording = (table: TableFacts, on: string): readonly GuaranteeObject[] =>
  operations.map((operation) =>
    alwaysTrigger({
      // the first has the name of the trigger that it replaces, so that a step does not seem to drop a guarantee
      name: objectName(on, 'audited', ...(operation === 'insert' ? [] : [operation])),
      on: `AFTER ${operation.toUpperCase()}`,
      table: on,
      referencing: changed[operation],
      each: 'STATEMENT',
      calls: writeName(table),
    }),
  );

const writeFunction = (table: TableFacts, { trail, except }: AuditedRules): GuaranteeObject => {
  const hasUnseen = except.length > 0;
  const hasScope = table.facts.scope !== undefined;
  const columns = ['actor', 'scope', 'role', 'table_name', 'operation', 'row_key', 'before', 'after'];
  const record = (operation: Operation): string => {
    const json = (row: Alias, options: RowJsonOptions): string =>
      table.external ? externalRowJson(table, `${row}.ashlar_row`, options) : rowJson(table, row, options);
    const key = (row: Alias): string => json(row, { only: table.primaryKey.columns });
    const all = (row: Alias): string => json(row, { except });
    const values = [
      key(operation === 'insert' ? 'now' : 'was'),
      operation === 'insert' ? 'NULL::jsonb' : all('was'),
      operation === 'delete' ? 'NULL::jsonb' : all('now'),
      ...(hasUnseen ? [unseen(table, operation, except)] : []),
    ];
    return sql`
      INSERT INTO ${identifier(trail.name)} (
        ${identifiers([...columns, ...(hasUnseen ? ['unseen'] : [])])}
      )
      SELECT
        nullif(acting.actor, ''), nullif(acting.scope, ''), acting.role, ${literal(table.name)}, ${literal(operation)},
        ${values.join(',\n')}
      FROM ${rowsOf(table, operation)};
    `;
  };
  return triggerFunction(
    writeName(table),
    sql`
      IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM new_rows) THEN
          RETURN NULL;
        END IF;
      ELSIF NOT EXISTS (SELECT FROM old_rows) THEN
        RETURN NULL;
      END IF;
      -- current_user is the owner here: the role that the session has acts
      SELECT context.actor, context.scope, ${hasScope ? 'context.sees, ' : ''}${sessionRole} AS role
      INTO acting FROM ashlar_context(${sessionRole}) AS context;
      IF acting.scope IS NULL THEN
        ${raise('audited', 'a writer without a session is refused')}
      END IF;
      IF TG_OP = 'INSERT' THEN
        ${confined(table, 'new_rows')}
        ${record('insert')}
      ELSIF TG_OP = 'UPDATE' THEN
        ${confined(table, 'old_rows', 'new_rows')}
        ${record('update')}
      ELSE
        ${confined(table, 'old_rows')}
        ${record('delete')}
      END IF;
      RETURN NULL;
    `,
    {
      reads: true,
      asOwner: true,
      onlyFor: table,
      exactReals: true,
      ...(table.external ? { fixedTexts: true } : {}),
      nestedLoops: false,
      declare: ['acting pg_catalog.record;'],
    },
  );
};

// SQL can give a statement two contexts, one after the other. The line is written in the last of them, so that this one must
// cover every row: otherwise the change of one scope would be recorded in another
const confined = (
  { name, facts: { scope } }: TableFacts,
  ...tables: readonly string[]
): string | undefined => {
  if (!scope) return undefined;
  const isOutside = (rows: string): string =>
    `EXISTS (SELECT FROM ${rows} AS each_row WHERE (each_row.${identifier(scope.name)}::pg_catalog.text = acting.sees COLLATE "C") IS NOT TRUE)`;
  return sql`
    IF acting.sees <> '*' AND (${tables.map(isOutside).join(' OR ')}) THEN
      ${raise('scoped', `rows of ${name} are written by sessions of their scope only`)}
    END IF;
  `;
};

// once for each row, which OFFSET keeps apart; the name of a whole row would mean a column that is called so
const jsonOf = (rows: string, more = ''): string =>
  `(SELECT to_jsonb(ashlar_each) AS ashlar_row${more} FROM ${rows} AS ashlar_each OFFSET 0)`;

// both tables hold the rows in the order in which the statement changed them
const rowsOf = (table: TableFacts, operation: Operation): string => {
  if (operation !== 'update') {
    const [rows, alias] = operation === 'insert' ? ['new_rows', 'now'] : ['old_rows', 'was'];
    return `${table.external ? jsonOf(rows) : rows} AS ${alias}`;
  }
  // with the alias, because PL/pgSQL has variables of its own: found, new
  const names = Object.keys(table.columns)
    .map((name) => `each_row.${identifier(name)}`)
    .join(', ');
  const numbered = (rows: string): string =>
    table.external
      ? jsonOf(rows, ', row_number() OVER () AS ashlar_place')
      : `(SELECT ${names}, row_number() OVER () AS ashlar_place FROM ${rows} AS each_row)`;
  return `${numbered('old_rows')} AS was JOIN ${numbered('new_rows')} AS now USING (ashlar_place) ORDER BY ashlar_place`;
};

/**
 * The trigger that refuses every insert into an audit trail that does not come from a trigger of an audited table, even
 * if the owner makes it.
 */
export function trailOnPostgres(trail: TableFacts): readonly GuaranteeObject[] {
  const name = objectName(trail.name, 'trail_insert');
  return [
    triggerFunction(name, [raise('trail', `rows of ${trail.name} are written by the database only`)]),
    alwaysTrigger({
      name,
      on: 'BEFORE INSERT',
      table: trail.name,
      when: 'pg_trigger_depth() = 0',
      calls: name,
    }),
  ];
}

const truncateName = (table: TableFacts): string => objectName(table.name, 'audited_truncate');

const truncation = (table: TableFacts, on: string): GuaranteeObject =>
  alwaysTrigger({
    name: objectName(on, 'audited_truncate'),
    on: 'BEFORE TRUNCATE',
    table: on,
    each: 'STATEMENT',
    calls: truncateName(table),
  });

const unseen = (table: TableFacts, operation: Operation, except: readonly string[]): string => {
  const names = except.map((name) => {
    const value = (row: Alias): string =>
      table.external ? `(${row}.ashlar_row ->> ${literal(name)})` : `${row}.${identifier(name)}`;
    const differs = {
      insert: `${value('now')} IS NOT NULL`,
      update: `${value('now')} IS DISTINCT FROM ${value('was')}`,
      delete: `${value('was')} IS NOT NULL`,
    }[operation];
    return `CASE WHEN ${differs} THEN ${literal(name)} END`;
  });
  return `nullif(to_jsonb(array_remove(ARRAY[${names.join(', ')}], NULL)), '[]')`;
};
