import { nameOf, stringOf } from '../../../sql/code.js';
import type { Token } from '../../../sql/lexer.js';

/**
 * The name that SQLite may find in a token, in lower case: it compares names in any case, and takes a string for a name
 * where it expects one.
 */
export function nameIn(token: Token): string {
  return (token.kind === 'string' ? stringOf(token) : nameOf(token)).toLowerCase();
}
