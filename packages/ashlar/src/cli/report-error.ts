import { AshlarError, type ErrorCode, errorCodes } from '../errors.js';
import type { Output } from './output.js';

/** Tells an error: to people on standard error, or as the one document. @returns the exit code */
export const reportError = (error: unknown, out: Output): number => {
  const known = asAshlarError(error);
  if (known) {
    out.document({ error: known.toJSON() });
    out.note(`${out.styleNote('red', 'error')} ${known.message}`);
    for (const line of known.detail?.split('\n') ?? []) out.note(`  ${line}`);
    if (known.suggestion !== undefined) out.note(`${out.styleNote('cyan', '→')} ${known.suggestion}`);
    return known.exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  out.document({ error: { code: 'unexpected', message } });
  out.note(`${out.styleNote('red', 'error')} ${message}`);
  if (error instanceof Error && error.stack) out.note(error.stack.split('\n').slice(1).join('\n'));
  return 1;
};

// a user's configuration may have loaded the package a second time, with a class of its own
const asAshlarError = (error: unknown): AshlarError | undefined => {
  if (error instanceof AshlarError) return error;
  if (!(error instanceof Error) || error.name !== 'AshlarError' || !('code' in error)) return undefined;
  const { code, message } = error;
  if (typeof code !== 'string' || !Object.hasOwn(errorCodes, code)) return undefined;
  const text = (name: string) => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === 'string' ? value : undefined;
  };
  return new AshlarError(code as ErrorCode, {
    message,
    detail: text('detail'),
    suggestion: text('suggestion'),
  });
};
