import { parseInput } from 'ashlar';
import { z } from 'zod';

/**
 * Returns the form in which the name of a folder, document or topic is stored: Unicode NFC. So a name is one name, however
 * a keyboard or a file system spells its accents.
 *
 * @throws AshlarError `input-invalid` for what is no text
 */
export function nameOf(name: string): string {
  return parseInput('Invalid name', z.string(), name).normalize('NFC');
}
