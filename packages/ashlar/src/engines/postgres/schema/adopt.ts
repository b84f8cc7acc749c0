import type { AdoptionSql, DeclaredType, FoundType } from '../../../contract/adoption.js';
import type { Schema, SchemaColumn } from '../../../contract/schema.js';
import { codeOf, stringOf } from '../../../sql/code.js';
import { sql } from '../../../sql/template.js';
import { isComputed, isIdentity } from './described-column.js';
import { foreignForm } from './foreign-form.js';
import { elementOf, plainTypes } from './plain-types.js';

// a quoted name of a type is described with its quotes
const isType = ({ name }: { readonly name: string }, type: string): boolean =>
  type === name || type === `"${name}"`;

/** Returns how an enum of a described schema is declared; `undefined` for every other type. */
export const enumOf = ({ objects }: Schema, type: string): DeclaredType | undefined => {
  const found = objects.find((each) => each.type === 'type' && isType(each, type));
  const [, list] = /^CREATE TYPE \S+ AS ENUM (\(.*\))$/s.exec(found?.definition ?? '') ?? [];
  if (list === undefined) return undefined;
  const values = codeOf(list, 'postgres').flatMap((token) =>
    token.kind === 'string' ? [stringOf(token)] : [],
  );
  return values.length > 0 ? { as: 'enum', values } : undefined;
};

const isNumbered = (column: SchemaColumn): boolean =>
  isIdentity(column) || /^nextval\(/.test(column.default ?? '');

const typeOf: AdoptionSql['typeOf'] = (schema, _table, column, isOnlyKey): FoundType => {
  const { type } = column;
  if (isComputed(column)) return { reason: 'computed' };
  if (isNumbered(column)) return isOnlyKey ? { type: { as: 'autoincrement' } } : { reason: 'numbered' };
  const known = plainTypes[type] ?? enumOf(schema, type);
  if (known) return { type: known };
  const element = elementOf(type);
  if (element) return { type: { as: 'array', element } };
  const [, length] = /^character(?: varying)?\((\d+)\)$/.exec(type) ?? [];
  if (length !== undefined) return { type: { as: 'text', maxLength: Number(length) } };
  const [, total, scale] = /^numeric\((\d+),(\d+)\)$/.exec(type) ?? [];
  if (total !== undefined && Number(scale) <= Number(total))
    return { type: { as: 'decimal', total: Number(total), scale: Number(scale) } };
  if (/^timestamp(\(\d\))? without time zone$/.test(type))
    return { type: { as: 'timestamp', precision: 6 }, mark: 'time-without-zone' };
  if (type === 'numeric' || type === 'money') return { reason: 'type-without-digits' };
  if (type === 'citext') return { reason: 'type-folds-case' };
  const isDomain = schema.objects.some((each) => each.type === 'domain' && isType(each, type));
  return { reason: isDomain ? 'type-domain' : 'type-unknown' };
};

const here = 'quote_ident(current_schema())::regnamespace';
const ofExtension = (catalogue: string, oid: string): string =>
  `EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalogue}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

/** What the description of a schema lacks. */
const unseen = sql`
  SELECT type, name FROM (
    SELECT CASE c.relkind WHEN 'f' THEN 'foreign table' ELSE 'partition' END AS type, c.relname::text AS name
    FROM pg_class c
    WHERE c.relnamespace = ${here} AND (c.relkind = 'f' OR c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid))
      AND NOT ${ofExtension('pg_class', 'c.oid')}
    UNION ALL
    SELECT 'aggregate', p.oid::regprocedure::text FROM pg_proc p
    WHERE p.pronamespace = ${here} AND p.prokind IN ('a', 'w') AND NOT ${ofExtension('pg_proc', 'p.oid')}
    UNION ALL
    SELECT 'operator', o.oid::regoperator::text FROM pg_operator o
    WHERE o.oprnamespace = ${here} AND NOT ${ofExtension('pg_operator', 'o.oid')}
    UNION ALL
    SELECT 'collation', o.collname::text FROM pg_collation o
    WHERE o.collnamespace = ${here} AND NOT ${ofExtension('pg_collation', 'o.oid')}
    UNION ALL
    SELECT 'text search configuration', t.cfgname::text FROM pg_ts_config t
    WHERE t.cfgnamespace = ${here} AND NOT ${ofExtension('pg_ts_config', 't.oid')}
    UNION ALL
    SELECT 'storage options of', c.relname::text FROM pg_class c
    WHERE c.relnamespace = ${here} AND c.relkind IN ('r', 'p', 'i') AND (c.reloptions IS NOT NULL OR c.reltablespace <> 0)
    UNION ALL
    SELECT 'comment on', p.oid::regprocedure::text FROM pg_proc p
    WHERE p.pronamespace = ${here} AND obj_description(p.oid, 'pg_proc') IS NOT NULL AND NOT ${ofExtension('pg_proc', 'p.oid')}
    UNION ALL
    SELECT 'comment on', c.relname::text FROM pg_class c
    WHERE c.relnamespace = ${here} AND c.relkind IN ('v', 'm', 'S', 'i') AND obj_description(c.oid, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT 'event trigger', evtname::text FROM pg_event_trigger
    UNION ALL
    SELECT 'publication', p.pubname::text FROM pg_publication p
    WHERE EXISTS (SELECT FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid WHERE r.prpubid = p.oid AND c.relnamespace = ${here})
  ) found
  WHERE name NOT LIKE 'ashlar\\_%'
  ORDER BY type, name
`;

/** How columns of other programs are declared, and what the description of a schema lacks. */
export const adoption: AdoptionSql = {
  typeOf,
  foreignForm,
  keptType: (_table, { type }) => type,
  // PostgreSQL makes constraints of the table of them
  columnChecks: () => [],
  // the other types say what their values are
  measures: ({ type }, value) =>
    /^(date|timestamp)/.test(type)
      ? {
          outside: `count(*) FILTER (WHERE ${value} < '0001-01-01' OR ${value} >= '10000-01-01')`,
        }
      : {},
  fit: ({ found, facts }) => ((facts.outside ?? 0) > 0 ? { reason: 'values-outside' } : found),
  unseen,
  namesKeys: true,
};
