import { expect, test } from 'vitest';
import { z } from 'zod';
import { appendOnly, audited, auditTrail, ledgered } from '../../src/guarantees/index.js';
import { autoincrement, id, index, references, type Table, table, unique } from '../../src/model/index.js';
import { system } from '../../src/system/system.js';

const declare = (...tables: unknown[]) => {
  const named = Object.fromEntries((tables as Table[]).map((each, at) => [`table${at}`, each]));
  return system('shop', { tables: named, migrations: new URL('file:///nowhere/') });
};
const plain = (name: string) => table(name, { id: id(), body: z.string() });

test.each<[string, unknown[], RegExp]>([
  [
    'two indexes',
    [
      table('a', { id: id(), body: z.string() }, (c) => [index(c.body, { name: 'by_body' })]),
      table('b', { id: id(), body: z.string() }, (c) => [index(c.body, { name: 'by_body' })]),
    ],
    /named by_body: an index of a and an index of b/,
  ],
  [
    'indexes that are named after tables',
    [
      table('a', { id: id(), b_c: z.string() }, (c) => [index(c.b_c)]),
      table('a_b', { id: id(), c: z.string() }, (c) => [index(c.c)]),
    ],
    /named a_b_c_idx/,
  ],
  [
    'a table and an index',
    [plain('a_body_idx'), table('a', { id: id(), body: z.string() }, (c) => [index(c.body)])],
    /a_body_idx/,
  ],
  ['a table and a primary key', [plain('a'), plain('a_pkey')], /the primary key of a and the table a_pkey/],
  [
    'a table and a unique key',
    [table('a', { id: id(), b: z.string() }, (c) => [unique(c.b)]), plain('a_b_key')],
    /a_b_key/,
  ],
  [
    'a table and a sequence',
    [table('a', { id: autoincrement(), note: z.string() }), plain('a_id_seq')],
    /the sequence of a/,
  ],
  [
    'a table and a side table of a ledger',
    [table('a', { id: id() }, () => [appendOnly(), ledgered()]), plain('a_ledger'), plain('a_ledger_head')],
    /guarantees of a/,
  ],
  [
    'foreign keys',
    ['a', 'b'].map((name) =>
      table(name, { id: id(), of: z.uuid() }, (c) => [references(c.of, c.id, { name: 'of_fkey' })]),
    ),
    /named of_fkey_insert: a foreign key of a and a foreign key of b/,
  ],
])('refuses %s of one name', (_, tables, message) => {
  expect(() => declare(...tables)).toThrow(
    expect.objectContaining({ code: 'table-invalid', message: expect.stringMatching(message) }),
  );
});

test('allows what several tables share', () => {
  const trail = auditTrail('trail');
  expect(
    declare(
      trail,
      table('a', { id: id() }, () => [audited({ into: trail })]),
      table('b', { id: id() }, () => [audited({ into: trail })]),
    ).name,
  ).toBe('shop');
});
