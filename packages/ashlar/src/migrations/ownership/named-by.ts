import { isName, nameOf } from '../../sql/code.js';
import type { SqlStatement } from '../../sql/statements.js';
import { type KeyedObject, nameOnly } from './keys.js';

/** The words after DROP, ALTER or RENAME that say what is named. */
const types: ReadonlySet<string> = new Set([
  ...['TABLE', 'COLUMN', 'CONSTRAINT', 'INDEX', 'TRIGGER', 'POLICY', 'FUNCTION', 'PROCEDURE', 'ROUTINE'],
  ...['VIEW', 'RULE', 'TYPE', 'DOMAIN', 'SEQUENCE', 'STATISTICS', 'EXTENSION'],
]);
const between: ReadonlySet<string> = new Set(['IF', 'EXISTS', 'CONCURRENTLY', 'ONLY', 'MATERIALIZED']);

/** Whether a step drops, changes or renames an object by its name: a person who writes that means the object. */
export function isNamedBy(statements: readonly SqlStatement[], { type, name }: KeyedObject): boolean {
  const wanted = nameOnly(name);
  return statements.some(({ tokens }) => {
    if (tokens[0]?.word === 'CREATE') return false;
    return tokens.some(({ word }, at) => {
      if (word !== 'DROP' && word !== 'ALTER' && word !== 'RENAME') return false;
      let next = at + 1;
      while (between.has(tokens[next]?.word ?? '')) next += 1;
      const given = tokens[next]?.word ?? '';
      const isTyped = types.has(given);
      if (!isSameType(type, isTyped ? given : 'COLUMN')) return false;
      if (isTyped) next += 1;
      while (between.has(tokens[next]?.word ?? '')) next += 1;
      for (; next < tokens.length; next += 2) {
        const token = tokens[next];
        if (!token || !isName(token)) return false;
        const separator = tokens[next + 1]?.text;
        if (separator !== '.' && nameOf(token).toLowerCase() === wanted) return true;
        if (separator !== '.' && separator !== ',') return false;
      }
      return false;
    });
  });
}

const isSameType = (type: string, word: string): boolean => {
  if (word === 'TABLE') return type === 'virtual table';
  if (word === 'PROCEDURE' || word === 'ROUTINE') return type === 'function';
  if (word === 'VIEW') return type === 'view' || type === 'materialized view';
  return type.toUpperCase() === word;
};
