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

/** Returns a difference in words. */
export function lineOf({ what, part, facts }: Difference): string {
  const label = labelOf(part);
  if (what === 'missing') return `${label} is missing`;
  if (what === 'twice') return `${label} exists more than once`;
  if (what === 'extra') {
    const remedy = dropOf(part);
    return `${label} is made by no step${remedy === undefined ? '' : ` (to remove it: ${remedy})`}`;
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
  ...'table view function sequence type domain statistics index extension publication subscription'.split(
    ' ',
  ),
  'event trigger',
  'materialized view',
  'foreign table',
  'virtual table',
]);

/** The statement that drops a part; `undefined` where there is none that is safe to give. */
const dropOf = ({ kind, name, on, partition, outside, facts }: CataloguePart): string | undefined => {
  // a name of another schema is qualified and quoted already
  const quoted = kind === 'function' || outside === true ? name : identifier(name);
  const place = partition ?? on;
  if (onTable.has(kind))
    return place === undefined || outside === true
      ? undefined
      : `DROP ${kind.toUpperCase()} ${quoted}${facts.fires === undefined && kind === 'trigger' ? '' : ` ON ${identifier(place)}`}`;
  if (kind === 'constraint' && place !== undefined)
    return `ALTER TABLE ${identifier(place)} DROP CONSTRAINT ${quoted}`;
  if (kind === 'row left in') return `DELETE FROM ${quoted}`;
  if (kind === 'virtual table') return `DROP TABLE ${quoted}`;
  return dropped.has(kind) ? `DROP ${kind.toUpperCase()} ${quoted}` : undefined;
};

const ofTables = new Set(['column', 'constraint', 'trigger', 'policy', 'rule']);

/** Returns the text that names a part in directives and in what a system accepts: `trigger orders.orders_audited`. */
export function directiveOf({ kind, name, on, partition, outside }: CataloguePart): string {
  if (outside === true) return `${kind} ${name}`;
  if (kind === 'function') return functionKey(name);
  return objectKey(kind, name, ofTables.has(kind) ? (partition ?? on) : undefined);
}
