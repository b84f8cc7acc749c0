/**
 * Returns the form in which names are compared: NFKC, without differences of case (`ß`, `ẞ` and `ss` are the same) and without
 * characters that are not seen, with single spaces. Two names with the same key are the same name. It is stored, because
 * SQLite cannot compute it.
 */
export function nameKey(name: string): string {
  const plain = name.normalize('NFKC').replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu, '');
  return (
    plain
      .split('ı')
      .map(folded)
      // Unicode folds the dotless ı to itself: Kılıç is not Kiliç
      .join('ı')
      .normalize('NFKC')
      .replace(/\s+/gu, ' ')
      .trim()
  );
}

// lower case first, for ẞ; upper case then, which folds ß, ſ and the forms of sigma
const folded = (text: string): string => text.toLowerCase().toUpperCase().toLowerCase();
