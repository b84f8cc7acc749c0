import type { ContextState } from '../contract/context.js';
import { AshlarError } from '../errors.js';

/** The error of a connection that cannot sign what the database wants signed. */
export function scopeKeyError(state: ContextState): AshlarError {
  const isMissing = state === 'key-missing';
  return new AshlarError(isMissing ? 'scope-key-missing' : 'scope-key-wrong', {
    message: isMissing
      ? 'This database verifies scope and actor of each session, and no key signs them here.'
      : 'The key that signs scope and actor of sessions is not that of this database.',
    suggestion: isMissing
      ? 'Set SCOPE_KEY, or pass scopeKey to connect(…), in every instance of the application.'
      : 'Set SCOPE_KEY to the key that `ashlar up` was given. `ashlar key rotate scope` brings in a new key.',
  });
}
