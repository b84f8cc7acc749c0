import { setTimeout as pause } from 'node:timers/promises';
import type { Attack } from '../contract/attack.js';
import { isLockTimeout, refusalOf, rootText } from '../engines/refusal.js';
import { everyScope } from '../model/index.js';
import type { Hand } from './hand.js';
import type { AttackReport } from './report.js';

type Ending = Pick<AttackReport, 'stoppedBy' | 'by' | 'verdict'>;

const failed = (by: string): Ending => ({ stoppedBy: 'nothing', by, verdict: 'failed' });

// a lock that is waited for keeps others waiting: so briefly, and often
const attempts = 10;

/** Tries one attack in a savepoint, undoes it, and judges what became of it. */
export async function tryAttack(hand: Hand, attack: Attack, scope: string | null): Promise<AttackReport> {
  const { name, as, expect } = attack;
  for (let attempt = 1; ; attempt++) {
    try {
      const ending = await hand.undone(async () => {
        await hand.actIn(scope);
        return attackOnce(hand, attack);
      });
      return { name, as, expect, ...ending };
    } catch (error) {
      if (isLockTimeout(error) && attempt < attempts) {
        await pause(20 + Math.random() * 80);
        continue;
      }
      return { name, as, expect, ...failed(`could not be tried: ${rootText(error)}`) };
    }
  }
}

const attackOnce = async (hand: Hand, attack: Attack): Promise<Ending> => {
  const { preparation = [], statements } = attack;
  for (const ways of [...preparation, ...statements.slice(0, -1).map((sql) => [sql])]) {
    const error = await prepare(hand, ways);
    if (error === undefined) continue;
    const refusal = refusalOf(error);
    if (hand.as === 'owner' && refusal?.barrier === 'privilege') {
      return { stoppedBy: 'privilege', by: refusal.text, verdict: 'refused' };
    }
    return failed(`could not be prepared: ${rootText(error)}`);
  }
  const last = statements.at(-1) ?? '';
  let outcome: Awaited<ReturnType<Hand['run']>> | undefined;
  const error = await failureOf(async () => {
    outcome = await hand.run(last);
  });
  if (error !== undefined || outcome === undefined) return judgeError(attack, error);
  return judgeSuccess(hand, attack, outcome);
};

/** Takes the first way that succeeds; gives the error of the first one where none does. */
const prepare = async (hand: Hand, ways: readonly string[]): Promise<unknown> => {
  let first: unknown;
  for (const sql of ways) {
    const error = await failureOf(() => hand.attempt(() => hand.run(sql)));
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

const judgeError = ({ expect }: Attack, error: unknown): Ending => {
  if (expect === 'accepted') return failed(`was refused: ${rootText(error)}`);
  const refusal = refusalOf(error);
  if (!refusal) return failed(`failed for another reason: ${rootText(error)}`);
  return { stoppedBy: refusal.barrier, by: refusal.text, verdict: 'refused' };
};

const judgeSuccess = async (
  hand: Hand,
  { expect, detect }: Attack,
  { rows, changes }: Awaited<ReturnType<Hand['run']>>,
): Promise<Ending> => {
  switch (expect) {
    case 'accepted':
      return { stoppedBy: 'nothing', by: 'accepted, as promised', verdict: 'accepted' };
    case 'untouched':
      return rows.length === 0 && changes === 0
        ? { stoppedBy: 'no-row', by: 'no row was seen or changed', verdict: 'untouched' }
        : failed(`reached ${Math.max(rows.length, changes)} of the rows`);
    case 'detected': {
      // who detects is no session of one scope
      await hand.actIn(everyScope);
      const found = await detect?.(async (sql, parameters) => (await hand.run(sql, parameters)).rows);
      return found === undefined
        ? failed('was not detected')
        : { stoppedBy: 'detection', by: found, verdict: 'detected' };
    }
    case 'refused':
      return failed('was not refused');
  }
};
