import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { autoincrement, bigint, bytes, Database, decimal, json, type Table, table, timestamp } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { down, drift, newStep, up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { type Folder, makeFolder } from './folder.js';
import { systemOf } from './objects.js';

/** Required columns without a default, and what they have after the step that dropped them is undone. */
const columns = {
  a_text: [z.string(), ''],
  an_integer: [z.int(), 0],
  a_bigint: [bigint(), 0n],
  a_decimal: [decimal(10, 2), '0.00'],
  a_real: [z.number(), 0],
  a_boolean: [z.boolean(), false],
  a_uuid: [z.uuid(), '00000000-0000-0000-0000-000000000000'],
  a_time: [timestamp(), '1970-01-01T00:00:00.000Z'],
  a_fine_time: [z.iso.datetime({ precision: 6 }), '1970-01-01T00:00:00.000000Z'],
  a_date: [z.iso.date(), '1970-01-01'],
  a_json: [json(z.record(z.string(), z.number())), {}],
  some_bytes: [bytes(), new Uint8Array()],
} as const;
const kept = { id: autoincrement(), kept: z.string() };
const was = table('notes', {
  ...kept,
  ...Object.fromEntries(Object.entries(columns).map(([name, [type]]) => [name, type])),
}) as unknown as Table;
const is = table('notes', kept) as unknown as Table;

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
  await newStep(systemOf(folder, was), folder.url, 'initial');
  await newStep(systemOf(folder, is), folder.url, 'dropped', { decide: async () => undefined });
});
afterAll(() => folder.remove());

describe.each(engines)('a step that drops required columns on $name', (kind) => {
  test('is undone with rows, and says which values it sets', async () => {
    const place = await kind.place();
    const engine = await openEngine({ url: place.url, key: place.key });
    try {
      await up(engine, systemOf(folder, is));
      const now = new Database(engine, systemOf(folder, is), {});
      for (const text of ['one', 'two'])
        await now.session({}, (s) => s.insert(is as never, { kept: text } as never));
      await down(engine, systemOf(folder, is));
      expect(await drift(engine, systemOf(folder, is))).toEqual([]);
      const before = new Database(engine, systemOf(folder, was), {});
      const rows = await before.read({}, (s) =>
        s.query
          .selectFrom('notes' as never)
          .selectAll()
          .execute(),
      );
      const values = Object.fromEntries(Object.entries(columns).map(([name, [, value]]) => [name, value]));
      expect(rows).toEqual([
        { id: 1, kept: 'one', ...values },
        { id: 2, kept: 'two', ...values },
      ]);
      const text = await readFile(join(folder.path, `0002_dropped/up.${sqlOf(kind)}.sql`), 'utf8');
      for (const said of ["''", '0', "'1970-01-01'"]) expect(text).toContain(said);
    } finally {
      await engine.close();
      await place.remove();
    }
  });
});
