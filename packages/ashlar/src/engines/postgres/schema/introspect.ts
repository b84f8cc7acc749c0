import type { Owner } from '../../../contract/owner.js';
import type {
  OwnedSequence,
  Schema,
  SchemaColumn,
  SchemaObject,
  SchemaTable,
} from '../../../contract/schema.js';
import { sql } from '../../../sql/template.js';
import { here, introspectObjects, sequenceDefinition } from './introspect-objects.js';

type Row = Readonly<Record<string, string>>;

const tablesSql = sql`
  SELECT c.oid::text AS oid, c.relname AS name,
         CASE c.relkind WHEN 'p' THEN 'PARTITION BY ' || pg_get_partkeydef(c.oid) ELSE '' END AS options,
         c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced, obj_description(c.oid, 'pg_class') AS comment
  FROM pg_class c
  WHERE c.relnamespace = ${here} AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition AND c.relname NOT LIKE 'ashlar\\_%'
    AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY c.relname
`;

// an identity counts 1, 2, 3, … to the end of its type, unless it was told otherwise
const identityOptions = `
  (SELECT concat_ws(' ',
            CASE WHEN s.seqstart <> 1 THEN 'START WITH ' || s.seqstart END,
            CASE WHEN s.seqincrement <> 1 THEN 'INCREMENT BY ' || s.seqincrement END,
            CASE WHEN s.seqmin <> 1 THEN 'MINVALUE ' || s.seqmin END,
            CASE WHEN s.seqmax <> CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END
              THEN 'MAXVALUE ' || s.seqmax END,
            CASE WHEN s.seqcache <> 1 THEN 'CACHE ' || s.seqcache END,
            CASE WHEN s.seqcycle THEN 'CYCLE' END)
   FROM pg_depend i JOIN pg_sequence s ON s.seqrelid = i.objid
   WHERE i.classid = 'pg_class'::regclass AND i.refclassid = 'pg_class'::regclass AND i.deptype = 'i'
     AND i.refobjid = a.attrelid AND i.refobjsubid = a.attnum)`;

const columnsSql = sql`
  SELECT a.attrelid::text AS oid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
         pg_get_expr(d.adbin, d.adrelid) AS default_sql, a.attgenerated::text AS generated, a.attidentity::text AS identity,
         CASE WHEN a.attcollation <> t.typcollation THEN format('%I', o.collname) END AS collation,
         ${identityOptions} AS identity_options,
         col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_collation o ON o.oid = a.attcollation
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum
`;

// contype n: NOT NULL constraints since PostgreSQL 18; conparentid: copies that partitioning makes
const constraintsSql = sql`
  SELECT conrelid::text AS oid, conname AS name, pg_get_constraintdef(oid, true) AS definition
  FROM pg_constraint
  WHERE conrelid = ANY ($1::oid[]) AND contype IN ('p', 'u', 'f', 'c', 'x') AND conparentid = 0
  ORDER BY conrelid, array_position(ARRAY['p', 'u', 'x', 'f', 'c']::"char"[], contype), conname
`;

const indexesSql = sql`
  SELECT i.indrelid::text AS oid, c.relname AS name, pg_get_indexdef(i.indexrelid, 0, true) AS definition
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid = ANY ($1::oid[])
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
  ORDER BY i.indrelid, c.relname
`;

const triggersSql = sql`
  SELECT t.tgrelid::text AS oid, t.tgname AS name, pg_get_triggerdef(t.oid, true) AS definition, t.tgenabled::text AS enabled,
         format('%I', c.relname) AS on_table, format('%I', t.tgname) AS quoted
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  WHERE t.tgrelid = ANY ($1::oid[]) AND NOT t.tgisinternal
  ORDER BY t.tgrelid, t.tgname
`;

const policiesSql = sql`
  SELECT p.polrelid::text AS oid, p.polname AS name,
         format('CREATE POLICY %I ON %I', p.polname, c.relname)
           || CASE WHEN p.polpermissive THEN '' ELSE ' AS RESTRICTIVE' END
           || CASE p.polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT' WHEN 'w' THEN ' FOR UPDATE' WHEN 'd' THEN ' FOR DELETE' ELSE '' END
           || coalesce((SELECT ' TO ' || string_agg(quote_ident(r.rolname), ', ' ORDER BY r.rolname) FROM pg_roles r WHERE r.oid = ANY (p.polroles)), '')
           || coalesce(E'\\n  USING (' || pg_get_expr(p.polqual, p.polrelid, true) || ')', '')
           || coalesce(E'\\n  WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid, true) || ')', '') AS definition
  FROM pg_policy p
  JOIN pg_class c ON c.oid = p.polrelid
  WHERE p.polrelid = ANY ($1::oid[])
  ORDER BY p.polrelid, p.polname
`;

const sequencesSql = sql`
  SELECT d.refobjid::text AS oid, c.relname AS name, a.attname AS column, ${sequenceDefinition} AS definition
  FROM pg_sequence s
  JOIN pg_class c ON c.oid = s.seqrelid
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
    AND d.deptype = 'a'
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.refobjid = ANY ($1::oid[])
  ORDER BY d.refobjid, c.relname
`;

