import type { SqlName } from '../contract/sql.js';
import { AshlarError } from '../errors.js';
import { isNear } from '../settings/near.js';
import { isBlank } from '../sql/code.js';
import { readTokens, type Token } from '../sql/lexer.js';
import {
  isOwnershipDirective,
  looksLikeOwnership,
  type ObjectLines,
  readObjectLines,
} from './ownership/lines.js';

/**
 * The mode in which a step runs: in a transaction, without a transaction (`CREATE INDEX CONCURRENTLY`), in a
 * transaction that may replace tables (SQLite), or in batches, each in a transaction of its own.
 */
export type StepMode = 'transaction' | 'no-transaction' | 'rebuild' | 'batches';

/** Whether a step is not one transaction, so that a part of it remains when it fails. */
export function isWithoutTransaction({ mode }: { readonly mode: StepMode }): boolean {
  return mode === 'no-transaction' || mode === 'batches';
}

/** What the directives of a file say. */
export interface Directives extends ObjectLines {
  readonly mode: StepMode;
  readonly irreversible: boolean;
  /** Whether the step ends the time in which an older version of the application runs: `up` waits for `--contract`. */
  readonly contract: boolean;
  /** What a person has to write into the file before it is run, each with its line. */
  readonly fills?: readonly string[];
}

const modes: readonly StepMode[] = ['no-transaction', 'rebuild', 'batches'];
const names: readonly string[] = ['irreversible', 'contract', ...modes];
const form =
  'Write a directive as a comment of its own before the first statement, such as: -- ashlar: rebuild';
const known =
  'The directives are irreversible, contract, one of no-transaction, rebuild and batches, makes, keeps, renames and omits with a list of objects, and fill with what is missing.';

/**
 * Reads the directives of a file: comments before the first statement, of either kind, indented or not, in any case.
 *
 * @param where - the file and its step, for messages
 * @throws AshlarError `migration-invalid` for a comment that looks like a directive and cannot be obeyed: a directive that
 *   does not exist, is misspelt, comes after the first statement, or contradicts another
 */
export function readDirectives(text: string, dialect: SqlName, where: string): Directives {
  let mode: StepMode = 'transaction';
  let irreversible = false;
  let contract = false;
  const objects: string[] = [];
  const fills: string[] = [];
  for (const { line, words, leading } of commentLines(text, dialect)) {
    const name = directiveOf(words);
    if (name === undefined && !isNearMiss(words)) continue;
    const refused = (why: string): AshlarError =>
      new AshlarError('migration-invalid', {
        message: `Line ${line} of ${where} looks like a directive and is not a valid one: "${words}".`,
        detail: why,
        suggestion: form,
      });
    if (!leading) throw refused('A directive after the beginning of the first statement has no effect.');
    const asked = modes.find((each) => each === name);
    if (name === 'irreversible') irreversible = true;
    else if (name === 'contract') contract = true;
    else if (name !== undefined && isOwnershipDirective(name)) objects.push(textOf(words));
    else if (name !== undefined && isFill(name)) fills.push(`line ${line}: ${textOf(words)}`);
    else if (asked === undefined) throw refused(known);
    else if (mode !== 'transaction') throw refused(`The file already has the directive ${mode}.`);
    else mode = asked;
  }
  return {
    mode,
    irreversible,
    contract,
    ...(fills.length > 0 && { fills }),
    ...readObjectLines(objects, dialect, where),
  };
}

interface CommentLine {
  /** The line in the file, counted from 1. */
  readonly line: number;
  /** The line's text without the marks of the comment. */
  readonly words: string;
  /** Whether the comment is before the first statement. */
  readonly leading: boolean;
}

const isComment = ({ kind }: Token): boolean => kind === 'line-comment' || kind === 'block-comment';

function* commentLines(text: string, dialect: SqlName): Generator<CommentLine, void> {
  let line = 1;
  let leading = true;
  for (const token of readTokens(text, dialect)) {
    const lines = token.text.split('\n');
    if (isComment(token)) {
      for (const [at, one] of lines.entries()) yield { line: line + at, words: withoutMarks(one), leading };
    } else if (!isBlank(token) && token.text !== ';') leading = false;
    line += lines.length - 1;
  }
}

const withoutMarks = (line: string): string => line.replace(/^[\s\-/*]+/, '').replace(/[\s*]+\/?$/, '');

const mark = /^ashlar\s*:\s*/i;

/** The directive that a comment gives, in lower case, whether it exists or not. */
const directiveOf = (words: string): string | undefined =>
  mark.test(words) ? textOf(words).toLowerCase() : undefined;

// names of objects may have capital letters
const textOf = (words: string): string => words.replace(mark, '');

/** Whether the text of a directive, after `ashlar:`, says what is missing. */
const isFill = (directive: string): boolean => /^fill\s+\S/i.test(directive);

const letters = (text: string): string => text.replaceAll(/[^\p{L}\p{N}]/gu, '');

/** Whether a comment is a directive with mistakes: in the word, in the mark after it, or in the directive's name. */
const isNearMiss = (words: string): boolean => {
  const [, word = '', rest = ''] = /^[^\p{L}\p{N}]*([\p{L}\p{N}]+)(.*)$/su.exec(words.toLowerCase()) ?? [];
  if (word === 'ashlar' && /^\s*[:：]/.test(rest)) return true;
  if (!isNear(word, 'ashlar')) return false;
  return (
    looksLikeOwnership(rest) ||
    /^[^\p{L}\p{N}]*fill\s+\S+\.\S/u.test(rest) ||
    names.some((name) => isNear(letters(rest), letters(name)))
  );
};
