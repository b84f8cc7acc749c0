import type { Schema } from '../contract/schema.js';
import { markTexts } from '../migrations/marks.js';
import { objectsOf } from '../migrations/ownership/keys.js';
import type { ReadTables } from './read-table.js';
import { reasonTexts } from './reasons.js';
import type { ScannedTable } from './scan.js';

/** An object that the database has and the first step does not make. */
export interface Unseen {
  readonly type: string;
  readonly name: string;
}

/** An object that stays as it is, undeclared. */
export interface Kept {
  readonly type: string;
  readonly name: string;
  /** The table or view that it belongs to. */
  readonly on: string | null;
}

/** What taking over a database found. */
export interface AdoptReport {
  readonly tables: readonly {
    readonly name: string;
    readonly declared: boolean;
    /** Why it is not declared; `null` if it is. */
    readonly reason: string | null;
  }[];
  readonly columns: readonly {
    readonly table: string;
    readonly column: string;
    /** The type that it is declared as; `null` if it is not declared. */
    readonly as: string | null;
    /** Whether its values decided the type; otherwise its type did. */
    readonly byValues: boolean;
    /** What a person has to say before it takes Ashlar's form. */
    readonly mark: string | null;
    /** Why it, or its default, is not declared. */
    readonly reason: string | null;
  }[];
  readonly kept: readonly Kept[];
  /** What the first step does not make either. */
  readonly unseen: readonly Unseen[];
  /** The tables of other tools, which were left out. */
  readonly leftOut: readonly string[];
  /** The tables whose values were read. */
  readonly scanned: readonly ScannedTable[];
}

/** Returns what a database has that tables declare, keep or leave out. */
export function reportOf(found: {
  readonly read: ReadTables;
  readonly schema: Schema;
  readonly leftOut: readonly string[];
  readonly unseen: readonly Unseen[];
  /** The declared objects. */
  readonly keys: readonly string[];
  readonly scanned: readonly ScannedTable[];
}): AdoptReport {
  const { read, schema, leftOut, unseen, keys, scanned } = found;
  const declared = new Set(keys);
  const ofColumns = ['table', 'column'];
  return {
    tables: [
      ...read.tables.map(({ name }) => ({ name, declared: true, reason: null })),
      ...read.others.map(({ name, reason }) => ({ name, declared: false, reason: reasonTexts[reason] })),
    ],
    columns: read.tables.flatMap((table) => [
      ...table.columns.map(({ name, type, mark, losesDefault, byValues }) => ({
        table: table.name,
        column: name,
        as: type.as,
        byValues,
        mark: mark === undefined ? null : markTexts[mark],
        reason: losesDefault ? 'its default has no declaration: the next step drops it' : null,
      })),
      ...table.others.map(({ name, type, reason, isRequired }) => ({
        table: table.name,
        column: name,
        as: null,
        byValues: false,
        mark: null,
        reason: `${type || 'no type'}: ${reasonTexts[reason]}${isRequired ? '; no row can be inserted without it' : ''}`,
      })),
    ]),
    kept: objectsOf(schema).flatMap(({ key, type, name, table }) =>
      declared.has(key) || ofColumns.includes(type) ? [] : [{ type, name, on: table ?? null }],
    ),
    unseen,
    leftOut,
    scanned,
  };
}
