import { z } from 'zod';
import type { Guarantee } from '../../contract/guarantee.js';
import type { GuaranteeFacts, TableFacts } from '../../contract/table.js';
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
import { changeable } from './columns.js';
import { keyringData } from './data.js';
import { keyringOnPostgres } from './postgres.js';
import { keyringOnSqlite } from './sqlite.js';

/** The columns of a keyring. */
const shape = {
  /** The scope that the key encrypts. */
  scope: z.string().min(1),
  /** 1, 2, 3, …: the highest encrypts, all decrypt. */
  version: z.int32().min(1),
  /** The data key, encrypted under a master key; NULL once it is shredded. */
  wrapped: bytes().nullable(),
  master_version: z.int32().min(0),
  created_at: createdAt(),
  shredded_at: timestamp().nullable(),
};

/** A table of data keys. */
export type Keyring<Name extends string = string> = Table<Name, typeof shape, 'scope' | 'version'>;

/**
 * Declares a keyring: the table of the scopes' data keys, each wrapped by a master key that is kept elsewhere. A key
 * can be rewrapped and shredded, and nothing else: a shredded scope never gets another key.
 *
 * @param name - the table's name
 * @param items - given the columns, returns further guarantees: `(c) => [audited({ into: changes, except: c.wrapped })]`
 *
 * @example
 * export const dataKeys = keyring('data_keys');
 */
export function keyring<const Name extends string>(
  name: Name,
  items: (columns: Columns<typeof shape>) => readonly TableItem[] = () => [],
): Keyring<Name> {
  return table(name, shape, (c) => [
    primaryKey(c.scope, c.version),
    check(`${name}_shredded`, '(wrapped IS NULL) = (shredded_at IS NOT NULL)'),
    erasedForGood,
    ...items(c),
  ]);
}

const erasedForGood: Guarantee = Object.freeze({
  kind: 'guarantee' as const,
  name: 'keyring',
  facts: () => ({ keyring: true as const }),
  frozen: (table: TableFacts) => Object.keys(table.columns).filter((name) => !changeable.includes(name)),
  conflicts: [
    {
      fact: 'appendOnly' as const,
      why: 'Rotating or shredding a data key updates its row.',
      suggestion: 'Remove appendOnly: a keyring refuses every other change.',
    },
    {
      fact: 'retention' as const,
      why: 'A data key is shredded, never deleted: its row shows that the scope must not get another key.',
      suggestion: 'Remove retained, and shred the scope when its retention period ends.',
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
  summary: 'A shredded scope never gets another data key.',
  sqlite: { level: 'enforced' as const, objects: keyringOnSqlite },
  postgres: {
    level: 'enforced' as const,
    objects: keyringOnPostgres,
    rights: () => ({
      withheld: ['delete' as const],
      updatable: changeable,
    }),
  },
  // the CHECK wants either a key or the time of its shredding
  probes: [{ wrapped: new Uint8Array(77) }],
  attacks: keyringAttacks,
  data: keyringData,
});
