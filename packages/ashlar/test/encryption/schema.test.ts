import { ciphertext, connect, id, renamed, system, table } from 'ashlar';
import { encrypted } from 'ashlar/guarantees';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { createFoundation } from '../../src/engines/foundation.js';
import { dialects } from '../../src/engines/open.js';
import { openShadow } from '../../src/engines/shadow.js';
import type { Table } from '../../src/model/index.js';
import { columnKeys, dataKeys, dossiers } from './support.js';

const clients = (shape: Record<string, z.ZodType> = {}) =>
  table('clients', { id: id(), name: ciphertext(z.string()), ...shape }, (c) => [
    encrypted({ scope: c.id, keys: dataKeys }),
  ]) as unknown as Table;

describe.each(['sqlite', 'postgres'] as const)('a model with encrypted columns on %s', (name) => {
  it('can add one and drop it again, and is then unchanged', async () => {
    const dialect = await dialects[name]();
    const shadow = await openShadow(dialect.name);
    try {
      await shadow.asOwner(async (owner) => {
        await createFoundation(owner, dialect);
        const [before, after] = [clients(), clients({ email: ciphertext(z.email()).nullable() })];
        for (const made of [dataKeys, before])
          for (const sql of dialect.createTable(made)) await owner.script(sql);
        const was = await shadow.introspect(owner);
        const target = await openShadow(dialect.name);
        const wanted = await target.asOwner(async (other) => {
          await createFoundation(other, dialect);
          for (const made of [dataKeys, after])
            for (const sql of dialect.createTable(made)) await other.script(sql);
          return target.introspect(other);
        });
        await target.close();
        const changes = dialect.changes(was, wanted, [dataKeys as unknown as Table, after], {});
        expect(changes.map(({ summary }) => summary).join()).toMatch(/email/);
        for (const { up } of changes) for (const sql of up) await owner.script(sql);
        expect(dialect.changes(await shadow.introspect(owner), wanted, [after], {})).toEqual([]);
        for (const { down } of [...changes].reverse()) for (const sql of down) await owner.script(sql);
        expect(dialect.dump(await shadow.introspect(owner))).toBe(dialect.dump(was));
      });
    } finally {
      await shadow.close();
    }
  });
});

describe('a renamed column', () => {
  const [before, after] = [
    { id: id(), mail: ciphertext(z.string()) },
    { id: id(), email: ciphertext(z.string()) },
  ];

  it('is refused while nothing names the former name that its ciphertexts are bound to', () => {
    const declare = () =>
      table('people', after, (c) => [encrypted({ scope: c.id, keys: dataKeys }), renamed(c.email, 'mail')]);
    expect(declare).toThrow(/bound to the name mail/);
  });

  it('decrypts earlier ciphertexts, in a renamed table too', async () => {
    const people = table('people', before, (c) => [encrypted({ scope: c.id, keys: dataKeys })]);
    const persons = table('persons', after, (c) => [
      encrypted({ scope: c.id, keys: dataKeys, bound: { table: 'people', columns: { email: 'mail' } } }),
    ]);
    const keys = columnKeys();
    const [engine] = engines;
    if (!engine) return;
    const old = await withTables(engine, { people, dataKeys }, { columnKeys: keys });
    const row = await old.db.session((s) => s.insert(people, { mail: 'a@example.org' }));
    await old.db.engine.asOwner(async (owner) => {
      await owner.script('ALTER TABLE people RENAME TO persons; ALTER TABLE persons RENAME mail TO email');
    });
    const renamedDb = await connect(
      system('testing', { tables: { persons, dataKeys }, migrations: new URL('file:///nowhere/') }),
      { url: old.url, columnKeys: keys },
    );
    try {
      expect(await renamedDb.get(persons, row.id)).toEqual({ id: row.id, email: 'a@example.org' });
      expect(await renamedDb.session((s) => s.update(persons, row.id, { email: 'b' }))).toMatchObject({
        email: 'b',
      });
    } finally {
      await renamedDb.close();
      await old.remove();
    }
  });
});

it('a system must contain the keyring of its tables', () => {
  const declare = () => system('s', { tables: { dossiers }, migrations: new URL('file:///nowhere/') });
  expect(declare).toThrow(/lacks the table data_keys/);
});
