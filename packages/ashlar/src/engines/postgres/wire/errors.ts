import { AshlarError, type ErrorCode, type ErrorDescription, type ErrorFacts } from '../../../errors.js';
import { DeclaredFacts, type Reported } from '../../declared-facts.js';
import { markRetryable } from '../../retryable.js';
import {
  checkViolation,
  computedViolation,
  foreignKeyViolation,
  guaranteeViolation,
  notNullViolation,
  uniqueViolation,
} from '../../violations.js';
import { withoutLiterals } from '../../without-literals.js';
import {
  type DriverError,
  fieldsOf,
  isConnectionLost,
  isOtherBinary,
  isQueueFull,
  isStaleStatement,
} from './driver-error.js';

// the DETAIL of a driver's error contains values of rows; this cause of an AshlarError, which reaches logs, does not
class PostgresFailure extends Error {
  override readonly name = 'PostgresFailure';
  readonly code: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;

  constructor(error: DriverError) {
    super(error.message);
    this.code = error.code;
    this.table = error.table;
    this.column = error.column;
    this.constraint = error.constraint;
  }
}

const guaranteeRefusal = /^ashlar\/([a-z][a-z-]*): (.*)$/s;

/** The message of an error of the driver, without values of rows. */
const plainMessage = ({ message = '', code, table }: DriverError, declared: DeclaredFacts): string => {
  // messages of class 22 (data exception) quote the invalid value, mostly at their end
  if (code?.startsWith('22')) return message.replace(/: ".*"$/s, '').replace(/".*"/s, '"…"');
  const [, guarantee, text] = guaranteeRefusal.exec(message) ?? [];
  if (guarantee === undefined || text === undefined) return withoutLiterals(message);
  return `ashlar/${guarantee}: ${declared.withoutValues(guarantee, table, text)}`;
};

// picked by name: the message of an Error is not enumerable
const readable = (error: DriverError, declared: DeclaredFacts): DriverError => {
  const { code, severity, detail, where, table, column, constraint } = error;
  const message = plainMessage(error, declared);
  return { message, code, severity, detail, where, table, column, constraint };
};

/** The columns of `Key (name, "order")=(…) already exists.`; `undefined` for an index over expressions. */
const keyColumns = (detail: string | undefined): readonly string[] | undefined => {
  const [, columns] =
    /^Key \(((?:"[^"]+"|[a-z0-9_$]+)(?:, (?:"[^"]+"|[a-z0-9_$]+))*)\)=/.exec(detail ?? '') ?? [];
  return columns?.split(', ').map((name) => name.replaceAll('"', ''));
};

type Described = ErrorDescription & { readonly code: ErrorCode };

type Describe = (error: DriverError, declared: DeclaredFacts) => Described;

// new row violates row-level security policy [name] [(USING expression)] for table "…"
const rowSecurity = /violates row-level security policy .*for table "(.*)"$/;

// permission denied for table jobs · must be owner of table jobs
const denied = / (?:for|of) (?:table|relation|view) (\S+)$/;

/** The table that a message names for which a privilege is missing. */
export function deniedTable(message: string | undefined): string | undefined {
  return denied.exec(message ?? '')?.[1];
}

/** The column that a message names, into which only the database writes. */
function generatedColumn(message: string | undefined): string | undefined {
  return /column "(.*?)"/.exec(message ?? '')?.[1];
}

// while updating tuple (0,1) in relation "jobs" · could not obtain lock on row in relation "jobs"
const locked = /in relation "([^"]+)"/;

const reported = ({ table, constraint, detail }: DriverError): Reported => ({
  table,
  constraint,
  columns: keyColumns(detail),
});

const foreignKey: Describe = (error, declared) => {
  const how = /is (?:still )?referenced from table/.test(error.detail ?? error.message ?? '')
    ? 'referenced'
    : 'missing';
  const parent = /is not present in table "(.*?)"/.exec(error.detail ?? '')?.[1];
  const facts = declared.foreignKey(reported(error));
  return {
    code: 'foreign-key-violation',
    ...foreignKeyViolation(facts, how, declared.target(facts) ?? parent),
  };
};

