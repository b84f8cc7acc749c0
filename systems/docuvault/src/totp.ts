import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AshlarError } from 'ashlar';
import { queryEvents, recordEvent } from './audit.js';
import { notThere } from './refusals.js';
import { type DocuvaultSession, users } from './tables.js';

const period = 30;
const digits = 6;

/**
 * The code of a moment (RFC 6238 with its usual choices: SHA-1, six digits, thirty seconds).
 *
 * @param secret - in base32 (RFC 4648, section 6)
 * @param seconds - since 1970
 */
export const totpCode = (secret: string, seconds: number): string => {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / period)));
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  // RFC 4226, section 5.3
  const offset = (mac.at(-1) ?? 0) & 0xf;
  const code = (mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits;
  return String(code).padStart(digits, '0');
};

/**
 * Gives a user a new secret for codes, which are asked for once he has confirmed one.
 *
 * @returns the secret in base32: shown to the user once, kept encrypted
 * @throws AshlarError `row-not-found`; `state-conflict` while codes are asked for; `key-missing` without COLUMN_KEY
 */
export const enrolTotp = async (s: DocuvaultSession, user_id: string): Promise<string> => {
  const user = await s.get(users, user_id);
  if (!user) throw notThere('user');
  if (user.totp_enabled) {
    throw new AshlarError('state-conflict', {
      message: 'The user is asked for codes already.',
      suggestion: 'Disable them first.',
    });
  }
  const totp_secret = toBase32(randomBytes(20));
  await s.update(users, user_id, { totp_secret });
  return totp_secret;
};

/**
 * Whether a code is the user's of now, or of half a minute before or after: for a login. Each code is taken once (RFC
 * 6238, section 5.2). Codes are asked for from the first right one on.
 */
export const confirmTotp = async (s: DocuvaultSession, user_id: string, code: string): Promise<boolean> => {
  // the same code twice at the same time: the second waits, and then finds it taken
  await s.query.selectFrom('users').select('id').where('id', '=', user_id).forNoKeyUpdate().execute();
  const user = await s.get(users, user_id);
  if (!user?.totp_secret) return false;
  const step = matchingStep(user.totp_secret, Math.floor(Date.parse(s.now()) / 1_000 / period), code);
  if (step === undefined || step <= (await lastStep(s, user_id))) return false;
  if (!user.totp_enabled) await s.update(users, user_id, { totp_enabled: true });
  await record(s, user_id, accepted, { step });
  return true;
};

/** Forgets a user's secret; he is asked for codes no more. @throws AshlarError `row-not-found` */
export const disableTotp = async (s: DocuvaultSession, user_id: string): Promise<void> => {
  await s.update(users, user_id, { totp_secret: null, totp_enabled: false });
  await record(s, user_id, 'totp.disabled', {});
};

const accepted = 'totp.accepted';

const matchingStep = (secret: string, now: number, code: string): number | undefined =>
  [now - 1, now, now + 1].find((step) => {
    const expected = Buffer.from(totpCode(secret, step * period));
    const given = Buffer.from(code);
    return expected.length === given.length && timingSafeEqual(expected, given);
  });

/** The half minute of the newest code that was taken. */
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
