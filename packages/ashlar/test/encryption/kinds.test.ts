import {
  array,
  bigint,
  bytes,
  ciphertext,
  type Database,
  decimal,
  id,
  inet,
  json,
  primaryKey,
  table,
  timestamp,
} from 'ashlar';
import { encrypted } from 'ashlar/guarantees';
import { reencrypt, rotateDataKey } from 'ashlar/keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { columnKeys, dataKeys } from './support.js';

const all = table(
  'all_kinds',
  {
    client: z.int(),
    at: timestamp(),
    part: z.boolean(),
    serial: bigint(),
    text: ciphertext(z.string()),
    choice: ciphertext(z.enum(['yes', 'no'])),
    whole: ciphertext(z.int()),
    big: ciphertext(bigint()),
    money: ciphertext(decimal(30, 10)),
    tags: ciphertext(array(z.string())),
    real: ciphertext(z.number()),
    truth: ciphertext(z.boolean()),
    uuid: ciphertext(z.uuid()),
    moment: ciphertext(timestamp()),
    day: ciphertext(z.iso.date()),
    address: ciphertext(inet()),
    data: ciphertext(z.object({ a: z.array(z.int()) })),
    anything: ciphertext(json(z.json())),
    raw: ciphertext(bytes()),
    maybe: ciphertext(z.string().min(3)).nullable(),
    nested: ciphertext(z.string().nullable()),
  },
  (c) => [primaryKey(c.client, c.at, c.part, c.serial), encrypted({ scope: c.client, keys: dataKeys })],
);
const plain = table('plain', { id: id(), note: z.string() });
const tables = { all, plain, dataKeys };

describe.each(engines)('an encrypted column on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { columnKeys: columnKeys() }));
  });
  afterAll(() => remove());

  const row = {
    client: 7,
    at: '2026-01-31T08:00:00.000Z',
    part: true,
    serial: 2n ** 53n + 1n,
    text: '',
    choice: 'yes' as const,
    whole: Number.MAX_SAFE_INTEGER,
    big: -(2n ** 63n),
    money: '-12345678901234567890.0000000001',
    tags: ['', 'a,"b"'],
    real: 0.1,
    truth: false,
    uuid: '0190a0b0-0000-7000-8000-000000000000',
    moment: '2026-01-31T08:00:00.000Z',
    day: '2026-01-31',
    address: '2001:db8::1',
    data: { a: [1, 2] },
    anything: null,
    raw: new Uint8Array([0, 255, 1]),
    maybe: null,
    nested: 'x',
  };

  it('can be of any kind, in a row of any key', async () => {
    expect(await db.session((s) => s.insert(all, row))).toEqual(row);
    const key = { client: 7, at: row.at, part: true, serial: row.serial };
    expect(await db.get(all, key)).toEqual(row);
    const change = { anything: 'text', real: -1e-9, nested: null, maybe: 'abc', raw: new Uint8Array(0) };
    expect(await db.session((s) => s.update(all, key, change))).toEqual({ ...row, ...change });
    expect(await db.get(all, key)).toEqual({ ...row, ...change });
  });

  it('is re-encrypted by the canonical spelling of its scope only', async () => {
    await rotateDataKey(db, '7');
    expect(await reencrypt(db, '007')).toBe(0);
    expect(await reencrypt(db, '7')).toBe(1);
    const keys = await db.read((s) => s.query.selectFrom('data_keys').select('scope').distinct().execute());
    expect(keys).toEqual([{ scope: '7' }]);
  });

  it('needs no key in a table without encrypted columns', async () => {
    const { db: without, remove: drop } = await withTables(engine, tables);
    try {
      const made = await without.session((s) => s.insert(plain, { note: 'in the clear' }));
      expect(await without.get(plain, made.id)).toEqual(made);
      await expect(without.session((s) => s.insert(all, row))).rejects.toMatchObject({ code: 'key-missing' });
    } finally {
      await drop();
    }
  });
});
