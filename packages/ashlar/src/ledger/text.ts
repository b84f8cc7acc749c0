import { isSize } from './merkle.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes UTF-8 to text; returns `undefined` if the bytes are not valid UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Decodes standard base64; returns `undefined` if the text is not canonical base64. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** Decodes a SHA-256 hash from base64; returns `undefined` if the text is not such a hash. */
export function hashFromBase64(text: string): Buffer | undefined {
  const bytes = fromBase64(text);
  return bytes?.length === 32 ? bytes : undefined;
}

/**
 * Parses the size of a tree or a position in it, in decimal without leading zeroes; returns `undefined` if the text
 * is invalid.
 */
export function fromDecimal(text: string): number | undefined {
  const number = Number(text);
  return isSize(number) && String(number) === text ? number : undefined;
}
