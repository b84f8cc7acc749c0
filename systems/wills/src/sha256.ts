import { createHash } from 'node:crypto';

/** Returns the SHA-256 hash of a text (FIPS 180-4, of its UTF-8), in lower-case hex. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
