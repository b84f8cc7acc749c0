import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AshlarError } from 'ashlar';
import { recordEvent } from './audit.js';
import { notFound } from './errors.js';
import { type AboutUser, type LoginRef, requireLogin, requireSelfOrAdmin } from './guard.js';
import { type DocuvaultSession, type User, users } from './tables.js';

const period = 30;
const digits = 6;

/**
 * Computes the TOTP code for a point in time (RFC 6238 with SHA-1, six digits and steps of thirty seconds).
 *
 * @param secret - in base32 (RFC 4648, section 6)
 * @param seconds - Unix time
 */
export function totpCode(secret: string, seconds: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / period)));
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  // RFC 4226, section 5.3
  const offset = (mac.at(-1) ?? 0) & 0xf;
  const code = (mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits;
  return String(code).padStart(digits, '0');
}

/**
 * Creates a TOTP secret for the caller. TOTP is on when the first code is confirmed.
 *
 * @returns the secret in base32, to be shown to the user once; the database stores it encrypted, and no service returns
 *   it again
 * @throws AshlarError `login-required`; `state-conflict` when TOTP is already on; `key-missing` without COLUMN_KEY
 */
export async function enrolTotp(s: DocuvaultSession, login: LoginRef): Promise<string> {
  const { user_id } = await requireLogin(s, login);
  const user = await s.get(users, user_id);
  if (!user) throw notFound('user');
  if (user.totp_enabled) {
    throw new AshlarError('state-conflict', {
      message: 'TOTP is already on for this user.',
      suggestion: 'Call disableTotp first.',
    });
  }
  const totp_secret = toBase32(randomBytes(20));
  await s.update(users, user_id, { totp_secret });
  return totp_secret;
}

/**
 * Checks the first TOTP code that the caller has entered, and turns TOTP on. From then on a login needs a code, and the
 * other logins of the user are refused by every service: no code was checked in them.
 *
 * @returns whether the code is right; nothing changes when it is not
 * @throws AshlarError `login-required`
 */
export async function confirmTotp(
  s: DocuvaultSession,
  { code, ...login }: LoginRef & { readonly code: string },
): Promise<boolean> {
  const { user_id } = await requireLogin(s, login);
  // this lock serialises concurrent uses of one code: the second use finds it already accepted
  await s.query.selectFrom('users').select('id').where('id', '=', user_id).forNoKeyUpdate().execute();
  const user = await s.get(users, user_id);
  if (!user || !(await acceptCode(s, user, code))) return false;
  if (!user.totp_enabled) await s.update(users, user_id, { totp_enabled: true });
  await s.query
    .updateTable('refresh_tokens')
    .set({ second_factor: true })
    .where('family_id', '=', login.login_id)
    .execute();
  return true;
}

/**
 * Turns TOTP off and deletes the secret, for the user or an administrator.
 *
 * @throws AshlarError `login-required`, `access-denied`; `row-not-found`
 */
export async function disableTotp(s: DocuvaultSession, about: AboutUser): Promise<void> {
  const { caller, user_id } = await requireSelfOrAdmin(s, about);
  await s.update(users, user_id, { totp_secret: null, totp_enabled: false });
  await record(s, user_id, 'totp.disabled', { by: caller.user_id });
}

/**
 * Checks a TOTP code; the previous, the current and the next code are valid. Each code is accepted once (RFC 6238,
 * section 5.2). The caller has locked the user.
 */
export async function acceptCode(
  s: DocuvaultSession,
  { id, totp_secret }: Pick<User, 'id' | 'totp_secret'>,
  code: string,
): Promise<boolean> {
  if (totp_secret === null) return false;
  const step = matchingStep(totp_secret, Math.floor(Date.parse(s.now()) / 1_000 / period), code);
  if (step === undefined || step <= (await lastStep(s, id))) return false;
  await record(s, id, accepted, { step });
  return true;
}

const accepted = 'totp.accepted';

const matchingStep = (secret: string, now: number, code: string): number | undefined =>
  [now - 1, now, now + 1].find((step) => {
    const expected = Buffer.from(totpCode(secret, step * period));
    const given = Buffer.from(code);
    return expected.length === given.length && timingSafeEqual(expected, given);
  });

/** The time step of the last accepted code. */
const lastStep = async (s: DocuvaultSession, user_id: string): Promise<number> => {
  const last = await s.query
    .selectFrom('audit_log')
    .select('metadata')
    .where('user_id', '=', user_id)
    .where('action', '=', accepted)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return Number(last?.metadata?.step ?? 0);
};

const record = (
  s: DocuvaultSession,
  user_id: string,
  action: string,
  metadata: Record<string, string | number>,
) => recordEvent(s, { user_id, action, resource_type: 'user', resource_id: user_id, metadata });

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const toBase32 = (bytes: Uint8Array): string => {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('');
};

const fromBase32 = (text: string): Buffer => {
  const bits = [...text].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)));
};
