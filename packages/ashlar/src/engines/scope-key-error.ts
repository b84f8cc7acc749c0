import type { ContextState } from '../contract/context.js';
import { AshlarError } from '../errors.js';

const errors = {
  'key-missing': {
    code: 'scope-key-missing',
    message: 'This database verifies scope and actor of each session, and no key signs them here.',
    suggestion: 'Set SCOPE_KEY, or pass scopeKey to connect(…), in every instance of the application.',
  },
  'key-wrong': {
    code: 'scope-key-wrong',
    message: 'The key that signs scope and actor of sessions is not that of this database.',
    suggestion:
      'Set SCOPE_KEY to the key that `ashlar up` was given. `ashlar key rotate scope` brings in a new key.',
  },
  'key-absent': {
    code: 'scope-key-absent',
    message: 'This database has no key that verifies scope and actor of sessions, and one is required here.',
    suggestion: 'Run `ashlar up` with SCOPE_KEY, which writes the key.',
  },
} as const;

/** Whether sessions of a connection are refused, because it cannot give the database what one of the two wants. */
export function isRefused(state: ContextState | undefined): state is keyof typeof errors {
  return state !== undefined && state in errors;
}

/** The error of a connection that cannot sign what the database wants signed, or that the database does not verify. */
export function scopeKeyError(state: keyof typeof errors): AshlarError {
  const { code, ...text } = errors[state];
  return new AshlarError(code, text);
}
