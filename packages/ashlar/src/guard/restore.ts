import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { RowSecurity, Schema, SchemaChange, SchemaObject, SchemaTable } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { externalSecurity } from '../engines/external-tables.js';
import { AshlarError } from '../errors.js';
import type { Difference } from '../migrations/catalogue/compare.js';
import { comparisonOf } from '../migrations/catalogue/with-steps.js';
import { assertHistory, compareHistory } from '../migrations/compare-history.js';
import { assertUsable, foundationState } from '../migrations/foundation.js';
import { assertOwnPlace } from '../migrations/guard-place.js';
import { readHistory } from '../migrations/history.js';
import { ensureHistory } from '../migrations/initialise.js';
import { inCreationOrder, stateOfSteps } from '../migrations/shadow.js';
import { readSteps } from '../migrations/steps.js';

/** The options of {@link restoreGuard}. */
export interface RestoreOptions {
  /** Who is recorded where Ashlar's own objects have to be made again. */
  readonly actor: string;
  /** How long a statement waits for a lock, in milliseconds. */
  readonly lockTimeout?: number | undefined;
  /** As that of `up`. */
  readonly allowLate?: boolean | undefined;
}

/**
 * Makes the objects of a guard again that another tool's migration dropped, disabled or changed, as the applied steps make
 * them; in one transaction. It drops nothing that the tool made, and changes no table.
 *
 * @returns one line for each object that was restored; empty where nothing was missing, and before the first step
 * @throws AshlarError `migration-changed`, `migration-missing`, `migration-late`, `database-newer` and `guard-refused` before
 *   anything is restored; `migration-failed`, `driver-missing`, `lock-timeout`, `privilege-missing`
 */
export function restoreGuard(
  engine: Engine,
  system: SystemFacts,
  { actor, lockTimeout, allowLate }: RestoreOptions,
): Promise<readonly string[]> {
  return engine.asOwner(
    async (owner) => {
      const { dialect } = engine;
      const everything = await readHistory(owner, dialect);
      const rows = everything.filter((row) => row.system === system.name);
      if (!system.guards || rows.length === 0) return [];
      const steps = await readSteps(system.migrations, dialect.name);
      // before anything is made again: an older checkout, or another project, would put its own objects in the place of these
      assertUsable(foundationState(everything), dialect);
      assertOwnPlace(system, everything);
      const comparison = compareHistory(steps, rows);
      assertHistory(system.name, comparison, { allowLate });
      const pending = new Set(comparison.pending);
      const expected = await stateOfSteps(
        dialect,
        steps.filter((step) => !pending.has(step)),
        foundationState(everything).version,
      );
      await owner.atomically(() => ensureHistory(owner, dialect, actor));
      const found = await engine.catalogue(owner);
      const { differences } = comparisonOf({ dialect, system, history: everything, found, expected });
      const model = inCreationOrder(Object.values(system.tables));
      const changes = dialect.changes(
        withDifferences(expected.schema, differences),
        expected.schema,
        model,
        {},
      );
      if (changes.length === 0) return [];
      return owner.atomically(
        () => run(owner, changes, pending.size > 0),
        lockTimeout === undefined ? {} : { lockTimeout },
      );
    },
    { exclusive: true },
  );
}

/**
 * Runs the changes, and returns what they did.
 *
 * @param mayFail - whether pending steps put right what cannot be restored: an object that names a column which the tool has
 *   renamed or dropped since. It is left out; a second call after the steps makes it again, or fails
 */
const run = async (
  owner: Owner,
  changes: readonly SchemaChange[],
  mayFail: boolean,
): Promise<readonly string[]> => {
  const done: string[] = [];
  for (const { summary, up } of changes) {
    await owner.script('SAVEPOINT ashlar_restore');
    try {
      for (const statement of up) await owner.script(statement);
      done.push(summary);
    } catch (error) {
      if (!mayFail || !isUndefined(error)) throw error;
      await owner.script('ROLLBACK TO SAVEPOINT ashlar_restore');
    }
    await owner.script('RELEASE SAVEPOINT ashlar_restore');
  }
  return done;
};

// undefined_column, undefined_table, undefined_function, undefined_object
const undefinedStates = ['42703', '42P01', '42883', '42704'];

/** Whether a statement named something that does not exist. */
const isUndefined = (error: unknown): boolean => {
  if (!(error instanceof AshlarError)) return false;
  const { code, message } = (error.cause ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  return undefinedStates.includes(String(code)) || /^no such (?:table|column)/.test(String(message));
};

type Key = `${string} ${string}`;

const keyOf = (kind: string, name: string, on?: string): Key =>
  `${kind} ${on === undefined ? '' : `${on}.`}${name}`;

/**
 * Returns the schema of the steps as a database has it, as far as `restoreGuard` puts it right: without the missing objects,
 * and with the changed ones in another form.
 */
const withDifferences = (schema: Schema, differences: readonly Difference[]): Schema => {
  const missing = new Set<Key>();
  const changed = new Set<Key>();
  const security = new Map<string, RowSecurity>();
  for (const { what, part, facts } of differences) {
    const { kind, name, on, outside } = part;
    if (outside || what === 'extra') continue;
    const key = keyOf(kind, name, kind === 'trigger' || kind === 'policy' ? on : undefined);
    if (what === 'missing') missing.add(key);
    else if (kind === 'table') {
      const rows = facts.find(({ fact }) => fact === externalSecurity || fact === 'row-level security');
      if (rows) security.set(name, securityIn(rows.found));
    } else if (facts.some(({ fact }) => fact !== 'tuning')) changed.add(key);
  }
  const left = <T extends SchemaObject>(kind: string, objects: readonly T[], on?: string): T[] =>
    objects.flatMap((object) => {
      const key = keyOf(kind, object.name, on);
      if (missing.has(key)) return [];
      return changed.has(key) ? [{ ...object, definition: '' }] : [object];
    });
  const tables = schema.tables.flatMap((table): SchemaTable[] => {
    // a table of the tool comes back by the tool
    if (missing.has(keyOf('table', table.name))) return table.external ? [table] : [];
    const rows = table.rowSecurity ?? { enabled: false, forced: false, policies: [] };
    const { enabled, forced } = security.get(table.name) ?? rows;
    return [
      {
        ...table,
        triggers: left('trigger', table.triggers, table.name),
        indexes: left('index', table.indexes),
        rowSecurity: { enabled, forced, policies: left('policy', rows.policies, table.name) },
      },
    ];
  });
  return { ...schema, tables, functions: left('function', schema.functions) };
};

/** The row security that a fact of the catalogue says. */
const securityIn = (found: string | undefined): RowSecurity => ({
  enabled: found === 'forced' || found === 'on, not for the owner',
  forced: found === 'forced' || found === 'off, forced',
  policies: [],
});
