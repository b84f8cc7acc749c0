import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqlDialect } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { Schema } from '../contract/schema.js';
import { AshlarError, isAshlarError } from '../errors.js';
import { readHistory } from '../migrations/history.js';
import { downText, upText } from '../migrations/new-step.js';
import { objectKey } from '../migrations/ownership/keys.js';
import { ownershipText } from '../migrations/ownership/lines.js';
import { stateOfSteps } from '../migrations/shadow.js';
import { readSteps } from '../migrations/steps.js';
import { fitTypes } from './fit-types.js';
import { isOfOtherTool } from './other-tools.js';
import { type ReadTable, type ReadTables, readTables } from './read-table.js';
import { type AdoptReport, reportOf, type Unseen } from './report.js';
import { type ScannedTable, scanTables, standardRows, type TableFacts, tablesToScan } from './scan.js';
import { systemFile } from './write-system.js';

/** Options of `adopt`. */
export interface AdoptOptions {
  /** The name of the system that the tables become. */
  readonly name: string;
  /** The tables to take over; the others are left alone. Default: all. */
  readonly tables?: readonly string[] | undefined;
  /** Whether to read the values of the columns. Default: true. */
  readonly scan?: boolean | undefined;
  /** The most rows of each table whose values are read. Default: 100,000. */
  readonly scanRows?: number | undefined;
  /**
   * Whether the declarations leave what is stored, and what the other program may write, as it is; on SQLite a decimal is then
   * a number, and a time a text. Default: false.
   */
  readonly keepValues?: boolean | undefined;
  /** Called before values are read, with the tables and their numbers of rows. */
  readonly onScan?: ((tables: readonly ScannedTable[]) => void) | undefined;
}

/** A file that `adopt` proposes, by its path from the folder of the tables. */
export interface AdoptedFile {
  readonly path: string;
  readonly text: string;
}

/** What takes over a database: the files, and what they say of it. */
export interface Adoption {
  readonly files: readonly AdoptedFile[];
  readonly report: AdoptReport;
}

const baseline = '0001_baseline';
const nothing: Schema = { tables: [], functions: [], objects: [] };

/**
 * Reads the schema of a database of another program, and returns the files that take it over: `tables.ts`, and a first
 * step that makes the database as it is. The step was run in a shadow database, and makes exactly this schema. What no
 * declaration can say is in the step, and stays as it is. Neither the database nor a file is changed.
 *
 * @throws AshlarError `adopt-empty` when no table can be declared; `adopt-differs` when the step makes another schema;
 *   `state-conflict` when the database has steps of a system; `usage` for a table that it does not have, or a name that
 *   no system can have;
 *   `driver-missing` (the shadow runs in an embedded engine)
 */
