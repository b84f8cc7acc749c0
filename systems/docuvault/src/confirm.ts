import { AshlarError, parseInput } from 'ashlar';
import { z } from 'zod';
import { recordEvent } from './audit.js';
import { completeAttempt, storedHash } from './checked-user.js';
import { type LoginRef, requireLogin } from './guard.js';
import { shortText } from './inputs.js';
import { checkPassword } from './passwords.js';
import type { DocuvaultDatabase, DocuvaultSession } from './tables.js';
import { countAttempt, subjectsOf } from './throttle.js';

/**
 * What a user gives again for an operation that would let a stolen login keep the account: the password, and a TOTP code if
 * TOTP is on. An administrator who acts for another user gives neither.
 */
export interface Confirmation {
  readonly password?: string | undefined;
  readonly code?: string | undefined;
}

const confirmation = z.object({
  password: shortText.optional(),
  code: shortText.optional(),
});

/**
 * Checks the password and the code of the caller again, before an operation on the caller's own account. Attempts are
 * counted and throttled together with those of `logIn`. The password is checked outside of any transaction, because scrypt is
 * slow; the caller of this function asks the guard again in the session that changes something.
 *
 * @param user_id - the user whom the operation is about; nothing is checked unless it is the caller
 * @throws AshlarError `login-required`; `confirmation-refused`; `input-invalid`; `usage` inside a session
 */
export async function confirmCaller(
  db: DocuvaultDatabase,
  { login_token, user_id }: LoginRef & { readonly user_id?: string | undefined },
  given: Confirmation,
): Promise<void> {
  if (db.inSession) throw insideSession();
  const { password, code } = parseInput('Invalid confirmation', confirmation, {
    password: given.password,
    code: given.code,
  });
  const caller = await db.read((s) => requireLogin(s, { login_token }));
  if (user_id !== undefined && user_id !== caller.user_id) return;
  if (password === undefined) throw refused('The password is missing.');
  const subjects = subjectsOf({ user_id: caller.user_id }, null);
  const wait = await db.session((s) => countAttempt(s, subjects));
  if (wait > 0) throw refused(`Too many attempts have failed. Wait ${wait} seconds.`);
  const stored = await db.read((s) => storedHash(s, caller.user_id));
  const isRight = stored !== undefined && (await checkPassword(stored.password_hash, password)).matches;
  const { reason } = await db.session({ actor: `user:${caller.user_id}` }, async (s) => {
    const attempt = await completeAttempt(s, isRight ? stored : undefined, { code, subjects });
    if (attempt.reason === 'refused') await record(s, caller.user_id);
    return attempt;
  });
  if (reason === 'code-required') throw refused('The code is missing.');
  if (reason === 'refused') throw refused('The password or the code is wrong.');
}

const record = (s: DocuvaultSession, user_id: string) =>
  recordEvent(s, { user_id, action: 'confirmation.refused', resource_type: 'user', resource_id: user_id });

const refused = (detail: string): AshlarError =>
  new AshlarError('confirmation-refused', {
    message: 'The operation needs the password of the caller, and the code if TOTP is on.',
    detail,
    suggestion: 'Nothing was changed. Ask the user for the password and the code, and try again.',
  });

const insideSession = (): AshlarError =>
  new AshlarError('usage', {
    message: 'A password cannot be checked inside a session.',
    detail: 'The check is slow, and a rollback would forget that the attempt failed.',
    suggestion: 'Call this function outside of any session: the function opens its own sessions.',
  });
