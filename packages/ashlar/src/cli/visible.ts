// control characters, and those that change the direction of text (Unicode Technical Report 36, section 2.5)
const unsafe = String.raw`[\p{Cc}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]`;
const everyUnsafe = new RegExp(unsafe, 'gu');
const introducer = String.fromCharCode(27);
const styledOrUnsafe = new RegExp(String.raw`${introducer}\[[\d;]*m|${unsafe}`, 'gu');

const escaped = (text: string): string =>
  [...text].map((one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`).join('');

/**
 * Replaces control characters and characters that reorder text by escapes such as `\u001b`. Values from a database are
 * printed through it: they must not move the cursor of a terminal, begin a line or reverse the text around them.
 */
export function visible(text: string): string {
  return text.replaceAll(everyUnsafe, escaped);
}

/** {@link visible} for whole output, in which line breaks and tabs are kept, and colours if the output has some. */
export function visibleOutput(text: string, coloured: boolean): string {
  return text.replaceAll(styledOrUnsafe, (found) =>
    found === '\n' || found === '\t' || (coloured && found.length > 1) ? found : escaped(found),
  );
}
