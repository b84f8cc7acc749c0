import type { Place } from '../contract/bulk.js';
import type { SqlDialect } from '../contract/dialect.js';
import type { Owner } from '../contract/owner.js';
import type { Schema } from '../contract/schema.js';
import { recordRowSql } from '../migrations/history.js';
import { incomingCondition, incomingRow, incomingTable } from '../migrations/incoming.js';
import { literal } from '../model/index.js';
import { moveRefused } from './refusals.js';

/** What the mark of a move keeps of it, from its first transaction on. */
export interface MarkDetail {
  /** The source, as `BulkReader` tells it from others. */
  readonly identity: string;
  /** Whether the places in tables still count, as `BulkReader` says. */
  readonly layout: string;
  /** The steps that were applied to the source, by system. */
  readonly steps: Readonly<Record<string, readonly string[]>>;
  /** The tables that are moved. */
  readonly tables: readonly string[];
  /** The schema of the target before the move, and the steps in its history: what `--discard` goes back to. */
  readonly before: { readonly schema: Schema; readonly steps: readonly (readonly [string, string])[] };
  /** The schema that `up` has made; `undefined` before. */
  readonly schema?: Schema;
}

/** How far a table is. */
export interface TableState {
  readonly state: 'loading' | 'loaded';
  readonly place: Place | undefined;
  readonly rows: number;
}

/** The mark of an unfinished move in its target. */
export interface Mark {
  readonly detail: MarkDetail;
  readonly tables: ReadonlyMap<string, TableState>;
  /** The tables of before into which steps of the move have put rows. */
  readonly filled: ReadonlySet<string>;
}

const create = `CREATE TABLE ashlar_incoming (
  part text NOT NULL PRIMARY KEY,
  state text NOT NULL,
  place text,
  rows bigint NOT NULL,
  detail text
)`;

/** Writes the mark, in the open transaction. */
export async function writeMark(
  owner: Owner,
  dialect: SqlDialect,
  detail: MarkDetail,
  actor: string,
): Promise<void> {
  await owner.script(create);
  await writeDetail(owner, detail);
  await owner.script(recordRowSql(dialect, { ...incomingRow, actor, milliseconds: 0 }));
}

/** Writes what the mark keeps, in the open transaction. */
export async function writeDetail(owner: Owner, detail: MarkDetail): Promise<void> {
  await owner.run("DELETE FROM ashlar_incoming WHERE part = ''");
  await owner.run(
    `INSERT INTO ashlar_incoming (part, state, rows, detail) VALUES ('', 'moving', 0, ${literal(JSON.stringify(detail))})`,
  );
}

/** Writes how far a table is, in the open transaction. */
export async function writeTableState(owner: Owner, table: string, state: TableState): Promise<void> {
  await owner.run(`DELETE FROM ashlar_incoming WHERE part = ${literal(partOf(table))}`);
  await owner.run(
    `INSERT INTO ashlar_incoming (part, state, place, rows) VALUES (${literal(partOf(table))}, ${literal(state.state)}, ${
      state.place === undefined ? 'NULL' : literal(state.place)
    }, ${state.rows})`,
  );
}

/** Notes that steps of the move have put rows into a table, in the open transaction. */
export async function writeFilled(owner: Owner, table: string): Promise<void> {
  await owner.run(
    `INSERT INTO ashlar_incoming (part, state, rows) VALUES (${literal(`${filledPart}${table}`)}, 'filled', 0)`,
  );
}

/** Forgets how far tables are, in the open transaction. */
export async function forgetTables(owner: Owner, tables: readonly string[]): Promise<void> {
  for (const table of tables)
    await owner.run(`DELETE FROM ashlar_incoming WHERE part = ${literal(partOf(table))}`);
}

const filledPart = 'filled ';
const partOf = (table: string): string => `table ${table}`;

/** Reads the mark of a database that has a history; `undefined` if no move into it is unfinished. */
export async function readMark(owner: Owner): Promise<Mark | undefined> {
  const found = await owner.run(`SELECT 1 AS found FROM ashlar_migrations WHERE ${incomingCondition}`);
  if (found.length === 0) return undefined;
  const lines = await owner.run('SELECT part, state, place, rows, detail FROM ashlar_incoming');
  const tables = new Map<string, TableState>();
  const filled = new Set<string>();
  let detail: MarkDetail | undefined;
  for (const line of lines) {
    if (line.part === '') detail = JSON.parse(String(line.detail)) as MarkDetail;
    else if (line.state === 'filled') filled.add(String(line.part).slice(filledPart.length));
    else
      tables.set(String(line.part).slice('table '.length), {
        state: line.state as TableState['state'],
        place: typeof line.place === 'string' ? line.place : undefined,
        rows: Number(line.rows),
      });
  }
  if (!detail) throw moveRefused([`the mark in ${incomingTable} cannot be read: empty the target by hand`]);
  return { detail, tables, filled };
}

/** Removes the mark, in the open transaction. */
export async function removeMark(owner: Owner): Promise<void> {
  // another run of the same move, which proved at the same time, may have ended
  const found = await owner.run(`SELECT 1 AS found FROM ashlar_migrations WHERE ${incomingCondition}`);
  if (found.length === 0) return;
  await owner.run(`DELETE FROM ashlar_migrations WHERE ${incomingCondition}`);
  await owner.script('DROP TABLE ashlar_incoming');
}
