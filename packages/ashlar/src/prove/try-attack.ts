import { setTimeout as pause } from 'node:timers/promises';
import type { Attack } from '../contract/attack.js';
import { isLockTimeout, refusalOf, rootText } from '../engines/refusal.js';
import { everyScope } from '../model/index.js';
import type { AttackTransaction } from './attack-transaction.js';
import type { AttackReport } from './report.js';

type Outcome = Pick<AttackReport, 'stoppedBy' | 'by' | 'verdict'>;

const failed = (by: string): Outcome => ({ stoppedBy: 'nothing', by, verdict: 'failed' });

// other sessions queue behind a lock request: so each attempt waits briefly, and there are many. An autovacuum that gives
// pages back holds its lock for 5 seconds (VACUUM_TRUNCATE_LOCK_TIMEOUT in PostgreSQL's vacuumlazy.c) while others wait
const longestWait = 15_000;

/** Runs one attack in a savepoint, rolls it back, and judges the outcome. */
export async function tryAttack(
  transaction: AttackTransaction,
  attack: Attack,
  scope: string | null,
): Promise<AttackReport> {
  const { name, as, expect } = attack;
  const end = performance.now() + longestWait;
  for (;;) {
    try {
      const outcome = await transaction.rolledBack(async () => {
        await transaction.useScope(scope);
        return attackOnce(transaction, attack);
      });
      return { name, as, expect, ...outcome };
    } catch (error) {
      if (isLockTimeout(error) && performance.now() < end) {
        await pause(20 + Math.random() * 80);
        continue;
      }
      return { name, as, expect, ...failed(`could not be tried: ${rootText(error)}`) };
    }
  }
}

const attackOnce = async (transaction: AttackTransaction, attack: Attack): Promise<Outcome> => {
  const { preparation = [], statements } = attack;
  for (const ways of [...preparation, ...statements.slice(0, -1).map((sql) => [sql])]) {
    const error = await prepare(transaction, ways);
    if (error === undefined) continue;
    const refusal = refusalOf(error);
    if (transaction.as === 'owner' && refusal?.barrier === 'privilege') {
      return { stoppedBy: 'privilege', by: refusal.text, verdict: 'refused' };
    }
    return failed(`could not be prepared: ${rootText(error)}`);
  }
  const last = statements.at(-1) ?? '';
  let outcome: Awaited<ReturnType<AttackTransaction['run']>> | undefined;
  const error = await failureOf(async () => {
    outcome = await transaction.run(last);
  });
  if (error !== undefined || outcome === undefined) return judgeError(attack, error);
  return judgeSuccess(transaction, attack, outcome);
};

/** Runs the first statement that succeeds. @returns the first error where none does */
const prepare = async (transaction: AttackTransaction, ways: readonly string[]): Promise<unknown> => {
  let first: unknown;
  for (const sql of ways) {
    const error = await failureOf(() => transaction.inSavepoint(() => transaction.run(sql)));
    if (error === undefined) return undefined;
    first ??= error;
  }
  return first;
};

const failureOf = async (work: () => Promise<unknown>): Promise<unknown> => {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (isLockTimeout(error)) throw error;
    return error ?? 'no error';
  }
};

const judgeError = ({ expect }: Attack, error: unknown): Outcome => {
  if (expect === 'accepted') return failed(`was refused: ${rootText(error)}`);
  const refusal = refusalOf(error);
  if (!refusal) return failed(`failed for another reason: ${rootText(error)}`);
  return { stoppedBy: refusal.barrier, by: refusal.text, verdict: 'refused' };
};

const judgeSuccess = async (
  transaction: AttackTransaction,
  { expect, detect, breaks }: Attack,
  { rows, changes }: Awaited<ReturnType<AttackTransaction['run']>>,
): Promise<Outcome> => {
  switch (expect) {
    case 'accepted':
      return { stoppedBy: 'nothing', by: 'accepted, as expected', verdict: 'accepted' };
    case 'untouched':
      return rows.length === 0 && changes === 0
        ? { stoppedBy: 'no-row', by: 'no row was read or changed', verdict: 'untouched' }
        : failed(`read or changed rows: ${Math.max(rows.length, changes)}`);
    case 'detected': {
      // the check reads every scope
      await transaction.useScope(everyScope);
      const found = await detect?.(async (sql, parameters) => (await transaction.run(sql, parameters)).rows);
      return found === undefined
        ? failed('was not detected')
        : { stoppedBy: 'detection', by: found, verdict: 'detected' };
    }
    case 'refused':
      return breaks === undefined || (await transaction.run(breaks)).rows.length > 0
        ? failed('was not refused')
        : { stoppedBy: 'no-row', by: 'was accepted, and broke nothing', verdict: 'untouched' };
  }
};
