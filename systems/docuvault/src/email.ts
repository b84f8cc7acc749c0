/**
 * Normalises an email address: trims it and converts it to Unicode NFC and lower case. An address with letters of any
 * script is one (RFC 6531).
 */
export function normaliseEmail(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}
