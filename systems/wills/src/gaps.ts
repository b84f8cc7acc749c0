/** Forms in which authors of texts mark what is still to be filled in. Texts are compared in their NFKC form. */
const placeholders: readonly RegExp[] = [
  // {beneficiary}, ${beneficiary}, {{beneficiary, and half of one
  /\$?\{[^{}]*\}?|\}/u,
  // [NAME OF BENEFICIARY]
  /\[[^\]]*\]?/u,
  // <<beneficiary>>, «beneficiary»
  /<<[^>]*>?>?|«[^»]*»?/u,
  // <name of heir>; other words in such brackets may be a value
  /<[\p{L}\d _-]*(?:name|insert|amount|address|date|place|heir|beneficiary|executor|number)[\p{L}\d _-]*>/iu,
  // (insert name)
  /\((?:insert|fill in|complete|your|name of|to be)\b[^)]*\)?/iu,
  /%[sd]\b/u,
  /\b(?:TBA|TBD|TBC|XXX+)\b/iu,
  /\bTODO\b/u,
];

/** Returns the first placeholder in a text, such as `{beneficiary}`; `undefined` if there is none. */
export function placeholderIn(text: string): string | undefined {
  const plain = text.normalize('NFKC');
  for (const placeholder of placeholders) {
    const found = placeholder.exec(plain)?.[0];
    if (found !== undefined) return found.slice(0, 50);
  }
  return undefined;
}

/** What a program writes when it has no value, at any place: `Mr undefined`, `RNaN`. */
const noValue =
  /NaN(?![\p{L}\p{N}])|(?<![\p{L}\p{N}])(?:undefined|null|Invalid Date|\[object \w+\])(?![\p{L}\p{N}])/u;

/** What a person writes who has no value. */
const noAnswer = /^(?:n\/a|n\.a\.|not applicable|none given|\?+)$/iu;

/** A line to be filled in, as part of a value: `Name: ____`. */
const blankLine = /_{2,}|\.{4,}|\?{2,}/u;

/**
 * Characters that are not seen, or that change the order in which others are seen: they could hide words of a will.
 * Controls, formats and what is no character (`C`), what a font may ignore, separators of lines, the empty Braille cell,
 * and what stands for an object.
 */
const hidden = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800\ufffc]/u;

/** Returns what is wrong with a text of a will; `undefined` if nothing is. */
export function textGapIn(text: string): string | undefined {
  if (!/[\p{L}\p{N}]/u.test(text)) return text.trim() === '' ? 'is blank' : 'has no letter and no digit';
  const placeholder = placeholderIn(text);
  if (placeholder !== undefined) return `has the placeholder ${placeholder}`;
  if (hidden.test(text.replaceAll(/[\n\r\t]/g, ''))) return 'has a character that is not seen';
  return undefined;
}

/**
 * Returns what is wrong with a value that is to be printed; `undefined` if it is one. A value without a letter or a digit
 * is a gap: it is empty, blank, or a line to be filled in. So is what programs and people write in place of a value.
 */
export function gapIn(value: string): string | undefined {
  const plain = value.normalize('NFKC').trim();
  const word = noValue.exec(plain)?.[0] ?? noAnswer.exec(plain)?.[0];
  if (word !== undefined) return `has the word ${word}`;
  return textGapIn(value) ?? (blankLine.test(plain) ? 'has a line to be filled in' : undefined);
}
