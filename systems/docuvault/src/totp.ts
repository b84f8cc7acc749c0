import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AshlarError } from 'ashlar';
import { queryEvents, recordEvent } from './audit.js';
import { notFound } from './errors.js';
import { type DocuvaultSession, users } from './tables.js';

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
 * Creates a TOTP secret for a user. TOTP is enabled when the user confirms the first code.
 *
 * @returns the secret in base32, to be shown to the user once; the database stores it encrypted
 * @throws AshlarError `row-not-found`; `state-conflict` when TOTP is already enabled; `key-missing` without COLUMN_KEY
 */
export async function enrolTotp(s: DocuvaultSession, user_id: string): Promise<string> {
  const user = await s.get(users, user_id);
  if (!user) throw notFound('user');
  if (user.totp_enabled) {
    throw new AshlarError('state-conflict', {
      message: 'TOTP is already enabled for this user.',
      suggestion: 'Call disableTotp first.',
    });
  }
  const totp_secret = toBase32(randomBytes(20));
  await s.update(users, user_id, { totp_secret });
  return totp_secret;
}

/**
 * Checks a TOTP code that a user has entered; the previous, the current and the next code are valid. Each code is
 * accepted once (RFC 6238, section 5.2). The first valid code enables TOTP.
 */
export async function confirmTotp(s: DocuvaultSession, user_id: string, code: string): Promise<boolean> {
  // this lock serialises concurrent uses of one code: the second use finds it already accepted
  await s.query.selectFrom('users').select('id').where('id', '=', user_id).forNoKeyUpdate().execute();
  const user = await s.get(users, user_id);
  if (!user?.totp_secret) return false;
  const step = matchingStep(user.totp_secret, Math.floor(Date.parse(s.now()) / 1_000 / period), code);
  if (step === undefined || step <= (await lastStep(s, user_id))) return false;
  if (!user.totp_enabled) await s.update(users, user_id, { totp_enabled: true });
  await record(s, user_id, accepted, { step });
  return true;
}

/**
 * Disables TOTP for a user and deletes the secret.
 *
 * @throws AshlarError `row-not-found`
 */
export async function disableTotp(s: DocuvaultSession, user_id: string): Promise<void> {
  await s.update(users, user_id, { totp_secret: null, totp_enabled: false });
  await record(s, user_id, 'totp.disabled', {});
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
  const { events } = await queryEvents(s, { user_id, action: accepted, limit: 1 });
  return Number(events[0]?.metadata?.step ?? 0);
};

const record = (s: DocuvaultSession, user_id: string, action: string, metadata: { readonly step?: number }) =>
  recordEvent(s, { user_id, action, resource_type: 'user', resource_id: user_id, metadata });

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
