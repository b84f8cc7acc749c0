import { randomBytes, randomUUID } from 'node:crypto';
import { ciphertext, type Database, id, table, timestamp } from 'ashlar';
import { encrypted, keyring, legalHolds, retained, versioned } from 'ashlar/guarantees';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { answers, columnKeys, dataKeys, dossiers, tables } from './support.js';

describe.each(engines)('an encrypted column on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { columnKeys: columnKeys() }));
  });
  afterAll(() => remove());

  const facts = { born: '1970-01-01', children: 2, married: true };
  const dossier = {
    client_id: 'ann',
    title: 't',
    email: 'Ann@example.org',
    note: 'ill 😀',
    facts,
    cents: -5,
  };

  it('is decrypted wherever a row is read', async () => {
    const row = await db.session((s) => s.insert(dossiers, dossier));
    expect(row).toMatchObject(dossier);
    expect(await db.get(dossiers, row.id)).toEqual(row);
    expect(await db.read((s) => s.get(dossiers, row.id))).toEqual(row);
    const updated = await db.session((s) => s.update(dossiers, row.id, { note: 'well', title: 'u' }));
    expect(updated).toMatchObject({ ...dossier, note: 'well', title: 'u' });
    expect(await db.get(dossiers, row.id)).toEqual(updated);
    expect(await db.session((s) => s.update(dossiers, row.id, { email: null, cents: null }))).toMatchObject({
      email: null,
      cents: null,
      email_index: null,
      note: 'well',
    });
  });

  it('is ciphertext in a query, until it is decrypted', async () => {
    const row = await db.session((s) => s.insert(dossiers, dossier));
    const found = await db.read(async (s) => {
      const rows = await s.query
        .selectFrom('dossiers')
        .select(['id', 'client_id', 'note', 'email', 'cents'])
        .where('id', '=', row.id)
        .execute();
      expect(rows[0]?.note).toBeInstanceOf(Uint8Array);
      expect(Buffer.from(rows[0]?.note ?? []).toString('latin1')).not.toContain('ill');
      return s.decrypt(dossiers, rows);
    });
    expect(found).toEqual([
      { id: row.id, client_id: 'ann', note: dossier.note, email: dossier.email, cents: -5 },
    ]);
  });

  it('can be written in batches, for several clients at once', async () => {
    const rows = Array.from({ length: 2_100 }, (_, i) => ({
      id: randomUUID(),
      client_id: randomUUID().replace(/^../, `0${i % 3}`),
      text: `answer ${i}`,
    }));
    expect(await db.session((s) => s.insertMany(answers, rows.slice(0, 1_050)))).toBe(1_050);
    const later = async function* () {
      yield* rows.slice(1_050);
    };
    expect(await db.session((s) => s.insertMany(answers, later()))).toBe(1_050);
    for (const at of [0, 999, 1_049, 1_050, 2_099])
      expect(await db.get(answers, rows[at]?.id ?? '')).toEqual(rows[at]);
  });

  it('can be NULL, and has its default from Zod: the database has none', async () => {
    const row = await db.session((s) => s.insert(dossiers, { client_id: 'ann', title: 't' }));
    expect(row).toMatchObject({
      email: null,
      email_index: null,
      note: 'nothing yet',
      facts: {},
      cents: null,
    });
  });

  it('accepts only values of its Zod type that can be stored', async () => {
    const refused = (change: object) =>
      db.session((s) => s.insert(dossiers, { ...dossier, ...change })).catch((e) => e.code);
    expect(await refused({ email: 'invalid' })).toBe('value-invalid');
    expect(await refused({ cents: 1.5 })).toBe('value-invalid');
    expect(await refused({ note: 'a\ud800' })).toBe('value-unstorable');
    expect(await refused({ facts: { x: -0 } })).toBe('value-unstorable');
    expect(await refused({ email_index: randomBytes(32) })).toBe('value-invalid');
  });

  it('accepts only an envelope from a query', async () => {
    const row = await db.session((s) => s.insert(dossiers, dossier));
    for (const note of [Buffer.from('plain'), Buffer.alloc(0), Buffer.alloc(80, 2)]) {
      const write = db.session((s) =>
        s.query.updateTable('dossiers').set({ note }).where('id', '=', row.id).execute(),
      );
      await expect(write).rejects.toMatchObject({ code: 'check-violation' });
    }
    expect(await db.get(dossiers, row.id)).toEqual(row);
  });

  it('round-trips any value', async () => {
    const values = fc.record({
      note: fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
      cents: fc.option(fc.maxSafeInteger().map((n) => n + 0)),
    });
    await fc.assert(
      fc.asyncProperty(values, async ({ note, cents }) => {
        const given = { client_id: 'prop', title: '', note, cents: cents === null ? null : cents || 0 };
        const row = await db.session((s) => s.insert(dossiers, given));
        expect(row).toMatchObject(given);
        expect(await db.get(dossiers, row.id)).toEqual(row);
      }),
      { numRuns: 40 },
    );
  });

  it('is found by its blind index, in its own scope only', async () => {
    const [bob, eve] = [randomUUID(), randomUUID()];
    const email = 'Bob@example.org';
    const [row] = await db.session(async (s) => [
      await s.insert(dossiers, { client_id: bob, title: 'b', email }),
      await s.insert(dossiers, { client_id: bob, title: 'x', email: 'other@example.org' }),
      await s.insert(dossiers, { client_id: eve, title: 'e', email }),
    ]);
    const find = (client: string, text: string) =>
      db.read(async (s) =>
        (
          await s.query
            .selectFrom('dossiers')
            .select('id')
            .where('email_index', 'in', await s.blindIndex(dossiers, 'email', client, text))
            .execute()
        ).map((found) => found.id),
      );
    expect(await find(bob, 'bob@EXAMPLE.org')).toEqual([row?.id]);
    expect(await find(bob, 'missing@example.org')).toEqual([]);
    expect(await find('a scope without a key', email)).toEqual([]);
    await db.session((s) => s.update(dossiers, row?.id ?? '', { email: 'new@example.org' }));
    expect(await find(bob, email)).toEqual([]);
    expect(await find(bob, 'new@example.org')).toEqual([row?.id]);
    await expect(db.read((s) => s.blindIndex(dossiers, 'note', bob, 'x'))).rejects.toMatchObject({
      code: 'usage',
    });
  });

  describe('is an error, never a ciphertext,', () => {
    const raw = (rowId: string) =>
      db.read((s) =>
        s.query.selectFrom('dossiers').selectAll().where('id', '=', rowId).executeTakeFirstOrThrow(),
      );
    const failure = async (rowId: string) =>
      db.get(dossiers, rowId).then(
        () => undefined,
        (error) => error,
      );

    it('after it was moved to another row, column or scope', async () => {
      const [a, b, other] = await db.session(async (s) => [
        await s.insert(dossiers, dossier),
        await s.insert(dossiers, dossier),
        await s.insert(dossiers, { ...dossier, client_id: 'someone else' }),
      ]);
      const [rawA, rawB, rawOther] = [await raw(a.id), await raw(b.id), await raw(other.id)];
      const moves = [
        { note: rawB.note },
        { note: rawA.facts },
        { note: rawOther.note },
        { email: rawB.email },
        { cents: rawOther.cents },
      ];
      for (const move of moves) {
        await db.session((s) => s.query.updateTable('dossiers').set(move).where('id', '=', a.id).execute());
        const error = await failure(a.id);
        expect(error).toMatchObject({
          code: 'decryption-failed',
          message: `dossiers.${Object.keys(move)[0]} of the row ${a.id} cannot be decrypted.`,
        });
        expect(JSON.stringify(error)).not.toContain('ill');
        const back = { note: rawA.note, email: rawA.email, cents: rawA.cents };
        await db.session((s) => s.query.updateTable('dossiers').set(back).where('id', '=', a.id).execute());
      }
      expect(await db.get(dossiers, a.id)).toEqual({ ...a, updated_at: expect.any(String) });
    });

    it('under another name', async () => {
      const { id: key } = await db.session((s) => s.insert(dossiers, dossier));
      const renamed = db.session(async (s) => {
        const rows = await s.query
          .selectFrom('dossiers')
          .select(['id', 'client_id', 'note as text'])
          .where('id', '=', key)
          .execute();
        return s.decrypt(dossiers, rows);
      });
      await expect(renamed).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('text'),
      });
    });

    it('when a query writes plaintext', async () => {
      const { id: key } = await db.session((s) => s.insert(dossiers, dossier));
      const plain = { note: 'ill' } as never;
      const written = db.session((s) =>
        s.query.updateTable('dossiers').set(plain).where('id', '=', key).execute(),
      );
      await expect(written).rejects.toMatchObject({ code: 'usage' });
      await expect(written).rejects.not.toMatchObject({ message: expect.stringContaining('ill') });
    });

    it('after a bit was changed, or its end cut off', async () => {
      const row = await db.session((s) => s.insert(dossiers, dossier));
      const { note } = await raw(row.id);
      for (const at of [1, 4, 5, 20, 29, note.length - 1]) {
        const changed = Uint8Array.from(note, (byte, i) => (i === at ? byte ^ 1 : byte));
        for (const set of [changed, note.slice(0, -1)]) {
          await db.session((s) =>
            s.query.updateTable('dossiers').set({ note: set }).where('id', '=', row.id).execute(),
          );
          expect(await failure(row.id)).toMatchObject({ code: 'decryption-failed' });
        }
      }
    });

    it('and does not abort the session', async () => {
      const row = await db.session((s) => s.insert(dossiers, dossier));
      const { facts: moved } = await raw(row.id);
      await db.session((s) =>
        s.query.updateTable('dossiers').set({ note: moved }).where('id', '=', row.id).execute(),
      );
      const next = await db.session(async (s) => {
        await expect(s.get(dossiers, row.id)).rejects.toMatchObject({ code: 'decryption-failed' });
        return s.insert(dossiers, dossier);
      });
      expect(await db.get(dossiers, next.id)).toEqual(next);
    });
  });

  it('stays bound to the scope and the key of its row', async () => {
    const row = await db.session((s) => s.insert(dossiers, dossier));
    const moves = [
      db.session((s) => s.update(dossiers, row.id, { client_id: 'bob' })),
      db.session((s) =>
        s.query
          .updateTable('dossiers')
          .set({ id: randomUUID() as never })
          .where('id', '=', row.id)
          .execute(),
      ),
    ];
    for (const move of await Promise.allSettled(moves))
      expect(move).toMatchObject({ status: 'rejected', reason: { code: 'guarantee-violated' } });
    expect(await db.session((s) => s.update(dossiers, row.id, { client_id: 'ann' }))).toMatchObject(dossier);
  });

  it('needs its row and its scope to be decrypted', async () => {
    const row = await db.session((s) => s.insert(dossiers, dossier));
    const read = db.read(async (s) =>
      s.decrypt(
        dossiers,
        await s.query.selectFrom('dossiers').select(['id', 'note']).where('id', '=', row.id).execute(),
      ),
    );
    await expect(read).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('client_id'),
    });
  });

  it('leaves no key behind that was created in a rolled back session', async () => {
    const client = randomUUID();
    const row = await db.session(async (s) => {
      await s
        .session(async (inner) => {
          await inner.insert(dossiers, { ...dossier, client_id: client });
          throw new RangeError('undone');
        })
        .catch(() => undefined);
      return s.insert(dossiers, { ...dossier, client_id: client });
    });
    expect(await db.get(dossiers, row.id)).toEqual(row);
  });

  it('gets one key for a scope that several sessions use first at the same time', async () => {
    const client = randomUUID();
    const rows = await Promise.all(
      Array.from({ length: 8 }, () =>
        db.session(async (s) =>
          Promise.all([
            s.insert(dossiers, { ...dossier, client_id: client }),
            s.insert(dossiers, { ...dossier, client_id: client }),
          ]),
        ),
      ),
    );
    const keys = await db.read((s) =>
      s.query.selectFrom('data_keys').select('version').where('scope', '=', client).execute(),
    );
    expect(keys).toEqual([{ version: 1 }]);
    for (const row of rows.flat()) expect(await db.get(dossiers, row.id)).toEqual(row);
  });
});

