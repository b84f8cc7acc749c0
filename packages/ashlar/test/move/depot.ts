import {
  array,
  autoincrement,
  bigint,
  bytes,
  createdAt,
  type Database,
  decimal,
  id,
  index,
  inet,
  json,
  references,
  system,
  table,
  unique,
} from 'ashlar';
import { appendOnly, audited, auditTrail, lifecycle, scoped } from 'ashlar/guarantees';
import { z } from 'zod';
import { newStep } from '../../src/migrations/index.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

/** A column of every kind, and guarantees of every kind that a move takes today. */
const depot = (migrations: URL) => {
  const kinds = table('kinds', {
    id: id(),
    words: z.string(),
    whole: z.int(),
    big: bigint(),
    money: decimal(12, 2),
    real: z.number(),
    flag: z.boolean(),
    uuid: z.uuid(),
    at: z.iso.datetime(),
    precise: z.iso.datetime({ precision: 6 }),
    day: z.iso.date(),
    address: inet(),
    anything: json(z.json()),
    blob: bytes(),
    tags: array(z.string()),
    counts: array(z.int()),
    flags: array(z.boolean()),
    moments: array(z.iso.datetime({ precision: 6 })).nullable(),
    words_or_null: z.string().nullable(),
    real_or_null: z.number().nullable(),
    json_or_null: json(z.json()).nullable(),
    blob_or_null: bytes().nullable(),
  });
  const changes = auditTrail('changes');
  const sites = table('sites', { id: id(), name: z.string().max(80) }, (c) => [unique(c.name)]);
  const orders = table(
    'orders',
    {
      id: autoincrement(),
      site_id: z.uuid(),
      status: z.enum(['open', 'sent', 'done']).default('open'),
      at: createdAt(),
      note: z.string().nullable(),
    },
    (c) => [
      references(c.site_id, sites.columns.id),
      index(c.site_id, c.at),
      audited({ into: changes }),
      lifecycle(c.status, { open: ['sent'], sent: ['done'], done: [] }, { initial: 'open' }),
    ],
  );
  const notes = table('notes', { id: autoincrement(), tenant: z.uuid(), body: z.string() }, (c) => [
    scoped(c.tenant),
    appendOnly(),
  ]);
  const tables = { kinds, changes, sites, orders, notes };
  return system('depot', { tables, migrations });
};

export type Depot = ReturnType<typeof depot>;
export type DepotDatabase = Database<Depot['tables']>;

/** The system, with the steps that make it on both engines. */
export const makeDepot = async (): Promise<{ system: Depot; folder: Folder }> => {
  const folder = await makeFolder();
  const made = depot(folder.url);
  await newStep(made, folder.url, 'initial', { engines: ['sqlite', 'postgres'] });
  return { system: made, folder };
};

const uuid = (n: number): string => `0190a0b0-0000-7000-8000-${String(n).padStart(12, '0')}`;
export const tenant = uuid(1);

/** Writes rows into every table, as sessions do. */
export const fillDepot = async (db: DepotDatabase, count = 40): Promise<void> => {
  const { kinds, sites, orders, notes } = db.system.tables;
  await db.session({ actor: 'maria', scope: tenant }, async (s) => {
    for (let n = 0; n < count; n++) {
      await s.insert(kinds, {
        id: uuid(1000 + n),
        words: ['', 'plain', "it's\ta\\tab\nand\r\n", '\\N', '\\.', '😀\u2028', '\uFFFD', '-'][
          n % 8
        ] as string,
        whole: [0, -1, 2 ** 53 - 1, -(2 ** 53 - 1)][n % 4] as number,
        big: [0n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n][n % 4] as bigint,
        money: ['0.00', '-0.01', '9999999999.99', '12.30'][n % 4] as string,
        real: [0, 0.1, 1e21, 5e-324, -1.7976931348623157e308, 123456789.12345679][n % 6] as number,
        flag: n % 2 === 0,
        uuid: uuid(n),
        at: ['2026-01-01T00:00:00.000Z', '0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'][
          n % 3
        ] as string,
        precise: `2026-01-01T00:00:00.${String(n).padStart(6, '0')}Z`,
        day: ['2024-02-29', '0001-01-01', '9999-12-31'][n % 3] as string,
        address: ['10.0.0.1', '::', '::102:304', '::ffff:1.2.3.4', '2001:db8::1'][n % 5] as string,
        anything: [null, 'x"\\y', 1e21, 0.1, [1, [2]], { b: 1, aa: { c: null } }, {}, true][n % 8] as never,
        blob: new Uint8Array([0, 10, 92, n]),
        tags: [[], ['', 'NULL', '{}', '"\\'], ["it's\ta\\tab\n", '\\N', '😀\u2028']][n % 3] as string[],
        counts: [[], [0, -1, 2 ** 53 - 1]][n % 2] as number[],
        flags: [[], [true, false]][n % 2] as boolean[],
        moments: n % 3 === 0 ? null : [`0001-01-01T00:00:00.${String(n).padStart(6, '0')}Z`],
        words_or_null: n % 2 === 0 ? null : '',
        real_or_null: n % 2 === 0 ? null : n,
        json_or_null: n % 2 === 0 ? null : { n },
        blob_or_null: n % 2 === 0 ? null : new Uint8Array(),
      });
    }
    for (let n = 0; n < 3; n++) await s.insert(sites, { id: uuid(n), name: `site ${n}` });
    for (let n = 0; n < count; n++) {
      const { id: order } = await s.insert(orders, {
        site_id: uuid(n % 3),
        note: n % 3 === 0 ? null : `note ${n}`,
      });
      if (n % 2 === 0) await s.update(orders, order, { status: 'sent' });
      await s.insert(notes, { tenant, body: `note ${n}` });
    }
  });
};

/** Everything that the application sees of the tables. */
export const contents = (db: DepotDatabase) =>
  db.read({ scope: tenant }, async (s) => ({
    kinds: await s.query.selectFrom('kinds').selectAll().orderBy('id').execute(),
    sites: await s.query.selectFrom('sites').selectAll().orderBy('id').execute(),
    orders: await s.query.selectFrom('orders').selectAll().orderBy('id').execute(),
    notes: await s.query.selectFrom('notes').selectAll().orderBy('id').execute(),
  }));
