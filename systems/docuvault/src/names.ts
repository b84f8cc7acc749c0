/**
 * Returns the form in which the name of a folder, document or topic is stored: Unicode NFC. So a name is one name, however
 * a keyboard or a file system spells its accents.
 */
export function nameOf(name: string): string {
  return name.normalize('NFC');
}
