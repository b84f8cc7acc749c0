import type { Column, ColumnKind } from '../../../contract/column.js';
import type { GuardedTable } from '../../../contract/guarantee.js';
import type { GuardedPlace } from '../../../contract/guards.js';
import type { RunSql } from '../../../contract/sql.js';
import type { ForeignKeyAction } from '../../../contract/table.js';
import { foldedName, isOwn, literal, sideTables } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';

/** The types of the database that each kind of column describes. */
const typesOf: Readonly<Record<ColumnKind, readonly string[]>> = {
  text: ['text'],
  integer: ['int2', 'int4', 'int8'],
  bigint: ['int8'],
  decimal: ['numeric'],
  real: ['float4', 'float8'],
  boolean: ['bool'],
  uuid: ['uuid'],
  timestamp: ['timestamptz'],
  date: ['date'],
  inet: ['inet'],
  json: ['json', 'jsonb'],
  bytes: ['bytea'],
  // its type is that of its elements: an array of another tool is a native column
  array: [],
};

type Row = Readonly<Record<string, unknown>>;

const isTrue = (value: unknown): boolean => value === true || value === 't';
const names = (all: Iterable<string>): string => `ARRAY[${[...all].map(literal).join(', ')}]::text[]`;

const tablesSql = (schema: string, all: readonly string[]): string => sql`
  SELECT c.relname::text AS name, c.relkind::text AS kind, pg_get_userbyid(c.relowner)::text AS owner,
    pg_has_role(c.relowner, 'USAGE') AS owned, current_user::text AS me,
    EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)) AS inherits,
    (SELECT array_to_json(array_agg(a.attname::text ORDER BY a.attname)) FROM pg_index i
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid AND i.indisprimary)::text AS key
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ${literal(schema)} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = ANY (${names(all)})
`;

const columnsSql = (schema: string, all: readonly string[], natives: readonly string[]): string => sql`
  SELECT c.relname::text AS table, a.attname::text AS name, t.typname::text AS type,
    format_type(a.atttypid, a.atttypmod) AS shown,
    (SELECT array_to_json(array_agg(g)) FROM unnest(${names(natives)}) g WHERE to_regtype(g) = a.atttypid)::text AS natives
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  WHERE n.nspname = ${literal(schema)} AND c.relname = ANY (${names(all)})
`;

const kindNames: Readonly<Record<string, string>> = {
  p: 'a partitioned table',
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
};

const actions: Readonly<Record<string, ForeignKeyAction>> = {
  c: 'cascade',
  n: 'set null',
  d: 'set default',
};

// an action changes or deletes rows without a statement that names their table, and for rows of every scope
const actionsSql = (schema: string, all: readonly string[]): string => sql`
  SELECT c.relname::text AS table, k.conname::text AS name, p.relname::text AS target, k.confdeltype::text AS deleted, k.confupdtype::text AS updated,
    (SELECT array_to_json(array_agg(a.attname::text ORDER BY place.n)) FROM unnest(k.conkey) WITH ORDINALITY AS place(attnum, n)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = place.attnum)::text AS columns
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class p ON p.oid = k.confrelid
  WHERE n.nspname = ${literal(schema)} AND c.relname = ANY (${names(all)}) AND k.contype = 'f'
    AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
  ORDER BY 1, 2
`;

/** Returns why a guard cannot be put on the tool's tables of a database, one line each. */
export async function obstacles(
  run: RunSql,
  place: GuardedPlace,
  tables: readonly GuardedTable[],
): Promise<readonly string[]> {
  const external = tables.filter((table) => table.external);
  const natives = new Set(
    external.flatMap(({ columns }) => Object.values(columns).flatMap(({ native }) => native ?? [])),
  );
  const found = new Map(
    (await run(tablesSql(place.schema, place.tables))).map((row) => [String(row.name), row]),
  );
  const columns = await run(columnsSql(place.schema, place.tables, [...natives]));
  const acting = await run(actionsSql(place.schema, place.tables));
  const own = tables.flatMap((table) => [
    ...(table.external ? [] : [table.name]),
    ...sideTables(table, 'postgres').map(({ name }) => name),
  ]);
  const hidden = await run(tablesSql(place.schema, own));
  return [
    ...hidden.map(
      ({ name }) =>
        `${place.schema} has a table ${name} too, which the table of that name in ${place.own} would hide`,
    ),
    ...external.flatMap((table) => {
      const row = found.get(table.name);
      return row
        ? ofTable(table, row, place)
        : [`there is no table ${table.name} in the schema ${place.schema}`];
    }),
    ...external.flatMap((table) =>
      ofActions(
        table,
        acting.filter((row) => row.table === table.name),
      ),
    ),
    ...external.flatMap((table) =>
      found.has(table.name)
        ? ofColumns(
            table,
            columns.filter((column) => column.table === table.name),
          )
        : [],
    ),
  ];
}

