import type { Extent, TableRights } from '../../../contract/rights.js';
import { identifier, identifiers } from '../../../model/index.js';
import { type Entry, publicGrantee } from './state.js';

/** Converts the rights that a role should have on a table into entries, in a fixed order. */
export function tableEntries(grantee: string, rights: TableRights): readonly Entry[] {
  return (['select', 'insert', 'update', 'delete'] as const).flatMap((privilege) =>
    extentEntries(grantee, privilege.toUpperCase(), rights[privilege]),
  );
}

const extentEntries = (grantee: string, privilege: string, extent: Extent): readonly Entry[] =>
  extent === 'all'
    ? [{ grantee, privilege, column: undefined }]
    : extent.map((column) => ({ grantee, privilege, column }));

/**
 * Returns one entry for each of the given privileges; each entry applies to the whole object, not to single columns.
 */
export function plainEntries(grantee: string, ...privileges: readonly string[]): readonly Entry[] {
  return privileges.map((privilege) => ({ grantee, privilege, column: undefined }));
}

/** The rights that a grantee lacks, and the rights that it has but should not have. */
export interface GranteeDifference {
  readonly grantee: string;
  readonly missing: readonly Entry[];
  readonly excess: readonly Entry[];
}

const keyOf = ({ grantee, privilege, column }: Entry): string => JSON.stringify([grantee, privilege, column]);

/** Compares the actual rights with the wanted rights, and returns the differences for each grantee. */
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
      // revoking a right on the whole table also revokes it on its columns
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

/** Formats entries as a list of privileges: `SELECT, INSERT (name, body)`. */
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

/** Returns the SQL for a grantee: a quoted role, or PUBLIC. */
export function granteeSql(grantee: string): string {
  return grantee === publicGrantee ? 'PUBLIC' : identifier(grantee);
}

/** Returns the name of a grantee as messages show it: the role, or PUBLIC. */
export function granteeName(grantee: string): string {
  return grantee === publicGrantee ? 'PUBLIC' : grantee;
}
