import { AshlarError, type ErrorCode } from '../../../errors.js';
import { markRetryable } from '../../retryable.js';

/** The fields that errors of both drivers share. */
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

// the DETAIL of a driver's error contains values of rows; this cause of an AshlarError, which reaches logs, does not
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

// messages of class 22 end with the invalid value
const plainMessage = ({ message = '', code }: DriverError): string =>
  code?.startsWith('22') ? message.replace(/: ".*"$/s, '') : message;

const networkCodes = /^E(CONNRESET|PIPE|CONNABORTED|NETRESET|TIMEDOUT|NOTCONN|HOSTUNREACH|NETUNREACH)$/;
const driverSaysDead = /^(Connection terminated|Client has encountered a connection error|Client was closed)/;

/** Whether an error means that the connection is lost: a socket error, or the server ended the session. */
export function isConnectionLost(error: unknown): boolean {
  const { code = '', message = '' } = facts(error);
  if (/^(08...|57P0[1-5]|25P03|25P04)$/.test(code)) return true;
  return networkCodes.test(code) || driverSaysDead.test(message);
}

/**
 * Whether an error means that a prepared statement no longer exists, or is no longer valid because the schema changed.
 * The statement can be run again on another connection.
 */
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
      suggestion: 'Use another value, or update the row that has this value.',
    };
  },
  '23503': foreignKey,
  // since PostgreSQL 18 ON DELETE RESTRICT has a code of its own, which triggers may use as well
  '23001': (error) => (error.constraint === undefined ? otherError(error) : foreignKey(error)),
  '23514': ({ table, constraint }) => ({
    code: 'check-violation',
    message: constraint
      ? `The CHECK constraint ${constraint} refused a value.`
      : `No partition of ${table} accepts the row.`,
    detail: constraint ? `The constraint belongs to the table ${table}.` : undefined,
  }),
  '23502': ({ table, column }) => ({
    code: 'not-null-violation',
    message: `The required column ${table}.${column} has no value.`,
    suggestion: 'Pass a value for the column.',
  }),
  '42501': ({ message }) => ({
    code: 'privilege-missing',
    message: 'The role of this connection lacks a privilege for the statement.',
    detail: message,
  }),
  '55P03': () => ({
    code: 'lock-timeout',
    message: 'A lock was not granted in time.',
    detail: 'Another transaction has locked the rows or the table.',
    suggestion: 'Try again, or raise the option lockTimeout.',
  }),
  '57014': ({ message = '' }) =>
    message.includes('user request')
      ? {
          code: 'session-cancelled',
          message: 'The server cancelled the statement, because another connection asked for it.',
          suggestion: 'Run the session again: it was rolled back.',
        }
      : {
          code: 'statement-timeout',
          message: 'A statement ran for longer than its limit and was cancelled.',
          detail: 'The limit is the option statementTimeout, or statement_timeout of the server or the role.',
          suggestion: 'Raise statementTimeout, or make the statement faster, for example with an index.',
        },
  '25006': () => ({
    code: 'session-read-only',
    message: 'This session cannot write.',
    suggestion: 'Use db.session(…) instead of db.read(…).',
  }),
  '25P02': () => ({
    code: 'session-aborted',
    message: 'A statement failed earlier in this transaction, so it can only be rolled back.',
    suggestion: 'Run statements that may fail in s.session(…), a savepoint.',
  }),
  '26000': () => ({
    code: 'pooler-unfit',
    message: 'The server does not know a statement that this connection prepared.',
    detail: 'A pooler gave the transaction another connection to the server.',
    suggestion:
      'Connect to the server directly, or let the pooler keep one server connection for each client (PgBouncer: pool_mode = session).',
  }),
  '53100': () => ({
    code: 'disk-full',
    message: 'The disk of the server is full; the statement was rolled back.',
    suggestion: 'Free space on the server, and try again.',
  }),
  '22021': unstorable,
  '22P05': unstorable,
};

function otherError(error: DriverError): Described {
  return {
    code: 'statement-failed',
    message: plainMessage(error) || 'The database refused a statement.',
    detail: error.code ? `SQLSTATE ${error.code}` : undefined,
  };
}

function foreignKey({ table, constraint, detail = '' }: DriverError): Described {
  const referencing = /is (?:still )?referenced from table "(.*?)"/.exec(detail)?.[1];
  const missing = /is not present in table "(.*?)"/.exec(detail)?.[1];
  return {
    code: 'foreign-key-violation',
    message: referencing
      ? `A row is still referenced by ${referencing}.`
      : `A row of ${table} references a row${missing ? ` of ${missing}` : ''} that does not exist.`,
    detail: `The foreign key ${constraint}${keyColumns(detail) ? ` (${keyColumns(detail)})` : ''} refused the statement.`,
    suggestion: referencing ? 'Delete the referencing rows first.' : 'Insert the referenced row first.',
  };
}

function unstorable(): Described {
  return {
    code: 'value-unstorable',
    message: 'A text contains characters that PostgreSQL cannot store.',
    detail: 'PostgreSQL stores no NUL (U+0000) and no lone surrogates.',
    suggestion: 'Remove these characters before storing the text.',
  };
}

const describe = (error: DriverError): Described => {
  const [, secured] = rowSecurity.exec(error.code === '42501' ? (error.message ?? '') : '') ?? [];
  if (secured !== undefined) {
    return {
      code: 'guarantee-violated',
      message: `rows of ${secured} are written by sessions of their scope only`,
      detail: `The guarantee "scoped" of ${secured} refused the statement.`,
    };
  }
  const [, guarantee, text] = guaranteeRefusal.exec(error.message ?? '') ?? [];
  if (guarantee && text) {
    return {
      code: 'guarantee-violated',
      message: text,
      detail: `The guarantee "${guarantee}" of ${error.table ?? 'the table'} refused the statement.`,
    };
  }
  const known = violations[error.code ?? ''];
  if (known) return known(error);
  if (isConnectionLost(error)) {
    return {
      code: 'connection-lost',
      message: 'The connection to the server was lost.',
      detail: plainMessage(error),
      suggestion: 'Run the session again: it was rolled back.',
    };
  }
  return otherError(error);
};

// serialization failure, deadlock
const runAgain = new Set(['40001', '40P01']);

/**
 * Translates an error of the driver into an AshlarError without values of rows or passwords. Returns an AshlarError as
 * it is.
 */
export function asAshlarError(error: unknown): AshlarError {
  if (error instanceof AshlarError) return error;
  const driver = facts(error);
  const { code, ...text } = describe(driver);
  const made = new AshlarError(code, { ...text, cause: new PostgresFailure(driver) });
  return runAgain.has(driver.code ?? '') || isStaleStatement(driver) ? markRetryable(made) : made;
}

/** Runs `work` and translates the driver's errors into AshlarErrors. @throws AshlarError */
export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asAshlarError(error);
  }
}
