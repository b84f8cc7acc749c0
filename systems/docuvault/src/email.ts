import { domainToASCII, domainToUnicode } from 'node:url';

/**
 * Normalises an email address: trims it and converts it to Unicode NFC and lower case, and its domain to the form that IDNA
 * gives it, so that `xn--bcher-kva.example` is `bücher.example`. An address with letters of any script is one (RFC 6531).
 */
export function normaliseEmail(email: string): string {
  const given = email.trim().normalize('NFC').toLowerCase();
  const at = given.lastIndexOf('@') + 1;
  const domain = given.slice(at);
  // other names of hosts would be read as addresses: 1.2 is 1.0.0.2
  if (at === 0 || !/\P{ASCII}|xn--/u.test(domain)) return given;
  return given.slice(0, at) + (domainToUnicode(domainToASCII(domain)) || domain);
}
