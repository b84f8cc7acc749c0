/** The one way an address is written here: composed (Unicode NFC), in lower case, without spaces around it. */
export const normaliseEmail = (email: string): string => email.trim().normalize('NFC').toLowerCase();
