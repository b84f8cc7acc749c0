import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ConnectOptions, connect, type Database, system } from 'ashlar';
import { reencrypt, rotateDataKey, rotateMaster, shred } from 'ashlar/keys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { envelopeVersion } from '../../src/encryption/envelope.js';
import { dossiers, masterKey, tables } from './support.js';

const [first, second] = [masterKey(1), masterKey(2)];
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing',
    (error) => error.code,
  );

describe.each(engines)('rotation on $name', (engine) => {
  let opened: Awaited<ReturnType<typeof withTables<typeof tables>>>;
  let db: Database<typeof tables>;
  beforeEach(async () => {
    opened = await withTables(engine, tables, { columnKeys: { current: first } });
    ({ db } = opened);
  });
  afterEach(() => opened.remove());

  const write = (client_id: string, note = 'secret', to = db) =>
    to.session((s) => s.insert(dossiers, { client_id, title: 't', email: 'a@example.org', note }));
  // the same database as a process with other keys opens it
  const seenWith = (columnKeys: ConnectOptions['columnKeys']) => {
    const { engine: same, system: of } = db;
    return new (db.constructor as new (...given: unknown[]) => Database<typeof tables>)(same, of, {
      columnKeys,
    });
  };
  const versions = async () => {
    const rows = await db.read((s) =>
      s.query.selectFrom('dossiers').select(['note', 'email', 'facts']).execute(),
    );
    return [
      ...new Set(rows.flatMap(({ note, email, facts }) => [note, email ?? note, facts].map(envelopeVersion))),
    ];
  };

  it('of the master key rewraps every data key, while the old key still opens', async () => {
    const rows = await Promise.all(['ann', 'bob', 'eve'].map((client) => write(client)));
    await shred(db, 'eve', { vacuum: false });
    const both = seenWith({ current: second, old: [first] });
    expect(await both.get(dossiers, rows[0]?.id ?? '')).toEqual(rows[0]);
    const dan = await write('dan', 'new', both);
    expect(await codeOf(db.get(dossiers, dan.id))).toBe('key-missing');
    expect(await rotateMaster(both)).toBe(2);
    expect(await rotateMaster(both)).toBe(0);

    const after = seenWith({ current: second });
    expect(await after.get(dossiers, rows[0]?.id ?? '')).toEqual(rows[0]);
    expect(await after.get(dossiers, dan.id)).toEqual(dan);
    expect(await codeOf(after.get(dossiers, rows[2]?.id ?? ''))).toBe('scope-shredded');
    expect(await codeOf(db.get(dossiers, rows[0]?.id ?? ''))).toBe('key-missing');
  });

  it('needs the right keys, and names the missing one', async () => {
    const row = await write('ann');
    const wrong = seenWith({ current: masterKey(1) });
    await expect(wrong.get(dossiers, row.id)).rejects.toMatchObject({
      code: 'key-wrong',
      message: expect.stringContaining('version 1'),
    });
    expect(await codeOf(seenWith({ current: second }).get(dossiers, row.id))).toBe('key-missing');
  });

  it('of a data key: old rows stay readable, new rows use the new key, and re-encryption moves the old ones', async () => {
    const old = await Promise.all(['1', '2', '3'].map((note) => write('ann', note)));
    const bob = await write('bob');
    expect(await rotateDataKey(db, 'ann')).toEqual({ data_keys: 2 });
    const fresh = await write('ann', '4');
    for (const row of [...old, fresh, bob]) expect(await db.get(dossiers, row.id)).toEqual(row);
    expect((await versions()).sort()).toEqual([1, 2]);

    const find = () =>
      db.read(
        async (s) =>
          (
            await s.query
              .selectFrom('dossiers')
              .select('note')
              .where('email_index', 'in', await s.blindIndex(dossiers, 'email', 'ann', 'a@example.org'))
              .execute()
          ).length,
      );
    expect(await find()).toBe(4);
    expect(await reencrypt(db, 'ann', { batch: 2 })).toBe(3);
    expect(await reencrypt(db, 'ann')).toBe(0);
    // re-encrypting a row is an update of it
    for (const { email_index: _, updated_at: __, ...row } of [...old, fresh, bob])
      expect(await db.get(dossiers, row.id)).toMatchObject(row);
    expect(await find()).toBe(4);
    await db.session((s) => s.delete(dossiers, bob.id));
    expect(await versions()).toEqual([2]);
    expect(await codeOf(rotateDataKey(db, 'unknown'))).toBe('state-conflict');
  });

  it('runs while other sessions read and write, and loses none of their writes', async () => {
    const client = randomUUID();
    const rows = await Promise.all(Array.from({ length: 20 }, (_, i) => write(client, `note ${i}`)));
    const latest = new Map(rows.map((row) => [row.id, row.note]));
    let busy = true;
    const readers = Array.from({ length: 2 }, async () => {
      while (busy) {
        for (const { id } of rows) {
          const row = await db.get(dossiers, id);
          expect(row?.note).toMatch(/^note/);
          await nextTurn();
        }
      }
    });
    const writer = (async () => {
      for (let i = 0; i < 60; i++) {
        const { id } = rows[i % rows.length] ?? { id: '' };
        const note = `note again ${i}`;
        await db.session((s) => s.update(dossiers, id, { note }));
        latest.set(id, note);
      }
    })();
    for (let i = 0; i < 3; i++) {
      await rotateDataKey(db, client);
      await reencrypt(db, client, { batch: 3 });
    }
    await writer;
    busy = false;
    await Promise.all(readers);
    await reencrypt(db, client);
    expect(await versions()).toEqual([4]);
    for (const [id, note] of latest) expect((await db.get(dossiers, id))?.note).toBe(note);
  });

  it('of a shredded scope is refused, also when both run at once', async () => {
    const scopes = Array.from({ length: 6 }, () => randomUUID());
    for (const scope of scopes) await write(scope);
    await Promise.allSettled(
      scopes.flatMap((scope) => [
        rotateDataKey(db, scope),
        shred(db, scope, { vacuum: false }),
        rotateDataKey(db, scope),
      ]),
    );
    const left = await db.read((s) =>
      s.query.selectFrom('data_keys').select('wrapped').where('wrapped', 'is not', null).execute(),
    );
    expect(left).toEqual([]);
    expect(await codeOf(rotateDataKey(db, scopes[0] ?? ''))).toBe('scope-shredded');
  });
});

describe('column keys', () => {
  const open = (columnKeys: ConnectOptions['columnKeys']) =>
    connect(system('testing', { tables, migrations: new URL('file:///nowhere/') }), {
      url: 'sqlite::memory:',
      columnKeys,
    });

  it.each<[string, ConnectOptions['columnKeys']]>([
    ['no version', { current: first.slice(2) }],
    ['version 0', { current: `0${first.slice(1)}` }],
    ['31 bytes', { current: first.slice(0, -2) }],
    ['a passphrase', { current: '1:correct horse battery staple' }],
    ['two keys of one version', { current: first, old: [masterKey(1)] }],
  ])('with %s are refused, and not shown', async (_, keys) => {
    const error = await open(keys).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'key-invalid' });
    expect(JSON.stringify(error)).not.toContain(String(keys?.current).slice(-20));
  });

  it('may be in hex or base64', async () => {
    const hex = first.slice(2);
    for (const text of [hex, hex.toUpperCase(), Buffer.from(hex, 'hex').toString('base64')]) {
      const db = await open({ current: `1:${text}` });
      await db.close();
    }
  });
});
