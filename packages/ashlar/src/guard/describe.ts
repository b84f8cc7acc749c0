import { isOfOtherTool } from '../adopt/other-tools.js';
import { readKeys } from '../adopt/read-keys.js';
import { type ReadTable, type ReadTables, readTables } from '../adopt/read-table.js';
import { reasonTexts } from '../adopt/reasons.js';
import type { Engine } from '../contract/engine.js';
import type { Schema, SchemaTable } from '../contract/schema.js';
import { AshlarError } from '../errors.js';
import { guardRefused } from '../model/guard-refused.js';
import { foldedName } from '../model/index.js';
import { type GuardRequest, guaranteeForms } from './request.js';

/** A database of another tool, as a guard of some of its tables needs it. */
export interface FoundTables {
  /** The schema of the tool's tables, where the engine has schemas. */
  readonly schema: string | undefined;
  /** The requested tables, and those that their foreign keys refer to, which come first. */
  readonly tables: readonly ReadTable[];
  /** The names of all tables of the schema, without those in which tools keep their own records. */
  readonly names: readonly string[];
}

/**
 * Reads the tables of another tool on which guarantees are asked, as they are to be declared. Changes nothing.
 *
 * @throws AshlarError `usage` for a table or a column that the database does not have, and without a request; `guard-refused` for
 *   a table that cannot be guarded
 */
export async function findTables(engine: Engine, requests: readonly GuardRequest[]): Promise<FoundTables> {
  const { guarding, name: dialect, adoption } = engine.dialect;
  const { found, schema } = await engine.asOwner(async (owner) => {
    const { currentSchema } = guarding;
    const [row] = currentSchema === undefined ? [] : await owner.run(currentSchema);
    return {
      found: await engine.introspect(owner),
      schema: typeof row?.name === 'string' ? row.name : undefined,
    };
  });
  const names = found.tables.map(({ name }) => name).filter((name) => !isOfOtherTool(name));
  assertRequested(
    requests.map(({ table }) => table),
    names,
  );
  const taken = reached(
    found,
    requests.map(({ table }) => table),
    dialect,
  );
  const read = readTables({
    schema: { ...found, tables: taken },
    dialect,
    typeOf: (_table, column) => ({ type: guarding.typeOf(found, column), byValues: false }),
    namesKeys: adoption.namesKeys,
    keepsValues: false,
    hasNulls: () => false,
  });
  const tables = read.tables.map(undefaulted);
  for (const request of requests) assertDeclared(request, { ...read, tables });
  return { schema, tables, names };
}

const list = (names: readonly string[]): string => names.join(', ') || 'none';

const assertRequested = (asked: readonly string[], names: readonly string[]): void => {
  const unknown = asked.find((name) => !names.includes(name));
  const twice = asked.find((name, at) => asked.indexOf(name) !== at);
  if (asked.length > 0 && unknown === undefined && twice === undefined) return;
  const example = names.find((name) => /^\w+$/.test(name)) ?? 'orders';
  throw new AshlarError('usage', {
    message:
      unknown !== undefined
        ? `The database has no table ${unknown}.`
        : twice !== undefined
          ? `${twice} is named twice.`
          : 'No table is named.',
    detail: `Its tables: ${list(names)}.`,
    suggestion: `Name each table once, with its guarantees: ${example}:audited,append-only. Guarantees: ${guaranteeForms}.`,
  });
};

/** The named tables, and all that their foreign keys refer to: a row needs one there. */
const reached = (
  schema: Schema,
  names: readonly string[],
  dialect: Engine['dialect']['name'],
): readonly SchemaTable[] => {
  const byName = new Map(schema.tables.map((table) => [foldedName(table.name), table]));
  const wanted = new Set(names.map(foldedName));
  for (const name of wanted) {
    const table = byName.get(name);
    for (const { target } of table ? readKeys(table, dialect).references : []) wanted.add(foldedName(target));
  }
  return schema.tables.filter(({ name }) => wanted.has(foldedName(name)));
};

// the tool's table has its own defaults, and no index is made for it
const undefaulted = (table: ReadTable): ReadTable => ({
  ...table,
  columns: table.columns.map((column) => ({ ...column, default: undefined })),
  indexes: table.indexes.filter(({ unique }) => unique),
});

const assertDeclared = ({ table: name, guarantees }: GuardRequest, { tables, others }: ReadTables): void => {
  const table = tables.find((each) => each.name === name);
  if (!table) {
    const { reason } = others.find((each) => each.name === name) ?? { reason: 'name' as const };
    throw guardRefused(
      `${name} cannot be guarded: ${reasonTexts[reason]}.`,
      'Leave the table out, or have the tool change it. Nothing was written.',
      { table: name },
    );
  }
  for (const { column } of guarantees) {
    if (column === undefined || table.columns.some((each) => each.name === column)) continue;
    throw new AshlarError('usage', {
      message: `${name} has no column ${column} that can be declared.`,
      suggestion: `Its columns: ${table.columns.map((each) => each.name).join(', ')}. Nothing was written.`,
      facts: { table: name, columns: [column] },
    });
  }
};
