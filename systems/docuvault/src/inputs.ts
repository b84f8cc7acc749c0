import { isIPv6 } from 'node:net';
import { inet } from 'ashlar';
import { z } from 'zod';

/** An IP address that a caller gives: `null` where it is not known. */
export const ipAddress = inet()
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

/**
 * Returns one form of an IP address for counting: IPv4 also where it is written as IPv6, and of IPv6 the first 64 bits,
 * because one host has all addresses of such a network (RFC 6177, section 2).
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  // a URL has the canonical form of RFC 5952, with a mapped IPv4 address in hex
  const canonical = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped) {
    const [high, low] = [mapped[1], mapped[2]].map((part) => Number.parseInt(part ?? '', 16));
    return [high, low].flatMap((part = 0) => [part >> 8, part & 0xff]).join('.');
  }
  const [head = '', tail] = canonical
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  const missing = 8 - head.length - (tail?.length ?? 0);
  const groups = [...head, ...Array<string>(tail === undefined ? 0 : missing).fill('0'), ...(tail ?? [])];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
