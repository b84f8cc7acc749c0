import { AshlarError } from '../errors.js';
import type { SessionOptions } from './types.js';

// what a nested session shares with the outer one, whose transaction it runs in
const shared = [
  'actor',
  'scope',
  'isolation',
  'deferrable',
  'signal',
  'statementTimeout',
  'lockTimeout',
] as const satisfies readonly (keyof SessionOptions)[];

/**
 * Throws if a nested session is to have another option than the session it is nested in.
 *
 * @throws AshlarError `session-conflict`
 */
export function assertShared(
  options: SessionOptions,
  outer: { option(name: keyof SessionOptions): unknown },
): void {
  const differs = shared.find((name) => options[name] !== undefined && options[name] !== outer.option(name));
  if (differs === undefined) return;
  throw new AshlarError('session-conflict', {
    message: `A nested session has a different ${differs} than its outer session.`,
    suggestion: `Leave out ${differs}, or open the session outside the outer session.`,
  });
}
