import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { Schema } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { objectsOfSystem } from '../engines/declared-sql.js';
import { rootText } from '../engines/refusal.js';
import { AshlarError, isAshlarError } from '../errors.js';
import { unconvertible } from '../model/conversions.js';
import { withoutHeader } from '../sql/statements.js';
import { firstDifference, readKept } from './kept-rows.js';
import { assertBodiesFit, assertNoneLost, cannotRunWith, wouldBreak } from './ownership/breaks.js';
import { withTextsOf } from './ownership/keep.js';
import { type KeyedObject, nameOnly, objectsOf } from './ownership/keys.js';
import { suspects } from './ownership/suspects.js';
import { movedColumns } from './renames.js';
import { conversionOf } from './retypes.js';
import type { SqlBody } from './steps.js';
import { TrialRows } from './trial-rows.js';
import { type TrialTable, type TrialTablesOf, trialTables } from './trial-tables.js';

/** A generated step in one dialect, and the empty database in which the steps before it have run. */
export interface Trial extends TrialTablesOf {
  readonly engine: Engine;
  readonly system: SystemFacts;
  /** The objects that no generated step made and that the step keeps. */
  readonly kept: ReadonlySet<string>;
  /** The schema before the step and its renames. */
  readonly original: Schema;
  /** The renamed tables: former → current. */
  readonly renamedTables: ReadonlyMap<string, string>;
  /** What did not work before the step. */
  readonly broken: ReadonlySet<string>;
  /** Whether the step takes over tables of another program. */
  readonly adopts: boolean;
  readonly up: SqlBody;
  readonly down: SqlBody;
}

/** A table with whose rows a step cannot be undone. */
export interface StuckTable {
  readonly table: string;
  /** The dropped columns that get a value again. */
  readonly columns: readonly string[];
  /** What refuses the value. */
  readonly why: string;
}

/** What was found when a step was tried. */
export interface Tried {
  /** The tables that stay and for which no sample row was found. */
  readonly empty: readonly string[];
  readonly stuck: readonly StuckTable[];
}

/**
 * Tries a generated step in a shadow database: sample rows, the step up, a comparison with the model, the step down, a
 * comparison with the schema before. Rows that stay are compared, too, and every view and trigger must work afterwards.
 *
 * @returns the tables that stay and for which no sample row was found, and those whose rows keep the step from being undone
 * @throws AshlarError `migration-untested`, with the statement that failed or what differs; `migration-blocked` if the step
 *   would drop, change or break an object that no generated step made
 */
export async function tryStep(trial: Trial): Promise<Tried> {
  const { engine, comparison, kept: objects, renamedTables, broken, up, down } = trial;
  return engine.asOwner(async (connection) => {
    const owner = comparison.dialect.ownerOfSteps(connection);
    assertBodiesFit(
      { ...comparison, kept: objects, adopts: trial.adopts },
      trial.original,
      renamedTables,
      isDeclaredIn(trial),
    );
    const { tables, empty } = await insertInto(trial, owner);
    const kept = tables.filter(({ before }) =>
      comparison.after.tables.some(({ name }) => name === before.name),
    );
    const original = await readKept(trial, owner, kept, 'before');
    await tryFailures(trial, owner, tables);
    const stuck = await findStuck(trial, owner, tables);
    await runTrial(trial, owner, up);
    await assertSchema(trial, owner, 'up');
    assertNoneBroken(
      trial,
      (await brokenIn(trial, owner)).filter((each) => !broken.has(each)),
    );
    assertSame(trial, 'up', firstDifference(true, original, await readKept(trial, owner, kept, 'after')));
    if (!down.irreversible) {
      await runTrial(trial, owner, down);
      await assertSchema(trial, owner, 'down');
      assertSame(
        trial,
        'down',
        firstDifference(false, original, await readKept(trial, owner, kept, 'before')),
      );
    }
    return { empty: empty.filter((name) => kept.some(({ before }) => before.name === name)), stuck };
  });
}

