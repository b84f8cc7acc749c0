import { isIP, isIPv6 } from 'node:net';
import { z } from 'zod';

/** A name, password, code or hash that a caller gives: a longer one is not looked at. */
export const shortText = z.string().max(1_024);

/** A media type with its parameters: RFC 9110, section 8.3.1. Who serves a document sends it as a header. */
export function mediaType() {
  const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
  const parameter = `[ \\t]*;[ \\t]*${token}=(?:${token}|"[ !#-\\[\\]-~]*")`;
  return z
    .string()
    .max(255)
    .regex(new RegExp(`^${token}/${token}(?:${parameter})*$`));
}

/** An IP address that a caller gives, in any form, read in its canonical form: `null` where it is not known. */
export const ipAddress = z
  .string()
  .refine((text) => isIP(text) !== 0 && !text.includes('%'), 'no IP address')
  .transform(canonicalAddress)
  .nullish()
  .transform((address) => address ?? null);

/** The longest text that a document may have beside its content: 10 MiB. */
export const longestText = 10_485_760;

/** The size of a text as it is stored and charged, in bytes of UTF-8. */
export function textBytes(text: string | null | undefined): number {
  return Buffer.byteLength(text ?? '');
}

/** Details of a document that its users may write; the service sets all other columns. */
export const documentDetails = z.strictObject({
  filename: z.string(),
  content_type: z.string(),
  extracted_text: z
    .string()
    .nullish()
    .refine((text) => textBytes(text) <= longestText, `more than ${longestText} bytes of text`),
});

/** The largest credentials of a cloud connection: 64 KiB of JSON. */
const largestCredentials = 65_536;

/** The credentials of a cloud connection. */
export const credentialsInput = z
  .record(z.string(), z.json())
  .refine((given) => textBytes(JSON.stringify(given)) <= largestCredentials, 'more than 64 KiB of JSON');

/** Returns the form of RFC 5952 of an IP address; the form of IPv4 also where an IPv6 address contains one. */
function canonicalAddress(address: string): string {
  if (!isIPv6(address)) return address;
  // a URL has the canonical form, with a mapped IPv4 address in hex
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!mapped) return canonical;
  const parts = [mapped[1], mapped[2]].map((part) => Number.parseInt(part ?? '', 16));
  return parts.flatMap((part) => [part >> 8, part & 0xff]).join('.');
}

/**
 * Returns what is counted for an IP address in canonical form: of IPv6 the first 64 bits, because one host has all
 * addresses of such a network (RFC 6177, section 2).
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = [], tail] = address
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  const missing = 8 - head.length - (tail?.length ?? 0);
  const zeros = Array.from({ length: tail === undefined ? 0 : missing }, () => '0');
  return `${[...head, ...zeros, ...(tail ?? [])].slice(0, 4).join(':')}::/64`;
}