export async function adopt(engine: Engine, options: AdoptOptions): Promise<Adoption> {
  const { dialect } = engine;
  assertSystemName(options.name);
  const { adoption } = dialect;
  // without a transaction, which on SQLite would keep the other program from writing
  const { schema, unseen, taken, dropped, facts, scanned } = await engine.asOwner(async (owner) => {
    const found = await engine.introspect(owner);
    assertNew((await readHistory(owner, dialect)).map(({ system }) => system));
    const parts = chosen(found, options.tables);
    return {
      schema: found,
      unseen: (await owner.run(adoption.unseen)) as unknown as readonly Unseen[],
      ...parts,
      ...(await scannedIn(owner, dialect, parts.taken, options)),
    };
  });
  const leftOut = schema.tables.map(({ name }) => name).filter(isOfOtherTool);
  const keepsValues = options.keepValues ?? false;
  const read = readTables({
    schema: taken,
    dialect: dialect.name,
    typeOf: fitTypes({ schema: taken, dialect: dialect.name, adoption, facts, keepsValues }),
    namesKeys: adoption.namesKeys,
    keepsValues,
    hasNulls: (table, column) => (facts?.get(table)?.get(column)?.nulls ?? 0) > 0,
  });
  const partitioned = new Set(
    read.others.flatMap(({ name, reason }) => (reason === 'partitioned' ? [name] : [])),
  );
  const aggregates = unseen.flatMap(({ type, name }) =>
    type === 'aggregate' ? [name.replace(/\(.*$/s, '')] : [],
  );
  const { schema: made, missing } = without(taken, new Set([...partitioned, ...dropped, ...aggregates]));
  if (read.tables.length === 0) throw empty(read);
  const changes = dialect.changes(nothing, made, [], {});
  const lines = ownershipText({ makes: madeKeys(read.tables), keeps: [], renames: new Map() });
  const texts = {
    [`up.${dialect.name}.sql`]: upText(baseline, changes, lines),
    [`down.${dialect.name}.sql`]: downText(baseline, changes),
  };
  await assertMakes(engine, made, texts);
  return {
    files: [
      { path: 'tables.ts', text: systemFile(options.name, read.tables) },
      ...Object.entries(texts).map(([file, text]) => ({ path: `migrations/${baseline}/${file}`, text })),
    ],
    report: reportOf({
      read,
      schema: made,
      leftOut,
      unseen: [...unseen, ...missing],
      keys: madeKeys(read.tables),
      scanned,
    }),
  };
}

/** Reads the values of the tables to take over, which may be a part of them. */
const scannedIn = async (
  owner: Owner,
  dialect: SqlDialect,
  { tables }: Schema,
  { scan = true, scanRows: most = standardRows, onScan }: AdoptOptions,
): Promise<{ readonly facts: TableFacts | undefined; readonly scanned: readonly ScannedTable[] }> => {
  if (!scan) return { facts: undefined, scanned: [] };
  const scanned = await tablesToScan({ owner, dialect, tables, most });
  onScan?.(scanned);
  const names = new Set(scanned.map(({ name }) => name));
  const read = tables.filter(({ name }) => names.has(name));
  return { facts: await scanTables({ owner, dialect, tables: read, most }), scanned };
};

const assertSystemName = (name: string): void => {
  if (/^[a-z][a-z0-9_-]*$/.test(name) && name !== 'ashlar') return;
  throw new AshlarError('usage', {
    message: `The system name ${JSON.stringify(name)} is not valid.`,
    suggestion: 'Use lower-case letters, digits, _ and -, and begin with a letter: --name web-shop.',
  });
};

const assertNew = (systems: readonly string[]): void => {
  const [first] = systems.filter((system) => system !== 'ashlar');
  if (first === undefined) return;
  throw new AshlarError('state-conflict', {
    message: `The database has steps of the system ${first} already.`,
    detail: 'ashlar adopt takes over a database that Ashlar does not know yet.',
    suggestion: 'Declare further tables in that system, and write a step: ashlar migrate new NAME.',
  });
};

const empty = ({ others }: ReadTables): AshlarError =>
  new AshlarError('adopt-empty', {
    message: 'No table of the database can be declared. Nothing was written.',
    detail: others.map(({ name, reason }) => `${name}: ${reason}`).join('\n') || 'The database has no table.',
    suggestion: 'Give the tables a primary key, or declare new tables: ashlar init.',
  });

/** The schema of the tables to take over, without those of other tools. */
const chosen = (
  schema: Schema,
  names: readonly string[] | undefined,
): { readonly taken: Schema; readonly dropped: readonly string[] } => {
  const known = schema.tables.map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new AshlarError('usage', {
      message: `The database has no table ${unknown}.`,
      suggestion: `Its tables: ${known.join(', ')}.`,
    });
  }
  const dropped = known.filter((name) => isOfOtherTool(name) || (names && !names.includes(name)));
  return {
    taken: { ...schema, tables: schema.tables.filter(({ name }) => !dropped.includes(name)) },
    dropped,
  };
};

/** A schema without some tables, and without the views and rules that need them. */
const without = (
  schema: Schema,
  gone: ReadonlySet<string>,
): { readonly schema: Schema; readonly missing: readonly Unseen[] } => {
  const lost = new Set(gone);
  const missing: Unseen[] = [];
  for (const { type, name, needs, on } of schema.objects) {
    if (![...needs, on ?? ''].some((needed) => lost.has(needed))) continue;
    lost.add(name);
    missing.push({ type, name });
  }
  const isMissing = (type: string, name: string): boolean =>
    missing.some((each) => each.type === type && each.name === name);
  return {
    schema: {
      ...schema,
      tables: schema.tables.filter(({ name }) => !gone.has(name)),
      objects: schema.objects.filter(({ type, name }) => !isMissing(type, name)),
    },
    missing,
  };
};

/** What later generated steps may change: the objects that the tables declare. */
const madeKeys = (tables: readonly ReadTable[]): readonly string[] =>
  tables.flatMap(({ name, columns, primaryKey, uniques, references, indexes }) => [
    objectKey('table', name),
    ...columns.map((column) => objectKey('column', column.name, name)),
    ...[primaryKey, ...uniques, ...references].flatMap(({ object }) =>
      object ? [objectKey('constraint', object.name, name)] : [],
    ),
    ...indexes.flatMap(({ object }) => (object ? [objectKey('index', object.name)] : [])),
  ]);

/** Runs the step in a shadow database, as `up` and `stamp` do, and compares. */
const assertMakes = async (
  { dialect }: Engine,
  wanted: Schema,
  texts: Readonly<Record<string, string>>,
): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-adopt-'));
  try {
    await mkdir(join(folder, baseline));
    for (const [file, text] of Object.entries(texts)) await writeFile(join(folder, baseline, file), text);
    const { schema } = await stateOfSteps(dialect, await readSteps(folder, dialect.name));
    const lines = dialect.changes(schema, wanted, [], {}).map(({ summary }) => summary);
    if (lines.length > 0) throw differs(lines);
  } catch (error) {
    if (!isAshlarError(error, 'migration-failed')) throw error;
    throw differs([error.message, error.detail ?? ''], error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const differs = (lines: readonly string[], cause?: unknown): AshlarError =>
  new AshlarError('adopt-differs', {
    message: 'The description of the database does not make the same database again. Nothing was written.',
    detail: lines.join('\n'),
    suggestion: 'Take over some of the tables: --tables a,b. Please report the lines above.',
    cause,
  });
