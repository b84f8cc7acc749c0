import type { AshlarError, Table } from 'ashlar';
import { type Engine, openEngine, type RunSql, type SqlName } from 'ashlar/extend';
import Database from 'better-sqlite3-multiple-ciphers';
import { expect, it } from 'vitest';
import { type Place, sqlOf, type TestEngine } from '../../../../test/support/engines.js';
import { createFoundation } from '../../src/engines/foundation.js';

/** A kind of access to the database. `attempt` runs the statements in one transaction and commits. */
export interface Access {
  readonly name: string;
  readonly on: readonly SqlName[];
  attempt(fixture: Fixture, statements: readonly string[]): Promise<void>;
}

/** A database with the tables of a test. */
export interface Fixture {
  readonly engine: Engine;
  readonly place: Place;
  readonly run: RunSql;
  /** All rows of a table, in a fixed order. */
  rows(table: string): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

export const openFixture = async (testEngine: TestEngine, tables: readonly Table[]): Promise<Fixture> => {
  const place = await testEngine.place();
  const engine = await openEngine({ url: place.url, key: place.key });
  const run: RunSql = (sql, parameters) => engine.asOwner((owner) => owner.run(sql, parameters));
  try {
    await engine.asOwner(async (owner) => {
      await createFoundation(owner, engine.dialect);
      for (const table of tables) {
        for (const statement of engine.dialect.createTable(table)) await owner.script(statement);
      }
    });
    engine.register(tables);
  } catch (error) {
    await engine.close();
    await place.remove();
    throw error;
  }
  return {
    engine,
    place,
    run,
    rows: (table) => run(`SELECT * FROM ${table} ORDER BY 1`),
    close: async () => {
      await engine.close();
      await place.remove();
    },
  };
};

const asOwner =
  (before: readonly string[], after: readonly string[] = []): Access['attempt'] =>
  ({ engine }, statements) =>
    engine.asOwner(async (owner) => {
      for (const sql of before) await owner.run(sql);
      try {
        await owner.atomically(async () => {
          for (const sql of statements) await owner.script(sql);
        });
      } finally {
        for (const sql of after) await owner.run(sql);
      }
    });

/** A connection to an SQLite file without Ashlar's functions and settings. */
export const foreignConnection = ({ place }: Fixture, pragmas: readonly string[]): Database.Database => {
  const file = new Database(place.url.replace(/^[a-z]+:/, ''));
  if (place.key !== undefined) {
    file.pragma("cipher = 'sqlcipher'");
    file.pragma('legacy = 4');
    file.pragma(`key = "x'${place.key}'"`);
  }
  for (const pragma of pragmas) file.pragma(pragma);
  return file;
};

const foreign =
  (...pragmas: string[]): Access['attempt'] =>
  async (fixture, statements) => {
    const file = foreignConnection(fixture, pragmas);
    try {
      file.exec('BEGIN IMMEDIATE');
      for (const sql of statements) file.exec(sql);
      file.exec('COMMIT');
    } finally {
      file.close();
    }
  };

export const accesses: readonly Access[] = [
  { name: 'as the owner', on: ['sqlite', 'postgres'], attempt: asOwner([]) },
  {
    name: 'as a superuser with session_replication_role = replica',
    on: ['postgres'],
    attempt: asOwner(['SET session_replication_role = replica'], ['RESET session_replication_role']),
  },
  { name: 'from a connection without Ashlar', on: ['sqlite'], attempt: foreign('recursive_triggers = OFF') },
  {
    name: 'from a connection without Ashlar, checks and foreign keys',
    on: ['sqlite'],
    attempt: foreign('recursive_triggers = OFF', 'foreign_keys = OFF', 'ignore_check_constraints = ON'),
  },
];

/** Statements that would break a guarantee. */
export interface Attack {
  readonly name: string;
  /** The only dialect that has such a statement. */
  readonly only?: SqlName;
  readonly sql: string | readonly string[];
  /** The expected message, if something other than the guarantee may refuse it. */
  readonly by?: RegExp;
}

/** The message of the database. */
export const rootMessage = (error: unknown): string => {
  const { message, cause } = error as AshlarError;
  return cause === undefined ? message : rootMessage(cause);
};

/** Tests that each attack is refused for each kind of access and changes no row of these tables. */
export const refuses = (
  engine: TestEngine,
  fixture: () => Fixture,
  guarantee: string,
  tables: readonly string[],
  attacks: readonly Attack[],
): void => {
  const dialect = sqlOf(engine);
  const tried = accesses.filter((access) => access.on.includes(dialect));
  it.each(attacks.filter(({ only = dialect }) => only === dialect))('$name', async (attack) => {
    const { by = new RegExp(`^ashlar/${guarantee}: `) } = attack;
    const statements = [attack.sql].flat();
    const state = () => Promise.all(tables.map((table) => fixture().rows(table)));
    const before = await state();
    for (const access of tried) {
      const refusal = await access.attempt(fixture(), statements).then(
        () => 'nothing',
        (error: unknown) => rootMessage(error),
      );
      expect(refusal, `${access.name}: ${statements.join('; ')}`).toMatch(by);
      expect(await state(), access.name).toEqual(before);
    }
  });
};
