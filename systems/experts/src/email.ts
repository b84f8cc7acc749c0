/**
 * Normalises an email address: trimmed, Unicode NFC, lower case. A value that is not a string is returned unchanged; the
 * table refuses it.
 */
export function normaliseEmail(email: string): string {
  return typeof email === 'string' ? email.trim().normalize('NFC').toLowerCase() : email;
}
