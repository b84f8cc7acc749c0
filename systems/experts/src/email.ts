/**
 * The one way an address is written here: composed (Unicode NFC), in lower case, without spaces around it. What is no
 * text is given back: the table refuses it.
 */
export const normaliseEmail = (email: string): string =>
  typeof email === 'string' ? email.trim().normalize('NFC').toLowerCase() : email;
