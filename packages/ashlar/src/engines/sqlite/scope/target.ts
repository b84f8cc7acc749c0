import type { CodeToken } from '../../../sql/code.js';

/**
 * The position of the name of the table that a statement writes to, which a schema may precede; -1 for a statement that
 * only reads.
 *
 * @param verb - the position of the statement's verb
 */
export function targetAt(tokens: readonly CodeToken[], verb: number): number {
  // UPDATE [OR …] t · INSERT [OR …] INTO t · REPLACE INTO t · DELETE FROM t
  const next = verb + (tokens[verb + 1]?.word === 'OR' ? 3 : 1);
  const word = tokens[next]?.word;
  switch (tokens[verb]?.word) {
    case 'UPDATE':
      return next;
    case 'INSERT':
    case 'REPLACE':
      return word === 'INTO' ? next + 1 : -1;
    case 'DELETE':
      return word === 'FROM' ? next + 1 : -1;
    default:
      return -1;
  }
}

/** A text to insert at an offset of a statement. */
export interface Edit {
  readonly at: number;
  readonly text: string;
}

/** Inserts texts into a statement, in the order of their offsets. */
export function edited(sql: string, edits: readonly Edit[]): string {
  let text = '';
  let from = 0;
  for (const edit of edits) {
    text += sql.slice(from, edit.at) + edit.text;
    from = edit.at;
  }
  return text + sql.slice(from);
}
