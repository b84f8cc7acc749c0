import { late, released } from './usage.js';

type Method = (...given: readonly unknown[]) => unknown;

/**
 * Returns an object that does what another one does until `end` is called, and throws from then on: the connection of a pool runs
 * the transactions of others afterwards.
 *
 * @param release - what its method of that name does: it gives the connection back to the pool
 * @throws AshlarError from its methods, `session-ended` after the end, and `usage` from a `release` that is refused
 */
export function untilEnd<T extends object>(
  target: T,
  release: 'ends' | 'refuses',
): { readonly object: T; readonly end: () => void } {
  let hasEnded = false;
  const end = (): void => {
    hasEnded = true;
  };
  const call = (method: Method, self: object, given: readonly unknown[]): unknown => {
    if (hasEnded) throw late();
    return Reflect.apply(method, self, given);
  };
  const releaseOf =
    (method: Method, self: object): Method =>
    (...given) => {
      if (release === 'refuses') throw released();
      end();
      return Reflect.apply(method, self, given);
    };
  const object = new Proxy(target, {
    get: (of, name) => {
      const value: unknown = Reflect.get(of, name, of);
      if (typeof value !== 'function' || name === 'constructor') return value;
      if (name === 'release') return releaseOf(value as Method, of);
      return (...given: readonly unknown[]) => call(value as Method, of, given);
    },
    apply: (of, self: object, given: readonly unknown[]) => call(of as unknown as Method, self, given),
  });
  return { object, end };
}
