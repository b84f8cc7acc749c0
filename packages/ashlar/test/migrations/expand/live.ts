import { setTimeout as pause } from 'node:timers/promises';

/** What sessions under load saw. */
export interface Load {
  /** Ends the load. */
  stop(): Promise<void>;
  readonly sessions: number;
  /** The time of the longest session, from when it was due, in milliseconds. */
  readonly longest: number;
  /** The errors of failed sessions. */
  readonly failures: readonly unknown[];
}

/**
 * Starts a number of sessions each second, each at its time whether the ones before it have ended or not, as users do. The
 * sessions take turns through the given kinds.
 */
export function underLoad(perSecond: number, kinds: readonly ((n: number) => Promise<unknown>)[]): Load {
  const failures: unknown[] = [];
  const running = new Set<Promise<void>>();
  let sessions = 0;
  let longest = 0;
  let stopped = false;
  const began = performance.now();
  const start = (n: number): void => {
    const due = began + (n * 1000) / perSecond;
    const one = (kinds[n % kinds.length] ?? (async () => undefined))(n)
      .catch((error: unknown) => {
        failures.push(error);
      })
      .then(() => {
        longest = Math.max(longest, performance.now() - due);
        running.delete(one);
      });
    running.add(one);
    sessions += 1;
  };
  const loop = (async (): Promise<void> => {
    while (!stopped) {
      const wanted = Math.floor(((performance.now() - began) * perSecond) / 1000);
      while (sessions < wanted) start(sessions);
      await pause(2);
    }
    await Promise.all(running);
  })();
  return {
    stop: async () => {
      stopped = true;
      await loop;
    },
    get sessions() {
      return sessions;
    },
    get longest() {
      return Math.round(longest);
    },
    failures,
  };
}
