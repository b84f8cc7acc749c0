import { hash } from 'node:crypto';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

// JSON with the keys of each object in order, whatever order they stand in (RFC 8785, JCS)
const canonical = (value: Json): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const object = value as { readonly [key: string]: Json };
  const pairs = Object.keys(object).sort();
  return `{${pairs.map((key) => `${JSON.stringify(key)}:${canonical(object[key] ?? null)}`).join()}}`;
};

/** The SHA-256 of text, in hex. */
export const sha256 = (text: string): string => hash('sha256', text);

/**
 * The SHA-256, in hex, of what a row says, as canonical JSON (RFC 8785): the same facts have the same checksum in
 * whatever order a file or an engine gives their columns.
 */
export const rowChecksum = (data: { readonly [key: string]: Json }): string => sha256(canonical(data));
