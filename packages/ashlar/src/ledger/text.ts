import { isSize } from './merkle.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text in these bytes, or undefined where they are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The bytes of standard base64, or undefined for any spelling but the one they would be written in. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** The SHA-256 hash in base64, or undefined. */
export function hashFromBase64(text: string): Buffer | undefined {
  const bytes = fromBase64(text);
  return bytes?.length === 32 ? bytes : undefined;
}

/** A size or position in decimal without leading zeroes, or undefined. */
export function fromDecimal(text: string): number | undefined {
  const number = Number(text);
  return isSize(number) && String(number) === text ? number : undefined;
}
