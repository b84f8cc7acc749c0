import type { SqlName } from '../../contract/sql.js';
import { AshlarError } from '../../errors.js';
import { type CodeToken, codeOf, line, splitAtCommas } from '../../sql/code.js';

/** What the directives of a step say about the objects that it makes; each object as {@link objectKey} names it. */
export interface OwnershipLines {
  /** The objects that the step makes and that later generated steps may drop. */
  readonly makes: readonly string[];
  /** The objects of earlier steps that generated steps never drop. */
  readonly keeps: readonly string[];
  /** The renamed objects: old → new. */
  readonly renames: ReadonlyMap<string, string>;
}

const words = ['makes', 'keeps', 'renames', 'omits'] as const;

/** Whether the text of a directive, after `ashlar:`, is a list of objects. */
export function isOwnershipDirective(directive: string): boolean {
  return words.some((word) => new RegExp(`^${word}\\b`, 'i').test(directive));
}

const types =
  'extension|table|column|constraint|index|trigger|policy|function|view|rule|type|domain|sequence';
const misread = new RegExp(
  `^[^\\p{L}\\p{N}]*(${words.join('|')})\\s+(materialized|virtual|${types})\\s+\\S`,
  'u',
);

/** Whether the text after the word `ashlar` is a directive about ownership, but for the mark between them. */
export function looksLikeOwnership(text: string): boolean {
  return misread.test(text.toLowerCase());
}

/** What the directives of a step say about objects. */
export interface ObjectLines {
  /** `undefined` if the file says nothing: it was written by a person, or before there were such directives. */
  readonly ownership: OwnershipLines | undefined;
  /** The objects that shadow databases are made without. */
  readonly omits: readonly string[];
}

/**
 * Reads the directives `makes`, `keeps`, `renames` and `omits` of a step's file.
 *
 * @param found - the texts of these directives, after `ashlar:`
 * @param where - the file and its step, for messages
 * @throws AshlarError `migration-invalid`
 */
export function readObjectLines(found: readonly string[], dialect: SqlName, where: string): ObjectLines {
  const makes: string[] = [];
  const keeps: string[] = [];
  const omits: string[] = [];
  let owns = false;
  const renames = new Map<string, string>();
  for (const directive of found) {
    const [verb, ...rest] = codeOf(directive, dialect);
    const parts = rest.length === 0 ? [] : splitAtCommas(rest);
    const invalid = (): AshlarError =>
      new AshlarError('migration-invalid', {
        message: `${where} has the directive "${directive}", which cannot be read.`,
        suggestion:
          'Write for example: -- ashlar: makes index orders_by_status, trigger orders.orders_audited',
      });
    const isEmpty = parts.length === 0 || parts.some((part) => part.length < 2);
    if (isEmpty && !isNothing(rest)) throw invalid();
    owns ||= verb?.word !== 'OMITS';
    if (isNothing(rest)) continue;
    if (verb?.word === 'OMITS') omits.push(...parts.map(keyOf));
    else if (verb?.word === 'MAKES') makes.push(...parts.map(keyOf));
    else if (verb?.word === 'KEEPS') keeps.push(...parts.map(keyOf));
    else {
      for (const part of parts) {
        const to = part.findIndex(({ word }) => word === 'TO');
        const [type] = part;
        if (to < 2 || to === part.length - 1 || !type) throw invalid();
        renames.set(keyOf(part.slice(0, to)), keyOf([type, ...part.slice(to + 1)]));
      }
    }
  }
  return { ownership: owns ? { makes, keeps, renames } : undefined, omits };
}

// a generated step without objects still says so: what a person adds to it later is theirs
const isNothing = (rest: readonly CodeToken[]): boolean => rest.length === 1 && rest[0]?.word === 'NOTHING';

// the engines ignore the case of a name without quotes
const keyOf = (part: readonly CodeToken[]): string =>
  line(part.map((token) => (token.kind === 'word' ? { ...token, text: token.text.toLowerCase() } : token)));

const lineWidth = 110;

/** Writes the objects that shadow databases are made without as directives. */
export function omitsText(omits: readonly string[]): readonly string[] {
  return wrapped('omits', omits);
}

/** Writes ownership as directives, with as many objects in a line as fit. */
export function ownershipText({ makes, keeps, renames }: OwnershipLines): readonly string[] {
  const renamed = [...renames].map(([from, to]) => `${from} to ${to.slice(to.indexOf(' ') + 1)}`);
  return [
    ...wrapped('renames', renamed),
    ...wrapped('keeps', keeps),
    ...wrapped('makes', makes.length > 0 || renamed.length > 0 || keeps.length > 0 ? makes : ['nothing']),
  ];
}

const wrapped = (verb: string, items: readonly string[]): readonly string[] => {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + item.length + 2 <= lineWidth)
      lines[lines.length - 1] = `${last}, ${item}`;
    else lines.push(`-- ashlar: ${verb} ${item}`);
  }
  return lines;
};
