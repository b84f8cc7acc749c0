import { AshlarError, type ErrorCode } from '../errors.js';

/** The error of the driver, which errors of tools were made from. Those have the parameters of the statement in their text. */
const innermost = (error: unknown): unknown => {
  let found = error;
  for (let depth = 0; found instanceof Error && found.cause instanceof Error && depth < 10; depth++)
    found = found.cause;
  return found;
};

/** The SQLSTATE and the message of the server, or of the driver; Prisma has both in the text of an error of its own. */
const serverError = (error: unknown): { readonly state: string | undefined; readonly text: string } => {
  const found = innermost(error);
  const text = found instanceof Error ? found.message : String(found);
  const { code } = (found ?? {}) as { readonly code?: unknown };
  const within = /Code: `(\w{5})`\. Message: `([^`]*)`/.exec(text);
  const state = within?.[1] ?? (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined);
  return { state, text: within?.[2] ?? text };
};

/** Whether the database refused the actor and the scope of a transaction. */
export function isContextRefused(error: unknown): boolean {
  const { state, text } = serverError(error);
  return state === '28000' && text.includes('ashlar/context: ');
}

/** Whether a statement failed because one before it had. */
export function isAborted(error: unknown): boolean {
  return serverError(error).state === '25P02';
}

const codes: Readonly<Record<string, ErrorCode>> = {
  '57014': 'statement-timeout',
  '55P03': 'lock-timeout',
  '42501': 'privilege-missing',
};

/**
 * The error of a statement of Ashlar's own in a transaction of a tool. It has no cause: the errors of tools and drivers have the
 * parameters, and so the signed token.
 */
export function ownFailure(error: unknown): AshlarError {
  const { state, text } = serverError(error);
  const lost = state === undefined || /^(08|57P)/.test(state);
  return new AshlarError(codes[state ?? ''] ?? (lost ? 'connection-lost' : 'statement-failed'), {
    message: 'guarded(…) could not give the transaction its actor and scope, or end it.',
    detail: state === undefined ? text : `${text} (SQLSTATE ${state})`,
    suggestion: 'Nothing was committed. Run the work again once the cause is gone.',
  });
}
