import { isSize } from './merkle.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of UTF-8 bytes; `undefined` for other bytes. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The bytes of standard base64; `undefined` for any spelling but the canonical one. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** A SHA-256 hash in base64; `undefined` for other text. */
export function hashFromBase64(text: string): Buffer | undefined {
  const bytes = fromBase64(text);
  return bytes?.length === 32 ? bytes : undefined;
}

/** A size or position in decimal without leading zeroes; `undefined` for other text. */
export function fromDecimal(text: string): number | undefined {
  const number = Number(text);
  return isSize(number) && String(number) === text ? number : undefined;
}
