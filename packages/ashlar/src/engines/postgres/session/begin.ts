import type { TransactionOptions } from '../../../contract/transaction.js';
import { AshlarError } from '../../../errors.js';
import { identifier, literal } from '../../../model/index.js';
import { defaultLockTimeout } from '../../lock.js';
import { wireValues } from '../wire/parameters.js';
import { setLocalOwnerRole } from './connected-role.js';

/** Returns the statements that begin a transaction, with its role and its limits, but without its context. */
export function beginText(options: TransactionOptions, role: string | undefined): string {
  const { mode, now, asOwner = false, deferrable = false, statementTimeout, lockTimeout } = options;
  // a read session sees one snapshot, as on SQLite
  const { isolation = mode === 'read' ? 'repeatable read' : 'read committed' } = options;
  const begin = `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()} ${mode === 'read' ? 'READ ONLY' : 'READ WRITE'}${deferrable ? ' DEFERRABLE' : ''}`;
  // for this transaction only: behind a pooler, other clients use the connection as well
  const limits = [
    ...(deferrable ? [`${safeSnapshot(lockTimeout)}; `] : []),
    ...(statementTimeout === undefined ? [] : [`SET LOCAL statement_timeout = ${statementTimeout}; `]),
    ...(lockTimeout === undefined ? [] : [`SET LOCAL lock_timeout = ${lockTimeout}; `]),
  ].join('');
  // in every transaction, because an earlier one on this connection may have changed the role
  const stepDown = role === undefined ? '' : `SET LOCAL ROLE ${identifier(role)}`;
  const clock = now === undefined ? '' : `; SET LOCAL ashlar.now = ${literal(now)}`;
  return `${begin}; ${limits}${asOwner ? setLocalOwnerRole : stepDown}${clock}`;
}

// a deferrable transaction waits for its snapshot, and lock_timeout does not apply to that
const safeSnapshot = (lockTimeout = defaultLockTimeout): string =>
  `SET LOCAL statement_timeout = ${lockTimeout}; SELECT 1; SET LOCAL statement_timeout TO DEFAULT`;

/** Returns the error of a deferrable transaction that got no snapshot in time; another error unchanged. */
export function snapshotError(error: unknown): unknown {
  if ((error as { code?: unknown }).code !== '57014') return error;
  return new AshlarError('lock-timeout', {
    message: 'A deferrable session got no safe snapshot in time.',
    detail: 'A serializable session that writes was running all the time.',
    suggestion: 'Try again, make sessions that write shorter, or raise lockTimeout.',
  });
}

/** Returns the statements that set the actor and the scope of a transaction. */
export function contextText({ actor, scope }: Pick<TransactionOptions, 'actor' | 'scope'>): string {
  const [who = '', whose = ''] = wireValues([actor ?? '', scope ?? '']) as string[];
  return `SET LOCAL ashlar.actor = ${literal(who)}; SET LOCAL ashlar.scope = ${literal(whose)}`;
}
