import { AshlarError } from '../errors.js';

/** The kind of database mechanism that refused a statement. */
export type Barrier = 'privilege' | 'policy' | 'trigger' | 'constraint' | 'partition';

/** The barrier that refused a statement, and the text of the error that the statement failed with. */
export interface Refusal {
  readonly barrier: Barrier;
  readonly text: string;
}

interface Failure {
  readonly code: string;
  readonly message: string;
}

const rootOf = (error: unknown): Failure => {
  let root = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  const code = (root as { code?: unknown } | undefined)?.code;
  return {
    code: typeof code === 'string' ? code : '',
    message: root instanceof Error ? root.message : String(root),
  };
};

interface Sign {
  readonly barrier: Barrier;
  readonly code?: RegExp;
  readonly message?: RegExp;
}

// the order matters: a policy fails with the code of a missing privilege, a missing partition with that of a CHECK
const signs: readonly Sign[] = [
  { barrier: 'trigger', message: /^ashlar\/[a-z][a-z0-9-]*: / },
  { barrier: 'policy', code: /^42501$/, message: /row-level security/ },
  { barrier: 'privilege', code: /^(42501|privilege-missing)$/ },
  {
    barrier: 'partition',
    code: /^23514$/,
    message: /^no partition of relation|violates partition constraint/,
  },
  // the same for a row that a trigger has filled in
  {
    barrier: 'partition',
    code: /^0A000$/,
    message: /^moving row to another partition during a BEFORE FOR EACH/,
  },
  // a foreign key that refuses TRUNCATE has no code of its own
  { barrier: 'constraint', code: /^0A000$/, message: /referenced in a foreign key constraint/ },
  { barrier: 'constraint', message: /^FOREIGN KEY constraint failed/ },
  { barrier: 'trigger', code: /^(SQLITE_CONSTRAINT_TRIGGER|P0001)$/ },
  { barrier: 'constraint', code: /^(23...|SQLITE_CONSTRAINT(_[A-Z]+)?|SQLITE_MISMATCH)$/ },
  // a value for a column that is GENERATED ALWAYS
  { barrier: 'constraint', code: /^428C9$/ },
  { barrier: 'privilege', code: /^session-read-only$/ },
  // on SQLite a view shadows a scoped table in sessions
  { barrier: 'privilege', message: /^cannot modify .* because it is a view$/ },
];

/** Determines from the error of a statement which barrier refused it; `undefined` if no barrier did. */
export function refusalOf(error: unknown): Refusal | undefined {
  const { code, message } = rootOf(error);
  const sign = signs.find(
    (each) => (each.code === undefined || each.code.test(code)) && (each.message?.test(message) ?? true),
  );
  return sign ? { barrier: sign.barrier, text: message } : undefined;
}

/** Returns the message of the innermost cause of an error, which is the database's own message. */
export function rootText(error: unknown): string {
  const { message } = rootOf(error);
  return message || String(error);
}

/** Whether an error means that a lock was not granted before the timeout. Trying again may help. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof AshlarError && error.code === 'lock-timeout';
}

/** Returns the error for a limit of a statement's time on an engine that runs statements in this thread: `usage`. */
export function unlimitedStatements(label: string): AshlarError {
  return new AshlarError('usage', {
    message: `${label} cannot limit how long a statement runs.`,
    detail: 'Statements run in this thread and cannot be interrupted.',
    suggestion: 'Leave out statementTimeout, or use a PostgreSQL server.',
  });
}
