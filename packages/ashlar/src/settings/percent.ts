/** Decodes a part of a URL, or returns `undefined` where a `%` in it begins no code. */
export function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
