import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { parseInput } from 'ashlar';
import { z } from 'zod';

/** The cost parameters of scrypt (RFC 7914): N = 2^`ln` blocks of 128 · `r` bytes, and the parallelization `p`. */
export interface PasswordCost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/**
 * The scrypt cost of new password hashes: N = 2^17, r = 8, p = 1 (the first choice of OWASP's Password Storage Cheat
 * Sheet). A running hash takes 128 MiB, and Node.js runs four at a time.
 */
export const currentCost: PasswordCost = Object.freeze({ ln: 17, r: 8, p: 1 });

const password = z.string().min(8, 'fewer than 8 characters').max(1_024, 'more than 1,024 characters');

/**
 * Hashes a password with scrypt, without blocking the event loop.
 *
 * @returns the hash with its salt and cost, in PHC string format: `$scrypt$ln=17,r=8,p=1$SALT$HASH`
 * @throws AshlarError `input-invalid` for fewer than 8 characters (NIST SP 800-63B, 3.1.1) or more than 1,024; the
 *   error never contains the password
 */
export async function hashPassword(
  plaintext: string,
  { ln, r, p }: PasswordCost = currentCost,
): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(parseInput('Invalid password', password, plaintext), salt, { ln, r, p }, 32);
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/**
 * The result of {@link checkPassword}: whether the password matches, and whether the stored hash has a lower cost than
 * new hashes.
 */
export interface PasswordCheck {
  readonly matches: boolean;
  readonly outdated: boolean;
}

/** Checks a password against a hash in PHC string format, in constant time and without blocking the event loop. */
export async function checkPassword(
  stored: string,
  plaintext: string,
  cost: PasswordCost = currentCost,
): Promise<PasswordCheck> {
  const parsed = phc.exec(stored)?.groups;
  // of a cost out of range, no login may take the memory
  if (!parsed || !isUsable(stored)) return { matches: false, outdated: true };
  const own = costOf(parsed);
  const expected = Buffer.from(parsed.hash ?? '', 'base64');
  const found = await derive(plaintext, Buffer.from(parsed.salt ?? '', 'base64'), own, expected.length);
  return {
    matches: timingSafeEqual(found, expected),
    outdated: own.ln < cost.ln || own.r < cost.r || own.p < cost.p,
  };
}

/**
 * Whether a hash in PHC string format has a cost that a login can be asked to pay: N from 2^10 to 2^20, r to 16, p to 4, and
 * at least 9 bytes of salt and hash.
 */
export function isUsable(stored: string): boolean {
  const parsed = phc.exec(stored)?.groups;
  if (!parsed) return false;
  const { ln, r, p } = costOf(parsed);
  const isLong = (text = '') => Buffer.from(text, 'base64').length >= 9;
  return (
    ln >= 10 &&
    ln <= 20 &&
    r >= 1 &&
    r <= 16 &&
    p >= 1 &&
    p <= 4 &&
    isLong(parsed.salt) &&
    isLong(parsed.hash)
  );
}

const costOf = ({ ln, r, p }: Record<string, string>): PasswordCost => ({
  ln: Number(ln),
  r: Number(r),
  p: Number(p),
});

/**
 * Returns a hash that matches no password; checking it makes the login of an unknown user take as long as any other
 * login.
 */
export function decoyHash({ ln, r, p }: PasswordCost): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(Buffer.alloc(16))}$${unpadded(Buffer.alloc(32))}`;
}

// https://github.com/P-H-C/phc-string-format
const phc =
  /^\$scrypt\$ln=(?<ln>\d{1,2}),r=(?<r>\d{1,3}),p=(?<p>\d{1,3})\$(?<salt>[\w+/-]+)\$(?<hash>[\w+/-]+)$/;

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

const derive = (plaintext: string, salt: Buffer, cost: PasswordCost, length: number): Promise<Buffer> => {
  const options: ScryptOptions = {
    N: 2 ** cost.ln,
    r: cost.r,
    p: cost.p,
    maxmem: 129 * 2 ** cost.ln * cost.r + 2 ** 20,
  };
  return new Promise((resolve, reject) => {
    // NFKC, so that the keyboard does not matter: NIST SP 800-63B recommends it
    scrypt(plaintext.normalize('NFKC'), salt, length, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
};