const violations: Readonly<Record<string, Describe>> = {
  '23505': (error, declared) => ({
    code: 'unique-violation',
    ...uniqueViolation(declared.unique(reported(error))),
  }),
  '23503': foreignKey,
  // since PostgreSQL 18 ON DELETE RESTRICT has a code of its own, which triggers may use as well
  '23001': (error, declared) =>
    error.constraint === undefined ? otherError(error) : foreignKey(error, declared),
  '23514': ({ table, constraint }, declared) => ({
    code: 'check-violation',
    ...checkViolation(declared.check({ table, constraint })),
  }),
  '23502': ({ table, column }, declared) => ({
    code: 'not-null-violation',
    ...notNullViolation(declared.notNull({ table, columns: column === undefined ? undefined : [column] })),
  }),
  '428C9': ({ message = '', detail = '' }) => {
    const column = generatedColumn(message);
    if (detail.includes('is a generated column'))
      return {
        code: 'guarantee-violated',
        ...computedViolation({ guarantee: 'computed', columns: column === undefined ? [] : [column] }),
      };
    const text = `the column ${column} is generated by the database only`;
    return { code: 'guarantee-violated', ...guaranteeViolation({ guarantee: 'autoincrement' }, text) };
  },
  '42501': ({ message }, declared) => ({
    code: 'privilege-missing',
    message: 'The role of this connection lacks a privilege for the statement.',
    detail: message,
    facts: tableFact(deniedTable(message), declared),
  }),
  '55P03': ({ message = '', where = '' }, declared) => ({
    code: 'lock-timeout',
    message: 'A lock was not granted in time.',
    detail: 'Another transaction has locked the rows or the table.',
    suggestion: 'Try again, or raise the option lockTimeout.',
    facts: tableFact((locked.exec(message) ?? locked.exec(where))?.[1], declared),
  }),
  '57014': ({ message = '' }) =>
    message.includes('user request')
      ? {
          code: 'session-cancelled',
          message: 'The server cancelled the statement, because another connection asked for it.',
          suggestion: 'Run it again: what the statement did was rolled back.',
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
    suggestion: 'Write ?pooled=true in the URL, or connect to the server directly.',
  }),
  '53100': () => ({
    code: 'disk-full',
    message: 'The disk of the server is full; the statement was rolled back.',
    suggestion: 'Free space on the server, and try again.',
  }),
  '54000': indexedValue,
  XX001: damaged,
  XX002: damaged,
  '58P01': (error) => (isOfTable(error) ? damaged(error) : otherError(error)),
  '58030': (error) => (isOfTable(error) ? damaged(error) : otherError(error)),
  '08P01': ofProtocol,
  '22P03': notOfType,
  '22P02': notOfType,
  '22007': notOfType,
  '22008': notOfType,
  // also the overflow of a computation, whose message names no value
  '22003': (error) =>
    /out of range for type|numeric field overflow/.test(error.message ?? '')
      ? notOfType(error)
      : otherError(error),
  '22021': unstorable,
  '22P05': unstorable,
};

// could not open file "base/16384/16397": No such file or directory · could not read block 3 in file "base/16384/16397": …
const isOfTable = ({ message = '' }: DriverError): boolean =>
  /file "(?:base|global|pg_tblspc)\//.test(message);

function damaged({ message = '' }: DriverError): Described {
  return {
    code: 'database-corrupt',
    message: 'The database is damaged: the server cannot read a table or an index.',
    detail: `PostgreSQL: ${withoutLiterals(message)}.`,
    suggestion:
      'Keep a copy of the data directory. Rebuild the index with REINDEX, or restore the last verified backup to another database.',
  };
}

// index row size 2744 exceeds btree version 4 maximum 2704 for index "…" · index row requires 9016 bytes, maximum size is 8191
function indexedValue(error: DriverError, declared: DeclaredFacts): Described {
  if (!error.message?.startsWith('index row')) return otherError(error);
  const { table, constraint } = error;
  return {
    code: 'value-unstorable',
    message: 'A value is too long for an index.',
    detail: `PostgreSQL: ${withoutLiterals(error.message)}.`,
    suggestion: 'Index a part of the value, or a hash of it.',
    facts: { ...tableFact(table, declared), ...(constraint === undefined ? {} : { constraint }) },
  };
}

