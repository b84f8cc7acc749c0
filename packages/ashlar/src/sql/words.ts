/**
 * The words of a full-text index. SQLite’s tokenizer `unicode61` says what a word is and which letters differ in their case
 * alone; the tables below repeat it for PostgreSQL, whose own answer depends on the locale of the database, and for
 * searches. A test compares them with SQLite for every code point.
 */

// in base 36: how far a range begins after the end of the one before, and how long it is
const ranges = [
  '1c-9 8-p 7-p 1c 8-1 2 4-1 2-2 2-m 2-u 2-cp 5-b f-4 8 2 i-4 2-6 3 2 a 8-5 5-1 2-1 1r-4 2-7 2-4 3',
  '2-31 2-3u 9-5r 7-14 3-3 2 1k-16 3-a 6 n-1 3-16 m-9 5-1 2-2q 2 g-1 8-e 3 f 2 2-t s-2i c-1l a-1',
  '5-r 5 a 4 6-1 g-p 4-1 2-3o s 5-1h 4 j 8-9 5-9 2-f 4-1j 2 8-1 3-1 4-8 2-9 3-d 3-5 3-4 4-1j 2 6-3',
  '3-1 4-2 2-t 3-2 2-a 4-1j 2 9 4 4-j 3-b 3-e 4-1j 2 8-1 3-1 4-7 3-9 3-b 2-g 2-1m 6-2 4 5-8 2-q 9-5',
  '4-1l 8 4 5-6 3-a 3-q 2-1 3-1j 2 8 4 5-6 3-a 3-t 3-1l 8 4 5-8 2-9 3-k 2-7 3-1x 2-3 7 2 9-h 4-1n',
  '2-1 8-3 2-6 a-9 3-2c 2-1 7 3-a 7-1e w-j d-1c o-4 c 11 g e-27 l-a 7-5 5-3 4 4-1 8-2 5-c d 2-9',
  '7-2i 2-gw d-12 b-2t 2-h7 3-g 2-p 3-25 4-z 4-s 6-q 3-t 3-1r 10 5 2-x g-49 2-39 d-3 d-3 2-2 3-2x',
  'i-6 3-j z-m 6-1 3-1g b u-1 2-v 8 7-29 6-1a i-k 10-2 4-t e-1j f-7 5-z l-2 6-1p 3-1r 9-7 q-3 2-3',
  '4-5m 14-k 5-cc 2 4-a 4-c 4-c 4-c 3 2u-4 7-9 6-a 6-g r-l y-e 3 5 3-9 2 4-4 7 2 2 2-3 2-a 3-3 6-4',
  '5 2-1r h1-b 14-o c-28 27-l e9 3a-t qi-2 b-ay 7-3 4-6 5 3-33 2-d 2-2n 28 d-1v r 2i-b 5z-p d-3 6-2',
  'q-8 8-4 3-4 4-2g 5-2 2-2h 2-43 3-3 b-v 11-r w-a v-7 2-e x-9 14-e 1s 75-533 1t-h3j 1k-1i 3-7g',
  '4-2m h-v 2-27 9-7 o-8 3-2u 3-3a 2-2 2-3 2-m a-9 5-1l 5-7 3-1d i-8 3-f j-5 4-16 b-m e-a 2-v 5-1a',
  's-f 3-20 f-b 2-7 3-d 5-m 4 2-1f 2 4-1 3-4 3 2-r 3-a 8-2 3-6j c-8pd 1kx-5ct 2-9 2-3r h-aj 3-57',
  '3-1 r-5 8-8 10 k 5-42 2 g-9 8-p 7-p c-3d 8 8-9 8-73 4-1f a-1k i-5 d-1f 1b-bk 2-1b 2-w5 2-5i 2-u',
  '2-5c 4 3-4 5-13 4-3 2-f a-11 2-54 8-xr 4-1g n-1d 4-18 j-1p 4-z f-a 5-1n 4-1b f-3 5-yp e-2pj',
  '5-esc 1b-f 5-j1o 6v-9 14-1 52-x 1z-55 2g-o9 2-o 2-u 2-o 2-u 2-o 2-u 2-o 2-u 2-o 2-4kr 3-7h 19-3',
  '2t-b g-1 f-1 g g-1b w 1p-3 18-22 u-c 18-4 a-6 3-4t y-e 7 1z-2 l-b 12 6-k i-e 1s 2 53 5-2 1r-1',
  '5-b p-42 1z-3 c-1b 1z-1l 39-gwi4 2-t 2p-3j 6p-47bj',
].join(' ');