const isDeclaredIn = ({ comparison: { dialect }, system }: Trial): ((object: KeyedObject) => boolean) => {
  const declared = new Set(objectsOfSystem(dialect, system).map(({ type, name }) => `${type} ${name}`));
  return ({ type, name }) => declared.has(`${type} ${nameOnly(name)}`);
};

// tables that refer to one another get rows only if each of them does
const insertInto = async (
  trial: Trial,
  owner: Owner,
): Promise<{ readonly tables: readonly TrialTable[]; readonly empty: readonly string[] }> => {
  const insert = async (defers: boolean) => {
    const tables = trialTables(trial, defers);
    return { tables, empty: await insertRows(trial, owner, tables) };
  };
  const isCircular = trialTables(trial, true).some(({ deferred }) => deferred.length > 0);
  return isCircular ? insert(true).catch(() => insert(false)) : insert(false);
};

const insertRows = (
  { engine, system }: Trial,
  owner: Owner,
  tables: readonly TrialTable[],
): Promise<readonly string[]> =>
  owner.atomically(async () => {
    const rows = new TrialRows(engine, owner, system);
    const empty: string[] = [];
    for (const table of tables) {
      // a row that lacks its parent could be refused only after the step
      const isOrphan = table.needs.some((target) => empty.includes(target));
      if (table.rows > 0 && !isOrphan && (await rows.insert(table))) continue;
      empty.push(table.before.name);
      // no rule says which values a type of another program takes
      const names = [...table.retypes.values()].flatMap(({ column, foreign }) => (foreign ? [] : [column]));
      if (names.length === 0 || table.rows === 0) continue;
      throw new AshlarError('migration-untested', {
        message: `The change of ${table.before.name}.${names.join(', ')} cannot be tried: no sample row fits ${table.before.name}.`,
        detail:
          'No value was found that the table accepts before the change and after it. Nothing was written.',
        suggestion:
          'Give a row in the probes of the system, or write the step by hand: ashlar migrate new NAME --empty.',
        facts: { table: table.before.name, columns: names },
      });
    }
    if (rows.isOwing) throw new Undone();
    return empty;
  });

class Undone extends Error {}

// each conversion with a value that it must refuse
const tryFailures = async (
  { engine, system, up, comparison }: Trial,
  owner: Owner,
  tables: readonly TrialTable[],
): Promise<void> => {
  for (const table of tables) {
    for (const retype of table.rows === 0 ? [] : table.retypes.values()) {
      // a type of another program may have rounded the value before
      const conversion = retype.foreign ? undefined : conversionOf(retype);
      const value = conversion && unconvertible(conversion);
      if (!conversion || value === undefined) continue;
      let ran = false;
      await owner
        .atomically(
          async () => {
            const rows = new TrialRows(engine, owner, system);
            const literal = rows.literal(conversion.from, value);
            // the table itself may refuse the value
            if (!(await rows.insert(table, { [retype.former]: literal }))) throw new Undone();
            for (const { sql } of up.statements) await owner.script(sql);
            ran = true;
            throw new Undone();
          },
          { rebuild: up.mode === 'rebuild' },
        )
        .catch(() => undefined);
      if (!ran) continue;
      throw untested(comparison.dialect.name, 'accepts a value that it cannot convert', {
        detail: `${retype.table}.${retype.column}`,
      });
    }
  }
};

/**
 * Finds the tables with whose rows the step cannot be undone: the value that a dropped column gets again may be refused by a key, a
 * foreign key or a rule of the table.
 */
