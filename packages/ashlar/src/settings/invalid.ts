import { AshlarError } from '../errors.js';

/** The error of settings that cannot be used. The texts name variables and lines, and never a value. */
export function invalidSettings(detail: string, suggestion: string): AshlarError {
  return new AshlarError('settings-invalid', { message: 'Invalid settings.', detail, suggestion });
}

/** Why a file could not be read, for the middle of a sentence: the code of the operating system, or the message of Ashlar. */
export function unreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return error instanceof AshlarError ? message.replace(/\.$/, '') : (code ?? 'unreadable');
}
