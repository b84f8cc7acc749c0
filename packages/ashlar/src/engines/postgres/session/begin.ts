import type { TransactionOptions } from '../../../contract/transaction.js';
import { AshlarError } from '../../../errors.js';
import { identifier, literal } from '../../../model/index.js';
import { defaultLockTimeout } from '../../lock.js';
import { setLocalOwnerRole } from './connected-role.js';
import type { Control } from './control.js';
import type { TransactionSettings } from './transaction-settings.js';

/** The statement that reads the time of the BEGIN of its transaction, in milliseconds since 1970. */
export const timeOfBegin = 'SELECT (extract(epoch FROM now()) * 1000)::bigint';

/**
 * Returns what begins a transaction, with its role and its limits, but without its context.
 *
 * @param settings - what the transaction sets itself, because its connection is another one each time
 */
export function beginControls(
  options: TransactionOptions,
  role: string | undefined,
  settings?: TransactionSettings,
): readonly Control[] {
  const { mode, now, asOwner = false, deferrable = false, statementTimeout, lockTimeout } = options;
  // a read session sees one snapshot, as on SQLite
  const { isolation = mode === 'read' ? 'repeatable read' : 'read committed' } = options;
  const begin = `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()} ${mode === 'read' ? 'READ ONLY' : 'READ WRITE'}${deferrable ? '' : ' NOT'} DEFERRABLE`;
  // the first statement that reads waits for the snapshot, also one that only sets what another depends on
  const begun = [begin, ...(deferrable ? safeSnapshot(lockTimeout) : [])];
  return [
    ...(settings ? settings.begin(...begun) : begun),
    // for this transaction only: behind a pooler, other clients use the connection as well
    ...(statementTimeout === undefined ? [] : [`SET LOCAL statement_timeout = ${statementTimeout}`]),
    ...(lockTimeout === undefined ? [] : [`SET LOCAL lock_timeout = ${lockTimeout}`]),
    ...roleText(role, asOwner, settings !== undefined),
    ...(now === undefined ? [] : [`SET LOCAL ashlar.now = ${literal(now)}`]),
  ];
}

// in every transaction, because an earlier one on this connection may have changed the role
const roleText = (role: string | undefined, asOwner: boolean, isShared: boolean): readonly string[] => {
  if (asOwner) return setLocalOwnerRole;
  if (role !== undefined) return [`SET LOCAL ROLE ${identifier(role)}`];
  return isShared ? ['SET LOCAL ROLE NONE'] : [];
};

// a deferrable transaction waits for its snapshot, and lock_timeout does not apply to that
const safeSnapshot = (lockTimeout = defaultLockTimeout): readonly string[] => [
  `SET LOCAL statement_timeout = ${lockTimeout}`,
  'SELECT 1',
  'SET LOCAL statement_timeout TO DEFAULT',
];

/** Throws the error of a deferrable transaction that got no snapshot in time; another error unchanged. @throws AshlarError `lock-timeout` */
export function refuseSnapshot(error: unknown): never {
  if ((error as { code?: unknown }).code !== '57014') throw error;
  throw new AshlarError('lock-timeout', {
    message: 'A deferrable session got no safe snapshot in time.',
    detail: 'A serializable session that writes was running all the time.',
    suggestion: 'Try again, make sessions that write shorter, or raise lockTimeout.',
  });
}
