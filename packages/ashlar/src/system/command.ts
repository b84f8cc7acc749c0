import type { z } from 'zod';
import { AshlarError } from '../errors.js';
import type { Tables } from '../model/index.js';
import type { Database } from '../session/database.js';

/** What a command of a system is given when it runs. */
export interface CommandContext<T extends Tables = Tables, Input = unknown, Settings = unknown> {
  /** The open database of the system, as the application's role. It is closed when the command ends. */
  readonly db: Database<T>;
  /** The input, as the schema parsed it. */
  readonly input: Input;
  /** The settings, as their schema parsed the environment and the file `.env`. */
  readonly settings: Settings;
  /** Who runs the command: `--actor`, or the user of the operating system. Give it to sessions. */
  readonly actor: string;
  /** Aborted by the first Ctrl-C: finish what must be finished, and return. */
  readonly signal: AbortSignal;
  /** Prints a line of the result for people. Without any output, the returned document is printed. */
  readonly print: (line: string) => void;
  /** Prints a table for people. */
  readonly printTable: (head: readonly string[], rows: readonly (readonly (string | number)[])[]) => void;
  /** Prints a remark on standard error, with `--json` too. */
  readonly note: (line: string) => void;
  /** Shows how far long work has come; `total` is left out while it is not known. */
  readonly progress: (done: number, total?: number) => void;
}

/** The declaration of a command. */
export interface CommandParts<T extends Tables, I extends z.ZodObject, S extends z.ZodObject> {
  /** What the command does, in one line. */
  readonly summary: string;
  /** More about it, for its `--help`. */
  readonly description?: string;
  /** The tables of the system: only to give `db` its type. */
  readonly tables?: T;
  /**
   * The input. Each property becomes an option (`maxPrice` → `--max-price`); its type, `.describe()`, default and
   * choices are shown by `--help`.
   */
  readonly input: I;
  /** The properties of the input that are arguments instead of options, in order. The last may be an array. */
  readonly positionals?: readonly (keyof z.input<I> & string)[];
  /** The environment variables that the command reads, as one object schema. */
  readonly settings?: S;
  /** Does the work. @returns the document that `--json` prints: plain data */
  readonly run: (context: CommandContext<T, z.output<I>, z.output<S>>) => Promise<unknown>;
}

/** A command that a system contributes, made by {@link command}. */
export interface Command {
  readonly kind: 'command';
  readonly summary: string;
  readonly description: string | undefined;
  readonly input: z.ZodObject;
  readonly positionals: readonly string[];
  readonly settings: z.ZodObject | undefined;
  readonly run: (context: CommandContext) => Promise<unknown>;
}

/** The options that each command has; a property of the input cannot have one of these names. */
export const reservedOptions: readonly string[] = [
  'actor',
  'allow-owner',
  'config',
  'help',
  'json',
  'key-file',
  'system',
  'url',
  'version',
];

/** The option of a property: `maxPrice` and `max_price` → `max-price`. */
export function optionName(property: string): string {
  return property
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
}

/**
 * Declares a command of a system. The command line serves it as `ashlar SYSTEM COMMAND …`: it parses the input by the
 * schema, opens the database, runs the command and closes the database.
 *
 * @throws AshlarError `usage` when a property has the name of an option that every command has, or an argument is not a
 *   property of the input
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
  for (const property of Object.keys(input.shape)) {
    if (!reservedOptions.includes(optionName(property))) continue;
    throw new AshlarError('usage', {
      message: `The input property ${property} of a command (${summary}) is not allowed.`,
      detail: `Every command has the option --${optionName(property)}.`,
      suggestion: 'Give the property another name.',
    });
  }
  const unknown = positionals.find((name) => !Object.hasOwn(input.shape, name));
  if (unknown !== undefined) {
    throw new AshlarError('usage', {
      message: `The argument ${unknown} of a command (${summary}) is not a property of its input.`,
      suggestion: `Name one of: ${Object.keys(input.shape).join(', ')}.`,
    });
  }
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
