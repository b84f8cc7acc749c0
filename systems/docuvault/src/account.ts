import type { User } from './tables.js';

/** A user as services return it: without the password hash and the TOTP secret. */
export type Account = Omit<User, 'password_hash' | 'totp_secret'>;

/** Returns a user without the password hash and the TOTP secret. */
export function accountOf({ password_hash: _, totp_secret: __, ...account }: User): Account {
  return account;
}
