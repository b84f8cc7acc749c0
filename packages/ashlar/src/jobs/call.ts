import { timerOf } from './wait.js';

/** Why a call was left before it ended: its own time was over, or the run was stopped and no longer waits. */
export type Unanswered = 'timed-out' | 'given-up';

/** How long a call is waited for. */
interface CallLimits {
  /** The worker lost its lease. The call is told so, and is waited for. */
  readonly lost: AbortSignal;
  readonly givenUp: AbortSignal;
  readonly seconds: number;
}

/** The answer of a call, or why there is none. What the call does afterwards is ignored. */
export type Answer<T> = { readonly answer: T } | { readonly unanswered: Unanswered };

/**
 * Makes a call and waits for its answer within limits. Its signal is aborted when the wait ends before the call does, or the
 * lease is lost.
 *
 * @throws what the call throws
 */
export async function callWithin<T>(
  call: (signal: AbortSignal) => Promise<T>,
  { lost, givenUp, seconds }: CallLimits,
): Promise<Answer<T>> {
  const left = new AbortController();
  let leave: (why: Unanswered) => void = () => undefined;
  const unanswered = new Promise<Unanswered>((resolve) => {
    leave = resolve;
  });
  const giveUp = () => leave('given-up');
  const onLost = () => left.abort(lost.reason);
  if (lost.aborted) onLost();
  lost.addEventListener('abort', onLost);
  givenUp.addEventListener('abort', giveUp);
  if (givenUp.aborted) giveUp();
  const timer = setTimeout(() => leave('timed-out'), timerOf(seconds));
  try {
    const answered = (async () => ({ answer: await call(left.signal) }))();
    // a call that was left may fail later
    answered.catch(() => undefined);
    const first = await Promise.race([answered, unanswered]);
    if (typeof first !== 'string') return first;
    left.abort(new DOMException(`The call was left: ${first}.`, 'AbortError'));
    return { unanswered: first };
  } finally {
    clearTimeout(timer);
    lost.removeEventListener('abort', onLost);
    givenUp.removeEventListener('abort', giveUp);
  }
}
