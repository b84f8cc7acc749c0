/** Loads the library of age, whose cryptography takes as long to load as the rest of a command: on use only. */
export function age(): Promise<typeof import('age-encryption')> {
  return import('age-encryption');
}