// in base 36: how far a letter is after the one before, how far its small letter is from it, and how many letters follow
// it (*) or follow it alternately (:)
const folds = [
  '1t+w*q 38+lj b+w*n o+w*7 14+1:o 1e+1:3 7+1:8 h+1:n 1a-3d 1+1:3 6-7g 2+5u 1+1:2 4+5q 1+1 2+5p*2',
  '2+1 3+27 1+5m 1+5n 1+1 2+5p 1+5r 2+5v 1+5t 1+1 4+5v 1+5x 2+5y 1+1:3 6+62 1+1 2+62 3+1 2+62 1+1',
  '2+61*2 2+1:2 4+63 1+1 4+1 8+2 1+1 2+2 1+1 2+2 1+1:9 j+1:9 j+2 1+1:2 4-2p 1-1k 1+1:k 14-3m 2+1:9',
  'o+8bv 1+1 2-4j 1+8bs 3+1 2-5f 1+1x 1+1z 1+1:5 8a+1:2 6+1 g+12 2+11*3 4+1s 2+1r*2 3+w*h i+w*9 v+1',
  'd+8 1-u 1-p 4-f 1-m 2+1:c o-1i 1-1c 3-1o 1-1s 2+1 2-7 1+1 3-3m*3 3+28*g g+w*w 28+1:h 16+1:r 1i+f',
  '1+1:7 f+1:18 2p+1c*12 29b+5ls*12 13+5ls 6+5ls 2lv+1:23 4b-1m 3-5vj 2+1:1c 2w-8*8 g-8*6 g-8*8',
  'g-8*8 g-8*6 h-8:4 f-8*8 w-8*8 g-8*8 g-8*8 g-8*2 2-22*2 2-9 2-5j9 a-2e*4 4-9 c-8*2 2-2s*2 e-8*2',
  '2-34*2 2-7 c-3k*2 2-3i*2 2-9 8a-5st 4-6gv 1-6di 7+s 1a+g*g z+1 22l+1c*1b 2o+1 2-8af 1-2xy 1-89z',
  '3+1:3 6-8bg 1-8al 1-8bj 1-8bi 2+1 3+1 9-8cf*2 2+1:1e 2z+1:2 7+1 nym+1:n 1s+1:c 4i+1:7 g+1:v',
  '1z+1:2 4-r9g 1+1:5 d+1 2-wmg 3+1:2 g+1:5 a-wn8 h9z+w*q yn+14*14',
].join(' ');

const from36 = (text: string): number => Number.parseInt(text, 36);

/** The ranges of the code points that are part of words, each with its first and last one. */
export const wordRanges: readonly (readonly [first: number, last: number])[] = (() => {
  let end = 0;
  return ranges.split(' ').map((range) => {
    const [gap = '', length = '0'] = range.split('-');
    const first = end + from36(gap);
    end = first + from36(length);
    return [first, end] as const;
  });
})();

/** The letters that count as other letters, above all capitals as small ones, beyond ASCII. */
export const foldedLetters: ReadonlyMap<string, string> = (() => {
  const letters = new Map<string, string>();
  let at = 0;
  for (const run of folds.split(' ')) {
    const [, gap = '', sign, distance = '', step, count = '1'] =
      /^(\w+)([+-])(\w+)(?:([*:])(\w+))?$/.exec(run) ?? [];
    at += from36(gap);
    for (let n = 0; n < from36(count); n++) {
      const letter = at + n * (step === ':' ? 2 : 1);
      const other = letter + (sign === '-' ? -1 : 1) * from36(distance);
      if (letter > 0x7f) letters.set(String.fromCodePoint(letter), String.fromCodePoint(other));
    }
  }
  return letters;
})();

const escaped = (codePoint: number): string => `\\u{${codePoint.toString(16)}}`;
const word = new RegExp(
  `[${wordRanges.map(([first, last]) => `${escaped(first)}-${escaped(last)}`).join('')}]+`,
  'gu',
);

/** The length to which words are cut, in code points: PostgreSQL indexes none above 2,046 bytes. */
export const longestWord = 255;

/** Returns the words of a text as an index has them, but for their length. */
export function wordsIn(text: string): readonly string[] {
  return (text.match(word) ?? []).map((found) =>
    found.replaceAll(
      /[A-Z]|[^\0-\x7f]/gu,
      (letter) => foldedLetters.get(letter) ?? letter.replace(/[A-Z]/, lower),
    ),
  );
}

const lower = (letter: string): string => letter.toLowerCase();
