/** Letters that look like the Latin letter before them: enough to hide words from a filter, and not from a reader. */
const lookalikes = new Map(
  (
    'aаɑαАΑ bвβьВΒ cсϲС dԁ eеεЕΕ gɡ hнһНΗ iіıιІΙ jјЈ kкκКΚ lӏ mмМΜ nηոΝ oоοօσОΟ pрρРΡ qԛ sѕЅ tтτТΤ uυս vνѵ wԝω xхχХΧ ' +
    'yуүγУҮΥ zᴢΖ'
  )
    .split(' ')
    .flatMap(([latin = '', ...others]) => others.map((other) => [other, latin] as const)),
);

const entities: Readonly<Record<string, string>> = {
  nbsp: ' ',
  shy: '',
  amp: '&',
  apos: "'",
  rsquo: "'",
  lsquo: "'",
};

const decoded = (entity: string, name: string): string => {
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  if (!name.startsWith('#')) return entities[name.toLowerCase()] ?? entity;
  return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : entity;
};

/**
 * Returns the words of a text as a reader sees them, in lower case with single spaces: without tags, accents, punctuation and
 * characters that are not seen; letters of other scripts that look like Latin ones become these. An apostrophe stays, in one
 * form, where it stands within a word: `you're`.
 */
export function plainWords(text: string): string {
  return text
    .replace(/<\/?(?:br|p|div|li|ul|ol|t[dr]|h[1-6])\b[^<>]*>/giu, ' ')
    .replace(/<\/?[a-z][^<>]*>|<!--[^<>]*-->/giu, '')
    .replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,6});/giu, decoded)
    .replace(/[‘’ʼ`´′]/gu, "'")
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
    .replace(/\P{ASCII}/gu, (letter) => lookalikes.get(letter) ?? letter)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}']+/gu, ' ')
    .replace(/(?<![\p{L}\p{N}])'+|'+(?![\p{L}\p{N}])/gu, ' ')
    .replace(/ {2,}/g, ' ');
}
