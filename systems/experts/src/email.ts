/**
 * Normalises an email address: trims it and converts it to Unicode NFC and lower case. A value that is not a string is
 * returned unchanged; the table refuses it.
 */
export function normaliseEmail(email: string): string {
  return typeof email === 'string' ? email.trim().normalize('NFC').toLowerCase() : email;
}
