import type { Extent, TableRights } from '../../../contract/rights.js';
import { identifier, identifiers } from '../../../model/index.js';
import { type Entry, everybody } from './state.js';

/** Rights as they should be, in the order in which they are written. */
export function tableEntries(grantee: string, rights: TableRights): readonly Entry[] {
  return (['select', 'insert', 'update', 'delete'] as const).flatMap((privilege) =>
    extentEntries(grantee, privilege.toUpperCase(), rights[privilege]),
  );
}

const extentEntries = (grantee: string, privilege: string, extent: Extent): readonly Entry[] =>
  extent === 'all'
    ? [{ grantee, privilege, column: undefined }]
    : extent.map((column) => ({ grantee, privilege, column }));

/** The same right for each of the privileges. */
export function plainEntries(grantee: string, ...privileges: readonly string[]): readonly Entry[] {
  return privileges.map((privilege) => ({ grantee, privilege, column: undefined }));
}

/** What somebody lacks, and what he has too much. */
export interface GranteeDifference {
  readonly grantee: string;
  readonly missing: readonly Entry[];
  readonly excess: readonly Entry[];
}

const keyOf = ({ grantee, privilege, column }: Entry): string => JSON.stringify([grantee, privilege, column]);

/** The differences between rights that are and rights that should be, by who has them. */
export function compareEntries(
  actual: readonly Entry[],
  wanted: readonly Entry[],
): readonly GranteeDifference[] {
  const have = new Set(actual.map(keyOf));
  const should = new Set(wanted.map(keyOf));
  const grantees = [...new Set([...wanted, ...actual].map(({ grantee }) => grantee))];
  return grantees
    .map((grantee) => {
      const excess = actual.filter((entry) => entry.grantee === grantee && !should.has(keyOf(entry)));
      // taking a right from the whole table takes it from its columns as well
      const wholly = new Set(excess.filter(({ column }) => column === undefined).map(bare));
      const missing = wanted.filter(
        (entry) =>
          entry.grantee === grantee &&
          (!have.has(keyOf(entry)) || wholly.has(bare(entry)) || excess.some(isOptionOf(entry))),
      );
      return { grantee, missing, excess };
    })
    .filter(({ missing, excess }) => missing.length + excess.length > 0);
}

const bare = ({ privilege }: Entry): string => privilege.replace('*', '');

const isOptionOf =
  (entry: Entry) =>
  (other: Entry): boolean =>
    bare(other) === entry.privilege && other.column === entry.column;

/** `SELECT, INSERT (name, body)`. */
export function privilegeList(entries: readonly Entry[]): string {
  return [...new Set(entries.map(bare))]
    .map((privilege) => {
      const same = entries.filter((entry) => bare(entry) === privilege);
      const columns = same.flatMap(({ column }) => column ?? []);
      const wholly = same.some(({ column }) => column === undefined);
      return wholly || columns.length === 0 ? privilege : `${privilege} (${identifiers(columns)})`;
    })
    .join(', ');
}

/** Who it is, in SQL. */
export function granteeSql(grantee: string): string {
  return grantee === everybody ? 'PUBLIC' : identifier(grantee);
}

/** Who it is, for people. */
export function granteeName(grantee: string): string {
  return grantee === everybody ? 'everybody' : grantee;
}
