import type { CataloguePart } from '../../contract/catalogue.js';
import { identifier } from '../../model/index.js';
import { functionKey, objectKey } from '../ownership/keys.js';
import type { Difference, FactDifference } from './compare.js';

const longest = 60;

/** Returns a part in words: `orders: the trigger orders_audited`. */
export function labelOf({ kind, name, on, partition }: CataloguePart): string {
  const place = kind === 'partition' ? on : (partition ?? on);
  return `${place === undefined ? '' : `${place}: `}the ${kind} ${name}`;
}

/**
 * Returns a difference in words.
 *
 * @param schema - the schema that the statement which removes the part must name
 */
export function lineOf({ what, part, facts }: Difference, schema?: string): string {
  const { extension } = part.facts;
  const label = `${labelOf(part)}${extension === undefined ? '' : ` of the extension ${extension}`}`;
  if (what === 'missing') return `${label} is missing`;
  if (what === 'twice') return `${label} exists more than once`;
  if (what === 'extra') {
    const remedy = extension === undefined ? dropOf(part, schema) : undefined;
    return `${label} is made by no step (${remedy === undefined ? '' : `to remove it: ${remedy}; `}to accept it: ${directiveOf(part)})`;
  }
  return `${label} differs: ${facts.map(factLine).join(', ')}`;
}

const isShort = (text: string | undefined): boolean =>
  text === undefined || (text.length <= longest && !text.includes('\n'));

const factLine = ({ fact, expected, found }: FactDifference): string => {
  if (!isShort(expected) || !isShort(found)) return fact;
  if (found === undefined) return `${fact} is no longer ${expected}`;
  return expected === undefined ? `${fact} is ${found}` : `${fact} is ${found} instead of ${expected}`;
};

const onTable = new Set(['trigger', 'policy', 'rule']);
const dropped = new Set([
  ...'table view sequence type domain statistics index extension publication subscription operator cast language'.split(
    ' ',
  ),
  'event trigger',
  'materialized view',
  'foreign table',
  'virtual table',
]);

/** The statement that drops a part; `undefined` where there is none that is safe to give. */
const dropOf = (
  { kind, name, identity, on, partition, outside, facts }: CataloguePart,
  schema: string | undefined,
): string | undefined => {
  const within = schema === undefined ? '' : `${identifier(schema)}.`;
  // the server quotes the names of other schemas and of the database, and those of routines and operators
  const isQuoted = outside === true || kind === 'function' || kind === 'operator' || kind === 'cast';
  const quoted = isQuoted ? name : identifier(name);
  const full = outside === true || kind === 'cast' ? quoted : `${within}${quoted}`;
  const place = partition ?? on;
  const table = place === undefined ? '' : `${within}${identifier(place)}`;
  if (outside === true && facts.on !== undefined && facts.name !== undefined)
    return kind === 'foreign key'
      ? `ALTER TABLE ${facts.on} DROP CONSTRAINT ${facts.name}`
      : `DROP ${kind.toUpperCase()} ${facts.name} ON ${facts.on}`;
  if (onTable.has(kind))
    return place === undefined || outside === true
      ? undefined
      : // on SQLite a trigger has the name of no table
        `DROP ${kind.toUpperCase()} ${facts.fires === undefined && kind === 'trigger' ? full : `${quoted} ON ${table}`}`;
  if (kind === 'constraint' && place !== undefined) return `ALTER TABLE ${table} DROP CONSTRAINT ${quoted}`;
  if (kind === 'row left in') return `DELETE FROM ${full}`;
  if (kind === 'virtual table') return `DROP TABLE ${full}`;
  if (kind === 'function')
    return `DROP ${facts.kind === 'a' ? 'AGGREGATE' : 'ROUTINE'} ${withArguments(full, identity)}`;
  return dropped.has(kind) ? `DROP ${kind.toUpperCase()} ${full}` : undefined;
};

// the name alone would be that of every overload; here the types of arguments have their schemas
const withArguments = (routine: string, identity = ''): string =>
  `${/^(?:"(?:[^"]|"")*"|[^("])+/.exec(routine)?.[0] ?? routine}${identity}`;

const ofTables = new Set(['column', 'constraint', 'trigger', 'policy', 'rule']);

/** Returns the text that names a part in directives and in what a system accepts: `trigger orders.orders_audited`. */
export function directiveOf({ kind, name, on, partition, outside }: CataloguePart): string {
  if (outside === true) return `${kind} ${name}`;
  if (kind === 'function') return functionKey(name);
  return objectKey(kind, name, ofTables.has(kind) ? (partition ?? on) : undefined);
}
