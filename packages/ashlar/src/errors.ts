import { type ErrorEntry, type ExitCode, errorCodes } from './error-codes.js';

export { type ErrorEntry, type ExitCode, errorCodes } from './error-codes.js';

/**
 * The catalogues of systems, by the systems' names. A system adds its own by module augmentation, and its codes become
 * part of {@link ErrorCode}:
 *
 * @example
 * export const shopErrors = defineErrors('shop', { 'stock-empty': { exit: 1, meaning: 'The shelf is empty.' } });
 * declare module 'ashlar' {
 *   interface SystemErrors { shop: typeof shopErrors }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: systems add their catalogues to it
export interface SystemErrors {}

/** An error code: one of Ashlar's own, or one that a system adds through {@link SystemErrors}. */
export type ErrorCode =
  | keyof typeof errorCodes
  | { [Name in keyof SystemErrors]: keyof SystemErrors[Name] & string }[keyof SystemErrors];

const systemCodes = new Map<string, { readonly system: string; readonly entry: ErrorEntry }>();

/**
 * Adds the error codes of a system to the catalogue, so that `AshlarError` and the command line know their exit status.
 * Augment {@link SystemErrors} as well: then TypeScript knows the codes.
 *
 * @param system - the system's name
 * @param codes - each code in lower-case words with hyphens (`stock-empty`), with its exit status and meaning
 * @returns the codes as given, frozen
 * @throws AshlarError `usage` when Ashlar or another system has one of the codes, or a code has another form
 *
 * @example
 * defineErrors('shop', { 'stock-empty': { exit: 1, meaning: 'The shelf is empty.' } });
 * throw new AshlarError('stock-empty', { message: 'No apples are left.' });
 */
export function defineErrors<const Codes extends Readonly<Record<string, ErrorEntry>>>(
  system: string,
  codes: Codes,
): Codes {
  for (const [code, entry] of Object.entries(codes)) assertNewCode(system, code, entry);
  for (const [code, entry] of Object.entries(codes)) systemCodes.set(code, { system, entry });
  return Object.freeze(codes);
}

function assertNewCode(system: string, code: string, { exit, meaning }: ErrorEntry): void {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(code)) {
    throw new AshlarError('usage', {
      message: `The error code ${code} of ${system} is not valid.`,
      suggestion: 'Use lower-case words with hyphens: stock-empty.',
    });
  }
  const known = systemCodes.get(code);
  // a module may be loaded twice, by two loaders
  const same = known?.system === system && known.entry.exit === exit && known.entry.meaning === meaning;
  const owner = Object.hasOwn(errorCodes, code) ? 'Ashlar' : same ? undefined : known?.system;
  if (owner === undefined) return;
  throw new AshlarError('usage', {
    message: `The error code ${code} of ${system} is already an error code of ${owner}.`,
    suggestion: `Choose another code, for example ${system}-${code}.`,
  });
}

function entryOf(code: string): ErrorEntry | undefined {
  return Object.hasOwn(errorCodes, code)
    ? errorCodes[code as keyof typeof errorCodes]
    : systemCodes.get(code)?.entry;
}

/**
 * Facts about the cause of an error, so that no caller reads its texts. Each is left out where it is not known. For one
 * cause they are equal on every engine, and none holds a value of a row.
 */
export interface ErrorFacts {
  /** The table whose rows, constraint or guarantee is concerned. For a foreign key: the table that declares it. */
  readonly table?: string;
  /** Columns of {@link table}, in the order in which their constraint names them. */
  readonly columns?: readonly string[];
  /** The name of the key, index, foreign key or CHECK, as it is declared or derived from the declaration. */
  readonly constraint?: string;
  /** The name of the guarantee that refused the statement: `append-only`. */
  readonly guarantee?: string;
  /** The rows and values that a migration step would lose. */
  readonly losses?: readonly LossFact[];
  /** The versions of Ashlar's own objects: in the database, the lowest that it still works with, and in this package. */
  readonly foundation?: { readonly database: number; readonly oldest: number; readonly package: number };
  /** The place of the row that was refused, in the list that `insertMany` was given; the first row has the place 0. */
  readonly row?: number;
  /** What Zod found, one for each problem. */
  readonly issues?: readonly ErrorIssue[];
}

/** Rows of a table, or values of a column, that a migration step would lose. */
export interface LossFact {
  readonly step: string;
  readonly table: string;
  /** The column whose values would be lost; left out where rows would be lost. */
  readonly column?: string;
  /** The number of rows, or of rows whose value would be lost. */
  readonly rows: number;
}

/** A problem that Zod found in a value. It never has the value itself. */
export interface ErrorIssue {
  /** Zod's code of the problem: `too_small`, `invalid_format`, … */
  readonly code: string;
  /**
   * Where the value is: the column and, inside a JSON column, properties that its schema declares and indexes of arrays.
   * It ends before a key of a record, which is a value.
   */
  readonly path: readonly (string | number)[];
  /** Zod's message; left out for an encrypted column. */
  readonly message?: string;
}

/**
 * The texts, the facts and the cause of an error. No text may hold a key, a password or a value of a row.
 */
export interface ErrorDescription {
  /** What happened, in one sentence. */
  message: string;
  /** Why it happened: the reason or further details, one a line. */
  detail?: string | undefined;
  /** What the caller or user can do about the error. */
  suggestion?: string | undefined;
  /** The facts as data. Default: none is known. */
  facts?: ErrorFacts | undefined;
  /** The underlying error, for logs only: it is never shown to a user. */
  cause?: unknown;
}

/**
 * The class of every error that Ashlar throws on purpose. `code` is stable and catalogued; `message` says what
 * happened, `detail` why, and `suggestion` what to do; `facts` says which table, columns, constraint or guarantee is
 * concerned. Neither a text nor a fact holds a key, a password or a value of a row.
 */
export class AshlarError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly suggestion: string | undefined;
  /** The facts that are known; `{}` if none is. */
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, description: ErrorDescription) {
    super(description.message, description.cause === undefined ? undefined : { cause: description.cause });
    this.name = 'AshlarError';
    this.code = code;
    this.detail = description.detail;
    this.suggestion = description.suggestion;
    this.facts = Object.freeze(description.facts ?? {});
  }

  /** The exit status of a command that ends with this error; 1 if no catalogue has its code. */
  get exitCode(): ExitCode {
    return entryOf(this.code)?.exit ?? 1;
  }

  /** Returns the error as plain data, without stack and cause. */
  toJSON(): { code: ErrorCode; message: string; detail?: string; suggestion?: string; facts?: ErrorFacts } {
    return {
      code: this.code,
      message: this.message,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
      ...(this.suggestion === undefined ? {} : { suggestion: this.suggestion }),
      ...(Object.keys(this.facts).length === 0 ? {} : { facts: this.facts }),
    };
  }
}

/**
 * Whether a value is an error of Ashlar and, if codes are given, has one of them. Unlike `instanceof` it also recognises
 * the errors of a second copy of the package, and those of another realm.
 *
 * @example
 * try {
 *   await s.insert(users, { email });
 * } catch (error) {
 *   if (isAshlarError(error, 'unique-violation') && error.facts.columns?.includes('email')) return 'taken';
 *   throw error;
 * }
 */
export function isAshlarError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is AshlarError & { readonly code: Code } {
  if (typeof error !== 'object' || error === null) return false;
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  if (name !== 'AshlarError' || typeof code !== 'string') return false;
  return codes.length === 0 || (codes as readonly string[]).includes(code);
}