// the server could not read a message, or a pooler says why it closes the connection
function ofProtocol(error: DriverError): Described {
  const { message = '' } = error;
  if (isOtherBinary(error)) return notOfType(error);
  if (!isQueueFull(error)) return connectionLost(error);
  return {
    code: 'lock-timeout',
    message: 'The pooler gave no connection to the server in time.',
    detail: `The pooler: ${message}.`,
    suggestion: 'Make sessions shorter, or let the pooler open more connections to the server.',
  };
}

function connectionLost({ message }: DriverError): Described {
  return {
    code: 'connection-lost',
    message: 'The connection to the server was lost.',
    detail: message,
    suggestion: 'Connect again, and run again what was not committed.',
  };
}

function notOfType({ message = '' }: DriverError): Described {
  return {
    code: 'value-invalid',
    message: 'A value does not have the type of its column.',
    // in some messages the value stands before the type
    detail: `PostgreSQL: ${message.replace(/".*"/s, '…')}.`,
  };
}

function otherError(error: DriverError): Described {
  const state = error.code ? [`SQLSTATE ${error.code}`] : [];
  return {
    code: 'statement-failed',
    message: error.message || 'The database refused a statement.',
    detail: [...dependents(error), ...state].join('\n') || undefined,
  };
}

// names of objects alone: view mine depends on column title of table notes
function dependents({ code, detail }: DriverError): readonly string[] {
  const isAboutNames = code === '2BP01' || code === '0A000';
  return isAboutNames && detail ? detail.split('\n').filter((line) => line.includes(' depends on ')) : [];
}

function tableFact(relation: string | undefined, declared: DeclaredFacts): ErrorFacts {
  const table = declared.table(relation)?.name ?? relation;
  return table === undefined ? {} : { table };
}

function unstorable(): Described {
  return {
    code: 'value-unstorable',
    message: 'A text contains characters that PostgreSQL cannot store.',
    detail: 'PostgreSQL stores no NUL (U+0000) and no lone surrogates.',
    suggestion: 'Remove these characters before storing the text.',
  };
}

const contextRefused: Described = {
  code: 'context-refused',
  message: 'The database refused the scope and the actor of this session.',
  detail: 'SQL of the session changed them, or the key of the database changed since the session began.',
  suggestion: 'Give scope and actor to db.session(…): SQL cannot choose them.',
};

const describe: Describe = (error, declared) => {
  const [, secured] = rowSecurity.exec(error.code === '42501' ? (error.message ?? '') : '') ?? [];
  if (secured !== undefined) {
    const table = declared.table(secured)?.name ?? secured;
    const text = `rows of ${table} are written by sessions of their scope only`;
    return {
      code: 'guarantee-violated',
      ...guaranteeViolation(declared.guarantee('scoped', secured, text), text),
    };
  }
  if (error.code === '28000' && error.message?.startsWith('ashlar/context: ')) return contextRefused;
  const [, guarantee, text] = guaranteeRefusal.exec(error.message ?? '') ?? [];
  if (guarantee && text) {
    const facts = declared.guarantee(guarantee, error.table, text);
    return { code: 'guarantee-violated', ...guaranteeViolation(facts, text) };
  }
  const known = violations[error.code ?? ''];
  if (known) return known(error, declared);
  if (isConnectionLost(error)) return connectionLost(error);
  return otherError(error);
};

// serialization failure, deadlock
const runAgain = new Set(['40001', '40P01']);

const nothingDeclared = new DeclaredFacts();

/**
 * Translates an error of the driver into an AshlarError without values of rows or passwords. Returns an AshlarError as
 * it is.
 *
 * @param declared - the tables that give the facts of a violation; by default none, and the facts have the server's names
 */
export function asAshlarError(error: unknown, declared = nothingDeclared): AshlarError {
  if (error instanceof AshlarError) return error;
  const driver = readable(fieldsOf(error), declared);
  const { code, ...description } = describe(driver, declared);
  const made = new AshlarError(code, { ...description, cause: new PostgresFailure(driver) });
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
