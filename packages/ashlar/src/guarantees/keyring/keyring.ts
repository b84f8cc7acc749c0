import { z } from 'zod';
import type { Guarantee } from '../../contract/guarantee.js';
import type { GuaranteeFacts } from '../../contract/table.js';
import {
  bytes,
  type Columns,
  check,
  createdAt,
  primaryKey,
  type Table,
  type TableItem,
  table,
  timestamp,
} from '../../model/index.js';
import { keyringAttacks } from './attacks.js';
import { keyringOnPostgres } from './postgres.js';
import { keyringOnSqlite } from './sqlite.js';

/** The columns of a keyring. */
const shape = {
  /** Whose key it is. */
  scope: z.string().min(1),
  /** 1, 2, 3, …: the highest encrypts, all decrypt. */
  version: z.int32().min(1),
  /** The data key under a master key; empty once it is shredded. */
  wrapped: bytes().nullable(),
  master_version: z.int32().min(0),
  created_at: createdAt(),
  shredded_at: timestamp().nullable(),
};

/** A table of data keys. */
export type Keyring<Name extends string = string> = Table<Name, typeof shape>;

/**
 * The table in which the data keys of scopes are kept, each wrapped by a master key that is kept elsewhere. A key can be
 * wrapped anew and shredded, and nothing else: a scope that was shredded never gets another.
 *
 * @param name - of the table
 * @param items - what else it shall keep: `(c) => [audited()]`
 *
 * @example
 * export const dataKeys = keyring('data_keys');
 */
export const keyring = <const Name extends string>(
  name: Name,
  items: (columns: Columns<typeof shape>) => readonly TableItem[] = () => [],
): Keyring<Name> =>
  table(name, shape, (c) => [
    primaryKey(c.scope, c.version),
    check(`${name}_shredded`, '(wrapped IS NULL) = (shredded_at IS NOT NULL)'),
    erasedForGood,
    ...items(c),
  ]);

const erasedForGood: Guarantee = Object.freeze({
  kind: 'guarantee' as const,
  name: 'keyring',
  facts: () => ({ keyring: true as const }),
  conflicts: [
    {
      fact: 'appendOnly' as const,
      why: 'A data key is rotated and shredded by an update of its row.',
      suggestion: 'Remove appendOnly: a keyring refuses every other change.',
    },
    {
      fact: 'retention' as const,
      why: 'A data key is shredded, never deleted: its row shows that the scope must not get another key.',
      suggestion: 'Remove retained, and shred the scope when its time is over.',
    },
    {
      fact: 'audited' as const,
      when: {
        holds: ({ audited }: GuaranteeFacts) => audited?.except.includes('wrapped') === false,
        words: 'without except: c.wrapped',
      },
      why: 'The trail would keep copies of wrapped keys, and shredding would not erase them.',
      suggestion: 'Leave the keys out of the trail: audited({ into, except: c.wrapped }).',
    },
  ],
  summary: 'A data key is erased for good: a scope that was shredded never gets another.',
  sqlite: { level: 'enforced' as const, objects: keyringOnSqlite },
  postgres: {
    level: 'enforced' as const,
    objects: keyringOnPostgres,
    rights: () => ({
      withheld: ['delete' as const],
      updatable: ['wrapped', 'master_version', 'shredded_at'],
    }),
  },
  // as the CHECK wants it: a key, or the moment in which it was shredded
  probes: [{ wrapped: new Uint8Array(77) }],
  attacks: keyringAttacks,
});