describe.each(engines.filter(({ name }) => name.startsWith('sql')))('without promises on $name', (engine) => {
  it('an encrypted column round-trips too', async () => {
    const { db, remove } = await withTables(engine, tables, { columnKeys: columnKeys() });
    try {
      const client_id = randomUUID();
      const row = db.sync.session({}, (s) => {
        try {
          s.session((inner) => {
            inner.insert(answers, { client_id, text: 'undone' });
            throw new RangeError('undone');
          });
        } catch {}
        const made = s.insert(answers, { client_id, text: 'secret' });
        expect(s.get(answers, made.id)).toEqual(made);
        expect(s.update(answers, made.id, { text: 'other' })).toEqual({ ...made, text: 'other' });
        const rows = s.all(db.kysely.selectFrom('answers').selectAll());
        expect(s.decrypt(answers, rows)).toEqual([{ ...made, text: 'other' }]);
        expect(s.blindIndex(dossiers, 'email', client_id, 'a@example.org')).toHaveLength(1);
        return made;
      });
      expect(await db.get(answers, row.id)).toMatchObject({ client_id, text: 'other' });
    } finally {
      await remove();
    }
  });
});

describe('a declaration of encrypted columns', () => {
  const keys = keyring('keys');
  it.each<[string, () => unknown, RegExp]>([
    [
      'without the guarantee',
      () => table('t', { id: id(), a: ciphertext(z.string()) }),
      /does not declare the guarantee that provides its keys/,
    ],
    [
      'with the guarantee alone',
      () => table('t', { id: id(), who: z.string() }, (c) => [encrypted({ scope: c.who, keys })]),
      /no column is encrypted/,
    ],
    [
      'with keys from another table than a keyring',
      () =>
        table('t', { id: id(), a: ciphertext(z.string()) }, (c) => [
          encrypted({ scope: c.id, keys: answers }),
        ]),
      /no keyring that holds its data keys/,
    ],
    [
      'without a scope in every row',
      () =>
        table('t', { id: id(), who: z.string().nullable(), a: ciphertext(z.string()) }, (c) => [
          encrypted({ scope: c.who, keys }),
        ]),
      /nullable/,
    ],
    [
      'with versions of an encrypted key',
      () =>
        table(
          't',
          {
            id: id(),
            who: z.string(),
            code: ciphertext(z.string()),
            version: z.int().min(1),
            current: z.boolean(),
            previous: z.uuid().nullable(),
          },
          (c) => [
            encrypted({ scope: c.who, keys }),
            versioned({ key: c.code, version: c.version, current: c.current, previous: c.previous }),
          ],
        ),
      /compares code, which is encrypted/,
    ],
    [
      'with a legal hold on an encrypted scope',
      () =>
        table('t', { id: id(), who: z.string(), person: ciphertext(z.string()), at: timestamp() }, (c) => [
          encrypted({ scope: c.who, keys }),
          retained(c.at, {
            for: { years: 1 },
            reason: 'the law',
            hold: legalHolds('holds'),
            scope: c.person,
          }),
        ]),
      /compares person, which is encrypted/,
    ],
  ])('%s is refused', (_, declare, message) => {
    expect(declare).toThrow(
      expect.objectContaining({ code: 'table-invalid', message: expect.stringMatching(message) }),
    );
  });

  it('does not encrypt a plain column of the same type', () => {
    const name = z.string().max(5);
    const t = table('t', { id: id(), plain: name, secret: ciphertext(name) }, (c) => [
      encrypted({ scope: c.id, keys }),
    ]);
    expect([t.columns.plain.kind, t.columns.secret.kind]).toEqual(['text', 'bytes']);
    expect(dataKeys.columns.scope.plaintext).toBeUndefined();
  });
});
