import { createdAt, id, table, timestamps } from 'ashlar';
import { type Rights, rightsOf } from 'ashlar/extend';
import { appendOnly, versioned } from 'ashlar/guarantees';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const withholding = (name: string, rights: Rights) => ({
  kind: 'guarantee' as const,
  name,
  summary: 'It withholds something.',
  sqlite: { level: 'enforced' as const, objects: () => [] },
  postgres: { level: 'enforced' as const, objects: () => [], rights: () => rights },
});

const tableOf = (...all: readonly Rights[]) =>
  table('things', { id: id(), a: z.string(), b: z.string(), c: z.string() }, () =>
    all.map((rights, at) => withholding(`g${at}`, rights)),
  );

describe('the rights that the guarantees of a table allow', () => {
  test('are all rights where there are no guarantees', () => {
    expect(rightsOf(tableOf())).toEqual({ select: 'all', insert: 'all', update: 'all', delete: 'all' });
  });

  test('are the rights that no guarantee withholds', () => {
    const rights = rightsOf(
      tableOf(
        { withheld: ['delete'], notInsertable: ['a'], updatable: ['a', 'b'] },
        { notInsertable: ['b'], updatable: ['b', 'c'] },
        {},
      ),
    );
    expect(rights).toEqual({ select: 'all', insert: ['id', 'c'], update: ['b'], delete: [] });
  });

  test('exclude a withheld right, whatever its columns', () => {
    const rights = rightsOf(
      tableOf({ withheld: ['insert', 'update'], notInsertable: ['a'], updatable: ['a'] }),
    );
    expect(rights).toMatchObject({ insert: [], update: [] });
  });

  test('of an append-only table: insert without server-set columns, and update its stamps', () => {
    const records = table('records', { id: id(), made: createdAt(), ended: z.string().nullable() }, (c) => [
      appendOnly({ stampOnce: c.ended }),
    ]);
    expect(rightsOf(records)).toEqual({
      select: 'all',
      insert: ['id', 'ended'],
      update: ['ended'],
      delete: [],
    });
  });

  test('of versions: insert, and lock the current version', () => {
    const texts = table(
      'texts',
      {
        id: id(),
        code: z.string(),
        version: z.int(),
        is_current: z.boolean().default(true),
        previous: z.uuid().nullable(),
        ...timestamps(),
      },
      (c) => [versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous })],
    );
    expect(rightsOf(texts)).toEqual({
      select: 'all',
      insert: 'all',
      update: ['is_current'],
      delete: [],
    });
  });
});
