import { type CodeToken, findWords, hasWords, line } from '../sql/code.js';
import type { SqlStatement } from '../sql/statements.js';

/** What the statement that makes an object says of it, as far as it can be compared with what a server describes. */
export interface OmittedForm {
  /** The whole statement as SQLite keeps it. */
  readonly text: string;
  /** The arguments of a function, as they are written. */
  readonly signature: string;
  /** The body of a function between its quotes. */
  readonly body: string | undefined;
  readonly isDefiner: boolean;
  readonly isLeakproof: boolean;
  readonly hasSettings: boolean;
  readonly isInvokerView: boolean;
  readonly isUnique: boolean;
  /** The function that a trigger calls. */
  readonly calls: string | undefined;
  /** Whether a policy lets every row pass by what it says. */
  readonly isOpen: boolean;
}

const has = (tokens: readonly CodeToken[], ...words: readonly string[]): boolean =>
  tokens.some((_, at) => hasWords(tokens, at, ...words));

const signatureOf = (tokens: readonly CodeToken[]): string => {
  const start = tokens.findIndex(({ text }) => text === '(');
  let depth = 0;
  const end = tokens.findIndex(({ text }, at) => {
    if (at < start) return false;
    depth += text === '(' ? 1 : text === ')' ? -1 : 0;
    return depth === 0;
  });
  return start < 0 ? '' : line(tokens.slice(start + 1, end)).toLowerCase();
};

const dollars = /^\$[^$]*\$([\s\S]*)\$[^$]*\$$/;

// E'…' has escapes, which nobody needs for a body
const bodyOf = (tokens: readonly CodeToken[]): string | undefined => {
  const at = findWords(tokens, 'AS');
  const token = at < 0 ? undefined : tokens[at + 1];
  if (!token) return undefined;
  const [, quoted] = dollars.exec(token.text) ?? [];
  if (quoted !== undefined) return quoted;
  return token.text.startsWith("'") ? token.text.slice(1, -1).replaceAll("''", "'") : undefined;
};

const calledBy = (tokens: readonly CodeToken[]): string | undefined => {
  const at = tokens.findIndex(({ word }) => word === 'EXECUTE');
  const names =
    at < 0
      ? []
      : tokens.slice(
          at + 2,
          tokens.findIndex((one, i) => i > at && one.text === '('),
        );
  return names.at(-1)?.text.replaceAll('"', '').toLowerCase();
};

/** Reads the form of an object from the statement that makes it. */
export function formOf({ tokens }: Pick<SqlStatement, 'tokens'>): OmittedForm {
  const head = tokens.slice(0, Math.max(findWords(tokens, 'AS'), 0) || undefined);
  return {
    text: line(tokens),
    signature: signatureOf(tokens),
    body: bodyOf(tokens),
    isDefiner: has(tokens, 'SECURITY', 'DEFINER'),
    isLeakproof: tokens.some(({ word }, at) => word === 'LEAKPROOF' && tokens[at - 1]?.word !== 'NOT'),
    hasSettings: tokens.some(({ word }) => word === 'SET'),
    isInvokerView: head.some(({ word }) => word === 'SECURITY_INVOKER'),
    isUnique: has(tokens.slice(0, 3), 'UNIQUE'),
    calls: calledBy(tokens),
    isOpen: /\b(?:USING|CHECK) \(true\)/i.test(line(tokens)),
  };
}

/** What an ALTER of a step changes in the form of the object. */
export function alteredForm(form: OmittedForm, { tokens }: Pick<SqlStatement, 'tokens'>): OmittedForm {
  return {
    ...form,
    isDefiner: has(tokens, 'SECURITY', 'DEFINER') || (form.isDefiner && !has(tokens, 'SECURITY', 'INVOKER')),
    isLeakproof: form.isLeakproof || has(tokens, 'LEAKPROOF'),
    hasSettings: form.hasSettings || tokens.some(({ word }) => word === 'SET'),
    isInvokerView: form.isInvokerView || has(tokens, 'SECURITY_INVOKER'),
  };
}