// functions of an extension, and the constructors of a range type, belong to those
const functionsSql = sql`
  SELECT format('%I', p.proname) || CASE WHEN p.pronargs = 0 THEN '' ELSE '(' || pg_get_function_identity_arguments(p.oid) || ')' END AS name,
         pg_get_functiondef(p.oid) AS definition, format('%I', n.nspname) AS schema, format('%L, %L', n.nspname, 'pg_temp') AS path
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = current_schema() AND p.prokind IN ('f', 'p') AND p.proname NOT LIKE 'ashlar\\_%'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
  ORDER BY 1
`;

const shortType = (type: string): string =>
  type.replace(/^timestamp(\(\d\))? with time zone/, 'timestamptz$1');

const identities: Readonly<Record<string, string>> = {
  d: 'GENERATED BY DEFAULT AS IDENTITY',
  a: 'GENERATED ALWAYS AS IDENTITY',
};

const commentIn = ({ comment }: Readonly<Record<string, unknown>>): { readonly comment?: string } =>
  typeof comment === 'string' ? { comment } : {};

const columnOf = (row: Readonly<Record<string, unknown>>): SchemaColumn => {
  const byDefault = row.default_sql === null ? undefined : String(row.default_sql);
  const isComputed = row.generated === 's' || row.generated === 'v';
  const rest = [
    ...(row.collation ? [`COLLATE ${row.collation}`] : []),
    ...(identities[String(row.identity)] ? [identities[String(row.identity)]] : []),
    ...(row.identity_options ? [`(${row.identity_options})`] : []),
    ...(isComputed
      ? [`GENERATED ALWAYS AS (${byDefault}) ${row.generated === 's' ? 'STORED' : 'VIRTUAL'}`]
      : []),
  ];
  return {
    name: String(row.name),
    type: shortType(String(row.type)),
    notNull: row.not_null === true,
    default: isComputed ? undefined : byDefault,
    rest: rest.join(' '),
    ...commentIn(row),
  };
};

const plainObject = ({ name = '', definition = '' }: Row): SchemaObject => ({ name, definition });

const ownedSequence = ({ column = '', ...row }: Row): OwnedSequence => ({ ...plainObject(row), column });

// the index of a partitioned table is described as ON ONLY; btree is the default
const indexObject = ({ name = '', definition = '' }: Row): SchemaObject => ({
  name,
  definition: definition.replace(' ON ONLY ', ' ON ').replace(' USING btree ', ' '),
});

const firing: Readonly<Record<string, string>> = { A: 'ENABLE ALWAYS', R: 'ENABLE REPLICA', D: 'DISABLE' };

const triggerObject = ({
  name = '',
  definition = '',
  enabled = '',
  on_table = '',
  quoted = '',
}: Row): SchemaObject => {
  const when = firing[enabled];
  return {
    name,
    definition: when ? `${definition};\nALTER TABLE ${on_table} ${when} TRIGGER ${quoted}` : definition,
  };
};

const functionObject = ({ name = '', definition = '', schema = '', path = '' }: Row): SchemaObject => ({
  name,
  // the server always qualifies the function's own name
  definition: definition
    .trim()
    .replace(` ${schema}.`, ' ')
    .replace(`\n SET search_path TO ${path}\n`, '\n SET search_path FROM CURRENT\n'),
});

/** Reads the current schema as the server describes it; the schema's own name is left out of all definitions. */
export async function introspect(owner: Owner): Promise<Schema> {
  const tables = await owner.run(tablesSql);
  const oids = `{${tables.map((table) => table.oid).join(',')}}`;
  const of = async (sql: string): Promise<Map<string, Row[]>> => {
    const rows = (await owner.run(sql, [oids])) as readonly Row[];
    const byTable = new Map<string, Row[]>();
    for (const row of rows) byTable.set(row.oid ?? '', [...(byTable.get(row.oid ?? '') ?? []), row]);
    return byTable;
  };
  const [columns, constraints, indexes, triggers, policies, sequences, functions, objects] =
    await Promise.all([
      of(columnsSql),
      of(constraintsSql),
      of(indexesSql),
      of(triggersSql),
      of(policiesSql),
      of(sequencesSql),
      owner.run(functionsSql) as Promise<readonly Row[]>,
      introspectObjects(owner),
    ]);
  return {
    tables: tables.map((row): SchemaTable => {
      const oid = String(row.oid);
      return {
        name: String(row.name),
        options: String(row.options),
        columns: (columns.get(oid) ?? []).map(columnOf),
        constraints: (constraints.get(oid) ?? []).map(plainObject),
        indexes: (indexes.get(oid) ?? []).map(indexObject),
        triggers: (triggers.get(oid) ?? []).map(triggerObject),
        rowSecurity: {
          enabled: row.enabled === true,
          forced: row.forced === true,
          policies: (policies.get(oid) ?? []).map(plainObject),
        },
        ...commentIn(row),
        ...(sequences.has(oid) && { sequences: (sequences.get(oid) ?? []).map(ownedSequence) }),
      };
    }),
    functions: functions.map(functionObject),
    objects,
  };
}
