import type { DeclaredObject } from '../contract/objects.js';
import { AshlarError } from '../errors.js';
import { nameOf } from '../sql/code.js';
import { type SqlStatement, splitStatements } from '../sql/statements.js';

/**
 * Throws if the SQL of a declared object is not one statement that creates an object of the declared name: a generated step
 * could neither replace nor drop what else it makes.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertDeclaredStatements(objects: readonly DeclaredObject[]): void {
  for (const { name, type, sql } of objects) {
    for (const dialect of ['sqlite', 'postgres'] as const) {
      const text = sql[dialect];
      if (text === null || type === 'extension') continue;
      const [first, second] = splitStatements(text, dialect);
      if (!first || second) {
        throw new AshlarError('table-invalid', {
          message: `The object ${name} has ${first ? 'more than one statement' : 'no statement'} on ${dialect}.`,
          ...(second && { detail: `The second one is: ${second.code}` }),
          suggestion:
            'Declare each object with an extra(…) of its own, in the order in which they need each other.',
        });
      }
      const created = createdName(first);
      if (created === name) continue;
      throw new AshlarError('table-invalid', {
        message: `The object ${name} has SQL that creates ${created ?? 'no object with a name'} on ${dialect}.`,
        suggestion: `Give the object one name in both places, for example: extra({ name: '${created ?? name}', … })`,
      });
    }
  }
}

// the words between CREATE and the name, those of the kinds of objects among them
const before = new Set(
  'CREATE OR REPLACE UNIQUE CONSTRAINT RECURSIVE MATERIALIZED VIRTUAL TABLE VIEW FUNCTION PROCEDURE TRIGGER INDEX TYPE DOMAIN SEQUENCE POLICY RULE STATISTICS CONCURRENTLY IF NOT EXISTS'.split(
    ' ',
  ),
);

const createdName = ({ tokens }: SqlStatement): string | undefined => {
  let at = tokens.findIndex(({ word }) => !before.has(word));
  // main.n, public.n
  while (tokens[at + 1]?.text === '.') at += 2;
  const token = tokens[at];
  if (!token || (token.kind !== 'word' && token.kind !== 'name') || token.word === 'ON') return undefined;
  return token.kind === 'word' ? token.text.toLowerCase() : nameOf(token);
};
