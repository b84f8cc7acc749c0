/**
 * Returns the form in which names are compared: NFKC, without differences of case (`ß` is `ss`), with single spaces. Two names
 * with the same key are the same name. It is stored, because SQLite cannot compute it.
 */
export function nameKey(name: string): string {
  // upper case first: it is what folds ß, ſ and the forms of sigma
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC').replace(/\s+/gu, ' ').trim();
}
