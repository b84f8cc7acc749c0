import { AshlarError, type ErrorCode } from '../../../errors.js';
import { markRetryable } from '../../retryable.js';

/** What the drivers' errors have in common. */
interface DriverError {
  readonly message?: string;
  readonly code?: string;
  readonly severity?: string;
  readonly detail?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
}

const facts = (error: unknown): DriverError =>
  typeof error === 'object' && error !== null ? (error as DriverError) : { message: String(error) };

// a driver's error carries values in its DETAIL; what is kept for logs does not
class PostgresFailure extends Error {
  override readonly name = 'PostgresFailure';
  readonly code: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;

  constructor(error: DriverError) {
    super(plainMessage(error));
    this.code = error.code;
    this.table = error.table;
    this.column = error.column;
    this.constraint = error.constraint;
  }
}

// messages of class 22 end with the value that did not fit
const plainMessage = ({ message = '', code }: DriverError): string =>
  code?.startsWith('22') ? message.replace(/: ".*"$/s, '') : message;

const networkCodes = /^E(CONNRESET|PIPE|CONNABORTED|NETRESET|TIMEDOUT|NOTCONN|HOSTUNREACH|NETUNREACH)$/;
const driverSaysDead = /^(Connection terminated|Client has encountered a connection error|Client was closed)/;

/** Whether an error means that the connection is gone: a socket error, or the server ended the session. */
export function isConnectionLost(error: unknown): boolean {
  const { code = '', message = '' } = facts(error);
  if (/^(08...|57P0[1-5]|25P03|25P04)$/.test(code)) return true;
  return networkCodes.test(code) || driverSaysDead.test(message);
}

/** Whether a kept statement no longer fits because the schema changed, or is no longer kept: run it again elsewhere. */
export function isStaleStatement(error: unknown): boolean {
  const { code, message = '' } = facts(error);
  return code === '26000' || (code === '0A000' && message.includes('cached plan'));
}

const keyColumns = (detail: string | undefined): string | undefined =>
  /^Key \((.*?)\)=/s.exec(detail ?? '')?.[1];

interface Described {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly suggestion?: string;
}

const guaranteeRefusal = /^ashlar\/([a-z][a-z-]*): (.*)$/s;

// new row violates row-level security policy [name] [(USING expression)] for table "…"
const rowSecurity = /violates row-level security policy .*for table "(.*)"$/;

const violations: Readonly<Record<string, (error: DriverError) => Described>> = {
  '23505': ({ table, constraint, detail }) => {
    const columns = keyColumns(detail);
    return {
      code: 'unique-violation',
      message: `A row of ${table} with the same ${columns ?? 'key'} exists.`,
      detail: `The unique key ${constraint}${columns ? ` (${columns})` : ''} allows each value once.`,
      suggestion: 'Use another value, or patch the row that has it.',
    };
  },
  '23503': foreignKey,
  // since PostgreSQL 18 what ON DELETE RESTRICT refuses has a code of its own, which triggers use too
  '23001': (error) => (error.constraint === undefined ? anythingElse(error) : foreignKey(error)),
  '23514': ({ table, constraint }) => ({
    code: 'check-violation',
    message: constraint
      ? `A value is refused by the check ${constraint}.`
      : `A row of ${table} fits no partition.`,
    detail: constraint ? `It is a CHECK constraint of ${table}.` : undefined,
  }),
  '23502': ({ table, column }) => ({
    code: 'not-null-violation',
    message: `The column ${table}.${column} was left empty.`,
    suggestion: 'Give a value.',
  }),
  '42501': ({ message }) => ({
    code: 'privilege-missing',
    message: 'The role of this connection may not do that.',
    detail: message,
  }),
  '55P03': () => ({
    code: 'lock-timeout',
    message: 'A lock was not granted in time.',
    detail: 'Another transaction holds the rows or the table.',
    suggestion: 'Try again, or raise lockTimeout.',
  }),
  '25006': () => ({
    code: 'session-read-only',
    message: 'A write was tried in a read-only session.',
    suggestion: 'Use db.session for writes.',
  }),
  '25P02': () => ({
    code: 'session-aborted',
    message: 'A statement failed earlier in this transaction, so nothing of it can be kept.',
    suggestion: 'Wrap what may fail in s.session(…), a savepoint.',
  }),
  '53100': () => ({
    code: 'disk-full',
    message: 'The disk of the server is full; the statement was rolled back.',
  }),
  '22021': unstorable,
  '22P05': unstorable,
};

function anythingElse(error: DriverError): Described {
  return {
    code: 'statement-failed',
    message: plainMessage(error) || 'The database refused a statement.',
    detail: error.code ? `SQLSTATE ${error.code}` : undefined,
  };
}

function foreignKey({ table, constraint, detail = '' }: DriverError): Described {
  const referred = /is (?:still )?referenced from table "(.*?)"/.exec(detail)?.[1];
  const missing = /is not present in table "(.*?)"/.exec(detail)?.[1];
  return {
    code: 'foreign-key-violation',
    message: referred
      ? `A row is still referred to by ${referred}.`
      : `A row of ${table} refers to one${missing ? ` of ${missing}` : ''} that does not exist.`,
    detail: `The foreign key ${constraint}${keyColumns(detail) ? ` (${keyColumns(detail)})` : ''} requires it.`,
    suggestion: referred
      ? 'Remove the rows that refer to it first.'
      : 'Insert the row that is referred to first.',
  };
}

function unstorable(): Described {
  return {
    code: 'value-unstorable',
    message: 'A text holds characters that PostgreSQL cannot store.',
    detail: 'NUL (U+0000) and lone surrogates have no form there.',
    suggestion: 'Remove them before storing the text.',
  };
}

const describe = (error: DriverError): Described => {
  const [, secured] = rowSecurity.exec(error.code === '42501' ? (error.message ?? '') : '') ?? [];
  if (secured !== undefined) {
    return {
      code: 'guarantee-violated',
      message: `rows of ${secured} are written by sessions of their scope only`,
      detail: `${secured} is kept by the guarantee scoped.`,
    };
  }
  const [, guarantee, text] = guaranteeRefusal.exec(error.message ?? '') ?? [];
  if (guarantee && text) {
    return {
      code: 'guarantee-violated',
      message: text,
      detail: `${error.table ? `${error.table} is` : 'The table is'} kept by the guarantee ${guarantee}.`,
    };
  }
  const known = violations[error.code ?? ''];
  if (known) return known(error);
  if (isConnectionLost(error)) {
    return {
      code: 'connection-lost',
      message: 'The connection to the server broke.',
      detail: plainMessage(error),
      suggestion: 'Run the session again; nothing of it was kept.',
    };
  }
  return anythingElse(error);
};

// serialization failure, deadlock
const runAgain = new Set(['40001', '40P01']);

/** A driver's error as one of ours: no values of rows, no passwords. One that is ours already stays as it is. */
export function asAshlarError(error: unknown): AshlarError {
  if (error instanceof AshlarError) return error;
  const driver = facts(error);
  const { code, ...told } = describe(driver);
  const made = new AshlarError(code, { ...told, cause: new PostgresFailure(driver) });
  return runAgain.has(driver.code ?? '') || isStaleStatement(driver) ? markRetryable(made) : made;
}

/** Lets `work` fail with our errors only. */
export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asAshlarError(error);
  }
}
