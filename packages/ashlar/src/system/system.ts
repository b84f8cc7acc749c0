import type { GuardedPlace } from '../contract/guards.js';
import type { AcceptedObject, DeclaredObject } from '../contract/objects.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import type { JobCommands } from '../jobs/job-commands.js';
import { guardRefused } from '../model/guard-refused.js';
import type { Insert, Table, Tables, Views, WithViews } from '../model/index.js';
import type { Command } from './command.js';
import { assertDeclaredStatements } from './declared-statements.js';
import { assertObjectNames } from './object-names.js';
import { assertReferences } from './references.js';

/**
 * A named set of tables with their migrations, jobs and commands. `connect`, the command line and `prove`
 * take a system.
 */
export interface System<T extends Tables = Tables> extends SystemFacts<T> {
  readonly kind: 'system';
  /** The batch jobs that the system contributes to `ashlar jobs`. */
  readonly jobs?: JobCommands;
  /** The system's own commands by name, which run as `ashlar SYSTEM COMMAND`. */
  readonly commands?: Readonly<Record<string, Command>>;
}

/** The tables, migrations, jobs, commands and probe rows that declare a system. */
export interface SystemParts<T extends Tables> {
  readonly tables: T;
  readonly migrations: URL;
  /** Objects that are declared by their SQL, with `extra`; they come after all tables. */
  readonly objects?: readonly DeclaredObject[];
  /**
   * Objects that no step makes, by the names that `status` gives them, each with the reason: what a provider or another team
   * made. They are no finding of `prove`; `status` names them with the reason.
   */
  readonly accepts?: readonly AcceptedObject[];
  readonly jobs?: JobCommands;
  /** The system's own commands, which run as `ashlar SYSTEM COMMAND`, by name: lower-case words with hyphens. */
  readonly commands?: Readonly<Record<string, Command>>;
  /**
   * Complete or partial rows that `ashlar prove` inserts into an empty table before it attacks the table. They give the
   * columns whose valid values it cannot guess, because a `check()` or a `.refine()` restricts them. They are always
   * rolled back.
   */
  readonly probes?: { readonly [K in keyof T]?: readonly Partial<Insert<T[K]>>[] };
}

/**
 * Declares a system: a named set of tables with their migrations, jobs and commands.
 *
 * @param name - lower-case letters, digits, `_` and `-`; the first is a letter; not `ashlar`
 * @throws AshlarError `table-invalid` if it lacks the keyring of an encrypted table, two of its objects have the same name, or a foreign key refers to no key; `usage` if its name or the name of a
 *   command is not valid
 *
 * @example
 * export const shipping = system('shipping', { tables: { jobs }, migrations: new URL('./migrations/', import.meta.url) });
 */
export function system<T extends Tables>(name: string, parts: SystemParts<T>): System<T>;
/** Declares a system with views, which `s.query` reads like tables. */
export function system<T extends Tables, V extends Views>(
  name: string,
  parts: SystemParts<T> & { readonly views: V },
): System<T & WithViews<V>>;
/** Declares a system. */
export function system(name: string, parts: SystemParts<Tables> & { readonly views?: Views }): System {
  const outside = Object.values<Table>(parts.tables).find((table) => table.external);
  if (outside)
    throw guardRefused(
      `The table ${outside.name} belongs to another tool, so no system owns it.`,
      'Declare it in a guard: guard(name, { tables, migrations }) of ashlar/guard.',
      { table: outside.name },
    );
  return declareSystem(name, parts);
}

/** Declares a system, or a guard where `guards` says where its tables are. @throws AshlarError as {@link system} */
export function declareSystem(
  name: string,
  parts: SystemParts<Tables> & { readonly views?: Views; readonly guards?: GuardedPlace },
): System {
  assertName(name);
  assertKeyrings(name, Object.values<Table>(parts.tables));
  assertObjectNames(name, Object.values<Table>(parts.tables));
  assertDeclaredStatements([
    ...Object.values<Table>(parts.tables).flatMap(({ objects = [] }) => objects),
    ...(parts.objects ?? []),
  ]);
  assertReferences(Object.values<Table>(parts.tables));
  assertCommandNames(name, Object.keys(parts.commands ?? {}));
  return Object.freeze({ kind: 'system' as const, name, ...parts }) as System;
}

const assertName = (name: string): void => {
  if (name === 'ashlar') {
    throw new AshlarError('usage', {
      message: 'A system cannot have the name ashlar.',
      detail: 'Under this name, the history of a database records the versions of Ashlar’s own objects.',
      suggestion: 'Choose another name.',
    });
  }
  if (/^[a-z][a-z0-9_-]*$/.test(name)) return;
  throw new AshlarError('usage', {
    message: `The system name ${JSON.stringify(name)} is not valid.`,
    suggestion: 'Use lower-case letters, digits, _ and -, and begin with a letter: web-shop.',
  });
};

const assertKeyrings = (name: string, tables: readonly Table[]): void => {
  const without = tables.find(
    ({ facts: { encryption } }) => encryption && !tables.some((table) => table === encryption.keys),
  );
  if (!without) return;
  throw new AshlarError('table-invalid', {
    message: `The system ${name} lacks the table ${without.facts.encryption?.keys.name}, which holds the data keys of ${without.name}.`,
    suggestion: 'Add that table to the system.',
  });
};

const assertCommandNames = (system: string, names: readonly string[]): void => {
  const wrong = names.find((name) => !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name === 'help');
  if (wrong === undefined) return;
  throw new AshlarError('usage', {
    message: `The system ${system} has a command with the invalid name ${wrong}.`,
    suggestion: 'Use lower-case words with hyphens: low-stock.',
  });
};
