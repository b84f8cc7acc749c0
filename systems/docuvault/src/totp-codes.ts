import { createHmac, timingSafeEqual } from 'node:crypto';
import { recordEvent } from './audit.js';
import type { DocuvaultSession, User } from './tables.js';

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
 * Checks a TOTP code; the previous, the current and the next code are valid. Each code is accepted once (RFC 6238,
 * section 5.2). The caller has locked the user.
 */
export async function acceptCode(
  s: DocuvaultSession,
  { id, totp_secret }: Pick<User, 'id' | 'totp_secret'>,
  code: string,
): Promise<boolean> {
  if (totp_secret === null) return false;
  if (typeof code !== 'string') return false;
  const step = matchingStep(totp_secret, Math.floor(Date.parse(s.now()) / 1_000 / period), code);
  if (step === undefined || step <= (await lastStep(s, id))) return false;
  await recordEvent(s, {
    user_id: id,
    action: accepted,
    resource_type: 'user',
    resource_id: id,
    metadata: { step },
  });
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

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Encodes bytes in base32 (RFC 4648, section 6), without padding. */
export function toBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('');
}

const fromBase32 = (text: string): Buffer => {
  const bits = [...text].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)));
};
