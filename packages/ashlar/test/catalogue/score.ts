import type { Catalogue } from '../../src/contract/catalogue.js';
import type { RunSql } from '../../src/contract/sql.js';
import { describeWithin } from '../../src/engines/postgres/catalogue/describe.js';
import { compareWithSteps, comparisonOf } from '../../src/migrations/catalogue/with-steps.js';
import { driftOf } from '../../src/migrations/drift.js';
import { readHistory } from '../../src/migrations/history.js';
import { undeclaredOf } from '../../src/migrations/ownership/undeclared.js';
import { defaultRoles } from '../../src/roles/names.js';
import { wantedRights } from '../../src/roles/wanted.js';
import type { InitialisedDatabase } from '../prove/support.js';
import { type Mutant, postgresMutants } from './postgres-mutants.js';
import type { Recorded } from './recorded.js';
import { sqliteMutants } from './sqlite-mutants.js';

/** What a comparison said of one mutant. */
export interface Scored extends Mutant {
  /** `impossible`: the database refuses the change itself. */
  readonly outcome: 'named' | 'silent' | 'impossible';
  /** The lines of the comparison, or the error of the database. */
  readonly lines: readonly string[];
}

class Undone extends Error {}

/** A role that has no rights; it is made in the transaction of the mutants. */
const stranger = 'mutant_stranger';

/**
 * Makes each mutant of a database in a transaction that is rolled back, and compares the database with its steps and the roles
 * with what the guarantees allow.
 *
 * @param isChosen - whether a mutant is tried
 * @param recorded - what earlier runs found, and where this one adds what it finds
 */
export async function scoreOf(
  { engine, system }: Pick<InitialisedDatabase, 'engine' | 'system'>,
  isChosen: (mutant: Mutant) => boolean,
  recorded: Recorded<Scored>,
): Promise<readonly Scored[]> {
  const { dialect } = engine;
  const before = await compareWithSteps(engine, system);
  if (!before) throw new Error('The database is not initialised.');
  await engine.asOwner(async (owner) => {
    const history = await readHistory(owner, dialect);
    const wanted = wantedRights(dialect, system, defaultRoles);
    const found = async (): Promise<Catalogue> => {
      if (dialect.name === 'postgres') return describeWithin(owner.run);
      const whole = await engine.catalogue(owner);
      // that of this transaction
      return {
        ...whole,
        parts: whole.parts.filter(({ kind, name }) => `${kind} ${name}` !== 'row left in ashlar_session'),
      };
    };
    const lines = async (): Promise<readonly string[]> => {
      const compared = comparisonOf({
        dialect,
        system,
        history,
        found: await found(),
        expected: before.expected,
      });
      const of = [
        ...driftOf(compared),
        ...undeclaredOf(dialect, system, compared).map(({ object }) => object),
      ];
      if (of.length > 0) return of;
      for (const table of Object.values(system.tables))
        for (const guarantee of table.guarantees) {
          const enforcement = guarantee[dialect.name];
          if (enforcement.level === 'refused' || !enforcement.inspect) continue;
          const tools = {
            now: new Date(),
            atomically: <T>(work: (run: RunSql) => Promise<T>) => work(owner.run),
          };
          const inspected = await enforcement.inspect(table, tools);
          if (inspected.length > 0) return inspected;
        }
      const transient = await Promise.all(
        dialect.proving.conditions.map(({ finds }) => owner.run(finds([]))),
      );
      const rows = transient.flat().map((row) => String(row.found));
      if (rows.length > 0 || !dialect.roles) return rows;
      return [
        ...(await dialect.roles.plan(owner.run, wanted)).map(({ difference }) => difference),
        ...(await dialect.roles.powers(owner.run, wanted)).map(({ finding }) => finding),
      ];
    };
    const tried = async (mutant: Mutant): Promise<Omit<Scored, keyof Mutant>> => {
      await owner.script('SAVEPOINT mutant');
      try {
        for (const sql of mutant.sql) await owner.script(sql);
        const named = await lines();
        return { outcome: named.length > 0 ? 'named' : 'silent', lines: named };
      } catch (error) {
        return { outcome: 'impossible', lines: [String((error as Error).message)] };
      } finally {
        await owner.script('ROLLBACK TO SAVEPOINT mutant; RELEASE SAVEPOINT mutant');
      }
    };
    const all = owner.atomically(async () => {
      if (dialect.name === 'postgres') await owner.script(`CREATE ROLE ${stranger}`);
      const mutants =
        dialect.name === 'postgres'
          ? await postgresMutants(owner.run, { ...defaultRoles, stranger })
          : await sqliteMutants(owner.run);
      const clean = await lines();
      if (clean.length > 0) throw new Error(`The unchanged database is named: ${clean.join('; ')}`);
      recorded.ofAll(mutants.length);
      for (const mutant of mutants)
        if (isChosen(mutant) && !recorded.has(mutant)) recorded.add({ ...mutant, ...(await tried(mutant)) });
      throw new Undone();
    });
    await all.catch((error) => {
      if (!(error instanceof Undone)) throw error;
    });
  });
  return recorded.all;
}