const findStuck = async (
  trial: Trial,
  owner: Owner,
  tables: readonly TrialTable[],
): Promise<readonly StuckTable[]> => {
  const { engine, system, up, down } = trial;
  const stuck: StuckTable[] = [];
  for (const table of tables) {
    if (table.losses.length === 0 || down.irreversible) continue;
    const found = { table: table.before.name, columns: table.losses };
    const key = table.foreignKeys.find(({ columns }) => columns.some((name) => table.losses.includes(name)));
    if (key) {
      stuck.push({ ...found, why: `a foreign key needs a row of ${key.target} with the value` });
      continue;
    }
    let isUp = false;
    await owner
      .atomically(
        async () => {
          const rows = new TrialRows(engine, owner, system);
          for (const other of tables) if (other.rows > 0 || other === table) await rows.insert(other);
          if (!(await rows.insert(table))) throw new Undone();
          for (const { sql } of up.statements) await owner.script(sql);
          isUp = true;
          for (const { sql } of down.statements) await owner.script(sql);
          throw new Undone();
        },
        { rebuild: [up, down].some(({ mode }) => mode === 'rebuild') },
      )
      .catch((error: unknown) => {
        if (isUp && !(error instanceof Undone)) stuck.push({ ...found, why: whyOf(error) });
      });
  }
  return stuck;
};

const whyOf = (error: unknown): string => {
  const { constraint } = isAshlarError(error) ? (error.facts ?? {}) : {};
  return typeof constraint === 'string' ? `${constraint} refuses the value` : rootText(error);
};

const brokenIn = ({ comparison: { dialect } }: Trial, owner: Owner): Promise<readonly string[]> =>
  owner.atomically(() => dialect.findBroken(owner));

const assertNoneBroken = ({ comparison, kept }: Trial, [broken]: readonly string[]): void => {
  if (broken === undefined) return;
  throw kept.size > 0
    ? wouldBreak(broken)
    : untested(comparison.dialect.name, 'leaves an object that does not work', { detail: broken });
};

const inTheWay = ({ comparison, kept }: Trial, sql: string): readonly string[] => {
  const { dialect, before } = comparison;
  const dropped = before.tables.flatMap(({ name }) => movedColumns(comparison, name).lost);
  const objects = objectsOf(before).filter(({ key }) => kept.has(key));
  return suspects(objects, { sql, dialect: dialect.name, schema: before, dropped });
};

const runTrial = async (trial: Trial, owner: Owner, { statements, mode, file }: SqlBody): Promise<void> => {
  const {
    comparison: { dialect },
    kept,
  } = trial;
  let at = '';
  try {
    await owner.atomically(
      async () => {
        for (const statement of statements) {
          at = withoutHeader(statement);
          await owner.script(statement.sql);
        }
        at = 'the commit';
      },
      { rebuild: mode === 'rebuild' },
    );
  } catch (error) {
    const detail = `${rootText(error)}\nThe statement: ${at}`;
    const found = inTheWay(trial, at);
    throw kept.size > 0
      ? cannotRunWith(found.length > 0 ? new Set(found) : kept, detail, error)
      : untested(dialect.name, `does not run (${file.split('.')[0]})`, { detail, cause: error });
  }
};

const assertSchema = async (
  { engine, comparison, model, kept, adopts }: Trial,
  owner: Owner,
  direction: 'up' | 'down',
): Promise<void> => {
  const { dialect, before } = comparison;
  const made = await engine.introspect(owner);
  const after = adopts ? withTextsOf(made, comparison.after, kept) : comparison.after;
  assertNoneLost({ dialect, before, after: direction === 'up' ? after : before, kept }, made);
  const left =
    direction === 'up' ? dialect.changes(made, after, model, {}) : dialect.changes(made, before, [], {});
  if (left.length === 0) return;
  const problem =
    direction === 'up' ? 'does not make the declared schema' : 'does not restore the schema before it';
  throw untested(dialect.name, problem, { detail: left.map(({ summary }) => summary).join('\n') });
};

const assertSame = ({ comparison }: Trial, direction: 'up' | 'down', table: string | undefined): void => {
  if (table === undefined) return;
  throw untested(comparison.dialect.name, `changes rows that stay (${direction})`, {
    detail: `The table: ${table}`,
  });
};

const untested = (
  dialect: string,
  what: string,
  options: { readonly detail: string; readonly cause?: unknown },
): AshlarError =>
  new AshlarError('migration-untested', {
    message: `The generated step ${what} on ${dialect}. Nothing was written.`,
    ...options,
    suggestion: 'Write the step by hand: ashlar migrate new NAME --empty.',
  });
