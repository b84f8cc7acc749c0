/** Forms in which authors of texts mark what is still to be filled in. */
const placeholders: readonly RegExp[] = [
  // {beneficiary}, ${beneficiary}, {{beneficiary, and half of one
  /\$?\{[^{}]*\}?|\}/u,
  // [NAME OF BENEFICIARY]
  /\[[^\]]*\]?/u,
  // <<beneficiary>>, «beneficiary»
  /<<[^>]*>?>?|«[^»]*»?/u,
  /%[sd]\b/u,
  /\b(?:TBD|TBC|TODO|XXX+)\b/u,
];

/** Returns the first placeholder in a text, such as `{beneficiary}`; `undefined` if there is none. */
export function placeholderIn(text: string): string | undefined {
  for (const placeholder of placeholders) {
    const found = placeholder.exec(text)?.[0];
    if (found !== undefined) return found.slice(0, 50);
  }
  return undefined;
}

// what a program writes when it has no value
const noValues = new Set(['undefined', 'null', 'NaN', '[object Object]']);

/** Characters that are not seen, or that change the order in which others are seen: they could hide words of a will. */
const hidden = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/**
 * Returns what is wrong with a text that is to be printed; `undefined` if it is a value. A text without a letter or a digit
 * is a gap: it is empty, blank, or a line to be filled in.
 */
export function gapIn(text: string): string | undefined {
  if (!/[\p{L}\p{N}]/u.test(text)) return text.trim() === '' ? 'is blank' : 'has no letter and no digit';
  if (noValues.has(text.trim())) return `is the word ${text.trim()}`;
  const placeholder = placeholderIn(text);
  if (placeholder !== undefined) return `has the placeholder ${placeholder}`;
  if (hidden.test(text.replaceAll(/[\n\r\t]/g, ''))) return 'has a character that is not seen';
  return undefined;
}
