import type { Column } from '../contract/column.js';
import type { SqlName } from '../contract/sql.js';

const numbers = ['-1', '0', '-2147483648', '2147483647'];

const byKind: Readonly<Record<string, Readonly<Record<SqlName, readonly string[]>>>> = {
  text: {
    sqlite: ["''", "'ashlar prove'", `'${'x'.repeat(4_000)}'`],
    postgres: ["''", "'ashlar prove'", `'${'x'.repeat(4_000)}'`],
  },
  integer: { sqlite: numbers, postgres: numbers },
  bigint: { sqlite: numbers, postgres: numbers },
  real: { sqlite: ['-1', '1e300'], postgres: ['-1', "'NaN'"] },
  decimal: { sqlite: ["'x'", '-1'], postgres: ['-1', "'NaN'"] },
  boolean: { sqlite: ['2'], postgres: [] },
  // PostgreSQL's types refuse other texts themselves
  uuid: { sqlite: ["'x'"], postgres: [] },
  timestamp: { sqlite: ["'x'"], postgres: ["'infinity'"] },
  date: { sqlite: ["'x'"], postgres: ["'infinity'"] },
  json: { sqlite: ["'x'", "'0'"], postgres: ["'0'", "'[]'", "'{}'"] },
  bytes: { sqlite: ["X''", "X'00'"], postgres: ["'\\x'", "'\\x00'"] },
};

/** SQL literals, in the type of a column, that a CHECK of it may refuse: at its ends, and of no form that a schema asks for. */
export function unusualValues({ kind, nullable, element }: Column, dialect: SqlName): readonly string[] {
  const of = element ? { sqlite: ["'x'", "'[]'"], postgres: ["'{}'"] } : byKind[kind];
  return [...(of?.[dialect] ?? []), ...(nullable ? ['NULL'] : [])];
}

/** An SQL literal for a key that no row has; `undefined` for kinds that are rarely keys. */
export function unusedKey({ kind }: Column): string | undefined {
  if (kind === 'integer' || kind === 'bigint') return '2147483600';
  return kind === 'uuid' || kind === 'text' ? "'00000000-0000-7000-8000-00000000dead'" : undefined;
}
