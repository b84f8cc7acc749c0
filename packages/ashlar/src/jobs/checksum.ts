import { hash } from 'node:crypto';

const isFlat = (object: object): boolean => {
  for (const item of Object.values(object)) if (typeof item === 'object' && item !== null) return false;
  return true;
};

// JSON with the keys of each object in order (RFC 8785, JCS)
const canonical = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const keys = Object.keys(value).sort();
  // much faster than key by key, and most rows are flat: an array of keys gives their order
  if (isFlat(value)) return JSON.stringify(value, keys);
  const pairs = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${pairs
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
    .join()}}`;
};

/** Computes the SHA-256 of a text, in hex. */
export function sha256(text: string): string {
  return hash('sha256', text);
}

/**
 * Computes the SHA-256, in hex, of a row's data as canonical JSON (RFC 8785). It does not depend on the order in
 * which a file or an engine gives the columns.
 */
export function rowChecksum(data: unknown): string {
  return dataChecksum(data).checksum;
}

/** The checksum of a row's data, and the length of the text that it was computed from. */
export function dataChecksum(data: unknown): { readonly checksum: string; readonly characters: number } {
  const text = canonical(data);
  return { checksum: sha256(text), characters: text.length };
}
