import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Engine } from '../../src/contract/engine.js';
import { openShadow } from '../../src/engines/shadow.js';
import { AshlarError } from '../../src/errors.js';
import { down, drift, newStep, up } from '../../src/migrations/index.js';
import { identifier, type Table } from '../../src/model/index.js';
import { valueFor } from '../../src/samples/values.js';
import { type System, system } from '../../src/system/system.js';
import { type RandomTable, tablesOf } from './random-models.js';

/** What became of a pair of models: the step ran up and down on every engine, it was refused by name, or nothing differs. */
export type Outcome = 'ran' | 'nothing' | 'conversion-unknown' | 'conversion-blocked' | 'migration-untested';

const systemOf = (model: readonly RandomTable[], folder: string): System =>
  system('shop', {
    tables: Object.fromEntries(tablesOf(model).map((each) => [each.name, each])),
    migrations: pathToFileURL(`${folder}/`),
  });

const rowsOf = (engine: Engine, table: string): Promise<readonly string[]> =>
  engine.asOwner(async (owner) => {
    const found = (await engine.introspect(owner)).tables.find(({ name }) => name === table);
    // as text: the owner reads no integer beyond 2^53
    const list = found?.columns.map(
      ({ name }) => `${engine.dialect.proving.quoted(identifier(name))} AS ${identifier(name)}`,
    );
    return (
      (await owner.run(`SELECT ${list?.join(', ')} FROM ${identifier(table)}`))
        // a column that is added again stands at the end
        .map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))))
        .sort()
    );
  });

const insertRows = (engine: Engine, tables: readonly Table[]): Promise<void> =>
  engine.asOwner(async (owner) => {
    for (const table of tables) {
      for (const variant of [0, 1]) {
        const values: [string, string][] = [];
        for (const column of Object.values(table.columns)) {
          if (column.nullable && variant === 1) continue;
          const key = table.foreignKeys.find(({ columns }) => columns.includes(column.name));
          const value = valueFor(column, { variant, unlike: true });
          if (key) {
            const [row] = await owner.run(`SELECT id FROM ${identifier(key.target.table)} LIMIT 1`);
            values.push([column.name, row ? engine.dialect.proving.literal(row.id) : 'NULL']);
          } else values.push([column.name, engine.dialect.proving.literal(engine.encode(column, value))]);
        }
        const list = values.map(([name]) => identifier(name)).join(', ');
        await owner
          .script(
            `INSERT INTO ${identifier(table.name)} (${list}) VALUES (${values.map(([, value]) => value).join(', ')})`,
          )
          .catch((error: unknown) => {
            // a unique enum or date has few values; a row without its parent stays away, too
            if (!(error instanceof AshlarError) || !/violation/.test(error.code)) throw error;
          });
      }
    }
  });

const same = (what: string, a: unknown, b: unknown): void => {
  if (JSON.stringify(a) !== JSON.stringify(b))
    throw new Error(`${what}: ${JSON.stringify(a)} ≠ ${JSON.stringify(b)}`);
};

/**
 * Writes the step between two models and runs it on SQLite and PGlite, up and down, with rows where the step can keep them.
 *
 * @throws Error where a written step fails without a reason in the rows, causes drift or loses rows
 */
export async function tryPair([first, second]: readonly [
  readonly RandomTable[],
  readonly RandomTable[],
]): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-pair-'));
  try {
    const before = systemOf(first, folder);
    const after = systemOf(second, folder);
    await newStep(before, folder, 'first');
    let step: Awaited<ReturnType<typeof newStep>>;
    try {
      step = await newStep(after, folder, 'second', { decide: async () => undefined });
    } catch (error) {
      if (!(error instanceof AshlarError)) throw error;
      const isNamed =
        error.code === 'conversion-unknown' ||
        error.code === 'conversion-blocked' ||
        (error.code === 'migration-untested' && /no sample row fits/.test(error.message));
      if (isNamed) return error.code as Outcome;
      throw error;
    }
    if (!step) return 'nothing';
    for (const dialect of ['sqlite', 'postgres'] as const) await runPair(dialect, before, after);
    return 'ran';
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const runPair = async (dialect: 'sqlite' | 'postgres', before: System, after: System): Promise<void> => {
  const engine = await openShadow(dialect);
  try {
    await up(engine, before, { to: '1' });
    const tables = Object.values(before.tables) as Table[];
    // without rows everything runs
    await up(engine, after);
    same('drift', await drift(engine, after), []);
    await down(engine, after, { to: '1', destroy: true });
    same('drift after down', await drift(engine, after), []);
    await insertRows(engine, tables);
    const rows = new Map<string, readonly string[]>();
    for (const { name } of tables) rows.set(name, await rowsOf(engine, name));
    try {
      await up(engine, after);
    } catch (error) {
      // rows may be unfit for the new model; then nothing has changed
      if (!(error instanceof AshlarError) || error.code !== 'migration-failed') throw error;
      for (const { name } of tables) same(`rows of ${name}`, await rowsOf(engine, name), rows.get(name));
      same('drift after a failure', await drift(engine, after), []);
      return;
    }
    same('drift with rows', await drift(engine, after), []);
    try {
      await down(engine, after, { to: '1', destroy: true });
    } catch (error) {
      // a rule of a required column that the step dropped may refuse its placeholder
      if (!(error instanceof AshlarError) || error.code !== 'migration-failed') throw error;
      return;
    }
    same('drift after down with rows', await drift(engine, after), []);
    for (const table of tables) {
      const now = after.tables[table.name];
      if (!now) continue;
      const kept = Object.keys(table.columns).filter(
        (name) => name in now.columns || Object.values(now.renames).includes(name),
      );
      const only = (all: readonly string[] = []) =>
        all
          .map((row) => (JSON.parse(row) as [string, unknown][]).filter(([name]) => kept.includes(name)))
          .map((row) => JSON.stringify(row))
          .sort();
      same(`rows of ${table.name}`, only(await rowsOf(engine, table.name)), only(rows.get(table.name)));
    }
  } finally {
    await engine.close();
  }
};
