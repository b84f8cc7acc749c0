import { nameOf, stringOf } from '../../../sql/code.js';
import type { Token } from '../../../sql/lexer.js';

/**
 * Returns the name, in lower case, as which SQLite may read a token. SQLite ignores the case of names, and accepts a
 * string in place of a name.
 */
export function nameIn(token: Token): string {
  return (token.kind === 'string' ? stringOf(token) : nameOf(token)).toLowerCase();
}
