import type { Will } from './assembled-will.js';

/** A part of a clause's text on a page. */
export type Block =
  | { readonly kind: 'paragraph' | 'item'; readonly text: string }
  /** A line to sign on, with what is printed under it. */
  | { readonly kind: 'signature'; readonly text: string };

/**
 * Divides a clause's text into what a page shows: a line that begins with `- ` is an item of a list, a line of underscores
 * is a line to sign on, with the next line that has words under it, and every other line is a paragraph.
 */
export function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n').map((line) => line.trim());
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    if (isLine(line)) {
      const under = lines.findIndex((each, n) => n > at && each !== '');
      // two lines to sign on follow one another: nothing is printed under the first
      const label = isLine(lines[under]) ? '' : (lines[under] ?? '');
      if (label !== '') at = under;
      blocks.push({ kind: 'signature', text: label });
    } else if (line.startsWith('- ')) blocks.push({ kind: 'item', text: line.slice(2) });
    else blocks.push({ kind: 'paragraph', text: line });
  }
  return blocks;
}

const isLine = (line = ''): boolean => /^_{3,}$/.test(line);

/** Returns the title of a will. */
export function titleOf({ will_type }: Will): string {
  return will_type === 'joint' ? 'Joint last will and testament' : 'Last will and testament';
}

/** Returns the lines that say which versions of which texts a will was made of. */
export function colophonOf({ clauses, sha256, assembled_at }: Will): readonly string[] {
  return [
    `Assembled ${assembled_at} from these clauses; the SHA-256 hash of the will is ${sha256}.`,
    ...clauses.map(({ code, version, approved_by, approved_at, text_sha256, is_text_approved }) =>
      [
        `${code}, version ${version}, approved by ${approved_by} on ${approved_at.slice(0, 10)}`,
        `text ${text_sha256.slice(0, 16)}…`,
        ...(is_text_approved ? [] : ['of which the approval does not say that it is the approved one']),
      ].join(', '),
    ),
  ];
}
