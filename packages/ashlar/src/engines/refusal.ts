import { AshlarError } from '../errors.js';

/** What stood in the way of a statement. */
export type Barrier = 'privilege' | 'policy' | 'trigger' | 'constraint' | 'partition';

/** A wall, and what it said. */
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

// in this order: a policy's refusal has the code of a missing privilege, a missing partition that of a CHECK
const signs: readonly Sign[] = [
  { barrier: 'trigger', message: /^ashlar\/[a-z][a-z0-9-]*: / },
  { barrier: 'policy', code: /^42501$/, message: /row-level security/ },
  { barrier: 'privilege', code: /^(42501|privilege-missing)$/ },
  {
    barrier: 'partition',
    code: /^23514$/,
    message: /^no partition of relation|violates partition constraint/,
  },
  // the same where a trigger has filled the row in
  {
    barrier: 'partition',
    code: /^0A000$/,
    message: /^moving row to another partition during a BEFORE FOR EACH/,
  },
  // a foreign key stands in the way of TRUNCATE, without a code of its own
  { barrier: 'constraint', code: /^0A000$/, message: /referenced in a foreign key constraint/ },
  { barrier: 'constraint', message: /^FOREIGN KEY constraint failed/ },
  { barrier: 'trigger', code: /^(SQLITE_CONSTRAINT_TRIGGER|P0001)$/ },
  { barrier: 'constraint', code: /^(23...|SQLITE_CONSTRAINT(_[A-Z]+)?|SQLITE_MISMATCH)$/ },
  { barrier: 'privilege', code: /^session-read-only$/ },
  // on SQLite a session of a scope sees a view in the place of the table
  { barrier: 'privilege', message: /^cannot modify .* because it is a view$/ },
];

/** Which wall of the database an error comes from; `undefined` where the statement failed for another reason. */
export function refusalOf(error: unknown): Refusal | undefined {
  const { code, message } = rootOf(error);
  const sign = signs.find(
    (each) => (each.code === undefined || each.code.test(code)) && (each.message?.test(message) ?? true),
  );
  return sign ? { barrier: sign.barrier, text: message } : undefined;
}

/** What the database said, without our words around it. */
export function rootText(error: unknown): string {
  const { message } = rootOf(error);
  return message || String(error);
}

/** Whether a lock was not granted in time, so that trying again may help. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof AshlarError && error.code === 'lock-timeout';
}
