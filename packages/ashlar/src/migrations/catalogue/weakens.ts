import type { CataloguePart } from '../../contract/catalogue.js';
import type { SqlName } from '../../contract/sql.js';
import type { SystemFacts } from '../../contract/system.js';
import { sideObjects } from '../../model/index.js';
import { isOwn } from '../../model/names.js';
import { mentions } from '../../sql/code.js';
import { functionName } from '../ownership/keys.js';

/** What decides whether an object that no step makes can weaken a guarantee. */
export interface Surroundings {
  readonly dialect: SqlName;
  readonly system: SystemFacts;
  /** All parts of the database. */
  readonly parts: readonly CataloguePart[];
}

// no step makes one, and each acts or shows rows
const always = new Set([
  ...['event trigger', 'publication', 'subscription', 'child', 'members of an extension'],
  // with an exact match of types, taken before those of the server
  ...['operator', 'cast', 'object of the server’s schemas'],
  ...['language', 'security label'],
  ...[
    'row left in',
    'counter near its end',
    'entry with the pages of another',
    'entry that is not what it says',
  ],
]);

/**
 * Returns the function that tells whether a part that no step makes could weaken a guarantee, or acts with rights that no
 * session has. Where it cannot, `status` names the part.
 */
export function weakening({ dialect, system, parts }: Surroundings): (part: CataloguePart) => boolean {
  const guarded = guardedTables(system, dialect, parts);
  const reaching = readersOf(parts, guarded);
  const reaches = (reads: readonly string[]): boolean =>
    reads.some((each) => guarded.has(each) || reaching.has(each));
  return (part) => {
    const { kind, name, on, outside = false, facts, partition, reads = [] } = part;
    if (always.has(kind)) return true;
    // nobody else makes objects of these names, and policies and triggers call some of them
    if (on === undefined && !outside && isOwn(functionName(name))) return true;
    const isOnGuarded = on !== undefined && guarded.has(on);
    switch (kind) {
      case 'policy':
        return isOnGuarded;
      case 'rule':
        return isOnGuarded || reaches(reads);
      // it refuses rows, and says whether a row of any scope exists
      case 'foreign key':
        return reads.some((each) => guarded.has(each));
      case 'trigger':
        return (
          outside ||
          isOnGuarded ||
          facts['runs as'] !== undefined ||
          (on !== undefined && reaching.has(on)) ||
          // on SQLite a trigger reaches the rows of every scope
          (dialect === 'sqlite' &&
            [...guarded].some((each) => mentions(facts.definition ?? '', each, dialect)))
        );
      case 'function':
        return (
          facts.leakproof !== undefined ||
          facts.hides !== undefined ||
          facts['aggregates as owner'] !== undefined ||
          facts.security === 'definer'
        );
      case 'index':
        return isOnGuarded && (facts.calls !== undefined || facts.refuses !== undefined);
      case 'statistics':
      case 'domain':
        return facts.calls !== undefined;
      case 'view':
        // a view of SQLite has no owner: sessions are confined by their own gate
        return dialect === 'postgres' && reaching.has(name) && facts.invoker !== 'yes';
      case 'materialized view':
        return reaching.has(name);
      case 'partition':
        return isOnGuarded;
      case 'table':
      case 'foreign table':
        return reads.some((each) => guarded.has(each));
      default:
        return partition !== undefined && isOnGuarded;
    }
  };
}

/** The tables with guarantees, the tables that guarantees add, and Ashlar's own. */
const guardedTables = (
  system: SystemFacts,
  dialect: SqlName,
  parts: readonly CataloguePart[],
): ReadonlySet<string> =>
  new Set([
    ...Object.values(system.tables).flatMap((table) =>
      table.guarantees.length === 0
        ? []
        : [
            table.name,
            ...sideObjects(table, dialect).flatMap(({ type, name }) => (type === 'table' ? [name] : [])),
          ],
    ),
    ...parts.filter(({ kind, name }) => kind === 'table' && isOwn(name)).map(({ name }) => name),
  ]);

const reading = new Set(['view', 'materialized view', 'table', 'foreign table', 'partition']);

/** The views and children that have rows of one of the tables, directly or through another. */
const readersOf = (parts: readonly CataloguePart[], tables: ReadonlySet<string>): ReadonlySet<string> => {
  const readers = new Set<string>();
  const views = parts.filter(({ kind, reads }) => reads !== undefined && reading.has(kind));
  for (let size = -1; size < readers.size; ) {
    size = readers.size;
    for (const { name, reads = [] } of views)
      if (reads.some((each) => tables.has(each) || readers.has(each))) readers.add(name);
  }
  return readers;
};
