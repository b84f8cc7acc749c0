import type { z } from 'zod';
import type { Tables } from '../model/index.js';
import type { Database } from '../session/database.js';
import { assertInput } from './assert-input.js';

/** The values and functions that Ashlar passes to a system's command when it runs. */
export interface CommandContext<T extends Tables = Tables, Input = unknown, Settings = unknown> {
  /** The database of the system, opened in the application's role. It is closed when the command ends. */
  readonly db: Database<T>;
  /** The input of the command, parsed by its input schema. */
  readonly input: Input;
  /** The settings of the command: the environment and the file `.env`, parsed by its settings schema. */
  readonly settings: Settings;
  /** The actor that runs the command: `--actor`, or the user of the operating system. Pass it to sessions. */
  readonly actor: string;
  /** The first Ctrl-C aborts this signal: the command must then finish its current work and return. */
  readonly signal: AbortSignal;
  /**
   * Prints a line of the result as text; nothing with `--json`. Without any output, the returned document is printed.
   */
  readonly print: (line: string) => void;
  /** Prints a table of results as text; nothing with `--json`. */
  readonly printTable: (head: readonly string[], rows: readonly (readonly (string | number)[])[]) => void;
  /** Prints a remark on standard error, with `--json` too. */
  readonly note: (line: string) => void;
  /** Shows the progress of a long operation; leave out `total` while it is unknown. */
  readonly progress: (done: number, total?: number) => void;
}

/** The declaration of a command. */
export interface CommandParts<T extends Tables, I extends z.ZodObject, S extends z.ZodObject> {
  /** One line that says what the command does, for the lists of `--help`. */
  readonly summary: string;
  /** Further text for the command's `--help`. */
  readonly description?: string;
  /** The tables of the system. They only give `db` its type. */
  readonly tables?: T;
  /**
   * The schema of the input. Each property becomes an option (`maxPrice` → `--max-price`); its type, `.describe()`,
   * default and choices are shown by `--help`. Name a switch positively: a boolean `backup` whose default is `true` gives
   * `--no-backup` too.
   */
  readonly input: I;
  /**
   * The properties of the input that are arguments instead of options, in order: the required ones first. The last may
   * be an array.
   */
  readonly positionals?: readonly (keyof z.input<I> & string)[];
  /** The environment variables that the command reads, as one object schema. */
  readonly settings?: S;
  /**
   * Runs the command.
   *
   * @returns the document that `--json` prints: plain data. A bigint is printed as a string of its decimal digits, a Set
   *   as a list, and a Map as an object; the keys of a Map must be texts or numbers.
   */
  readonly run: (context: CommandContext<T, z.output<I>, z.output<S>>) => Promise<unknown>;
}

/** A command that a system contributes, created by {@link command}. */
export interface Command {
  readonly kind: 'command';
  readonly summary: string;
  readonly description: string | undefined;
  readonly input: z.ZodObject;
  readonly positionals: readonly string[];
  readonly settings: z.ZodObject | undefined;
  readonly run: (context: CommandContext) => Promise<unknown>;
}

/**
 * Declares a command that a system adds to the command line. The command line serves it as `ashlar SYSTEM COMMAND …`:
 * it parses the input by the schema, opens the database, runs the command and closes the database.
 *
 * @throws AshlarError `usage` when a property has the name of an option that every command has, or gives an option that
 *   begins with `no-`; when two properties give the same option; when an argument is not a property of the input, a list
 *   is not the last argument, or an optional argument is before a required one
 *
 * @example
 * const lowStock = command({
 *   summary: 'list the items that must be ordered',
 *   tables: { items },
 *   input: z.object({ below: z.int().min(0).default(10).describe('list items with less than this in stock') }),
 *   run: ({ db, input }) =>
 *     db.read((s) => s.query.selectFrom('items').selectAll().where('stock', '<', input.below).execute()),
 * });
 * export const shop = system('shop', { tables: { items }, migrations, commands: { 'low-stock': lowStock } });
 */
export function command<
  I extends z.ZodObject,
  T extends Tables = Tables,
  S extends z.ZodObject = z.ZodObject<Record<never, never>>,
>(parts: CommandParts<T, I, S>): Command {
  const { summary, description, input, positionals = [], settings } = parts;
  assertInput(summary, input, positionals);
  return Object.freeze({
    kind: 'command' as const,
    summary,
    description,
    input,
    positionals,
    settings,
    // the database that runs it is the system's own, with these tables
    run: parts.run as unknown as Command['run'],
  });
}