const ofTable = (table: GuardedTable, row: Row, { schema }: GuardedPlace): readonly string[] => {
  const { name, guarantees } = table;
  if (guarantees.length === 0) return [];
  const kind = kindNames[String(row.kind)];
  if (kind !== undefined) return [`${schema}.${name} is ${kind}`];
  const lines: string[] = [];
  if (!isTrue(row.owned))
    lines.push(
      `${schema}.${name} belongs to the role ${row.owner}, which alone can put triggers and policies on it: connect as that role, or GRANT ${row.owner} TO ${row.me}`,
    );
  if (isTrue(row.inherits)) lines.push(`${schema}.${name} inherits from another table, or another from it`);
  const key = row.key === null ? [] : (JSON.parse(String(row.key)) as string[]);
  const declared = [...table.primaryKey.columns].sort();
  const named = [...(table.facts.audited ? ['trail'] : []), ...(table.facts.ledger ? ['ledger'] : [])];
  if (named.length > 0 && JSON.stringify([...key].sort()) !== JSON.stringify(declared))
    lines.push(
      key.length === 0
        ? `${schema}.${name} has no primary key, by which its ${named.join(' and its ')} names the rows`
        : `the primary key of ${schema}.${name} is ${key.join(', ')}, and is declared as ${declared.join(', ')}`,
    );
  return lines;
};

const ofActions = (table: GuardedTable, rows: readonly Row[]): readonly string[] =>
  table.guarantees.length === 0
    ? []
    : rows.flatMap((row) => {
        const columns = JSON.parse(String(row.columns)) as string[];
        const declared = table.foreignKeys.find(
          (key) => JSON.stringify(key.columns) === JSON.stringify(columns) && key.target.table === row.target,
        );
        return (['delete', 'update'] as const).flatMap((event) => {
          const action = actions[String(event === 'delete' ? row.deleted : row.updated)];
          const given = event === 'delete' ? declared?.onDelete : declared?.onUpdate;
          if (action === undefined || action === given) return [];
          const option = event === 'delete' ? 'onDelete' : 'onUpdate';
          return [
            `the foreign key ${row.name} of ${table.name} has ON ${event.toUpperCase()} ${action.toUpperCase()}, which the declaration lacks: references(…, { ${option}: '${action}' })`,
          ];
        });
      });

const declaredAs = ({ native, kind, precision }: Column): string =>
  native ?? (kind === 'timestamp' ? `timestamp({ precision: ${precision} })` : kind);

// a trail and a ledger would leave out the digits that are not declared
const isExact = ({ kind, precision }: Column, shown: string): boolean =>
  kind !== 'timestamp' || precision === 6 || /\([0-3]\)/.test(shown);

const ofColumns = (table: GuardedTable, rows: readonly Row[]): readonly string[] => {
  const byName = new Map(rows.map((row) => [String(row.name), row]));
  const lines = Object.values(table.columns).flatMap((column) => {
    const row = byName.get(column.name);
    if (!row) return [`${table.name} has no column ${column.name}`];
    const known = row.natives === null ? [] : (JSON.parse(String(row.natives)) as string[]);
    const fits =
      column.native === undefined
        ? typesOf[column.kind].includes(String(row.type)) && isExact(column, String(row.shown))
        : known.includes(column.native);
    return fits
      ? []
      : [`${table.name}.${column.name} has the type ${row.shown}, and is declared as ${declaredAs(column)}`];
  });
  const reserved = [...byName.keys()].filter((name) => isOwn(foldedName(name)));
  return [
    ...lines,
    ...(table.guarantees.length === 0 ? [] : reserved).map(
      (name) => `${table.name}.${name} has a name that Ashlar’s triggers use`,
    ),
  ];
};
