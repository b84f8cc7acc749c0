import { createdAt, type Database, id, primaryKey, references, system, table, timestamp } from 'ashlar';
import {
  appendOnly,
  audited,
  auditTrail,
  legalHolds,
  partitioned,
  retained,
  versioned,
} from 'ashlar/guarantees';
import { maintain, purge } from 'ashlar/migrations';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { type Fixture, foreignConnection, rootMessage } from './setup.js';

const holds = legalHolds('legal_holds');
const trail = auditTrail('trail');
const reason = "POPIA s14(1), 100% of the 'file'";
const five = { for: { years: 5 }, reason };
const clients = table('clients', { id: id(), name: z.string(), at: createdAt() }, (c) => [
  retained(c.at, { ...five, hold: holds }),
]);
const letters = table(
  'letters',
  { id: id(), client_id: z.uuid(), text: z.string(), at: createdAt() },
  (c) => [
    references(c.client_id, clients.columns.id),
    appendOnly(),
    retained(c.at, { ...five, hold: holds, scope: c.client_id }),
  ],
);
const monthly = table('monthly', { id: id(), at: createdAt({ precision: 6 }), note: z.string() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month', ahead: 3 }),
  appendOnly(),
  retained(c.at, { for: { months: 13 }, reason: 'contract', hold: holds }),
]);
const cases = table('cases', { id: id(), code: z.string(), closed_at: timestamp().nullable() }, (c) => [
  audited({ into: trail }),
  retained(c.closed_at, { for: { years: 1, days: 1 }, reason: 'closed' }),
]);
const forever = table('forever', { id: id(), at: createdAt() }, () => [appendOnly()]);
const tables = { holds, trail, clients, letters, monthly, cases, forever };

type Db = Database<typeof tables>;
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const yearsAgo = (years: number, days = 0): string => {
  const date = new Date();
  date.setUTCFullYear(date.getUTCFullYear() - years);
  return new Date(date.getTime() - days * 86_400_000).toISOString();
};
const micro = (time: string): string => time.replace('Z', '000Z');

describe.each(engines)('retained on $name', (engine) => {
  const dialect = sqlOf(engine);
  let db: Db;
  let remove: () => Promise<void>;
  let fixture: Fixture;
  beforeAll(async () => {
    const opened = await withTables(engine, tables, { maintain: false });
    ({ db, remove } = opened);
    fixture = {
      engine: db.engine,
      place: { url: opened.url, ...(opened.key === undefined ? {} : { key: opened.key }), remove },
      run: (text, parameters) => db.engine.asOwner((owner) => owner.run(text, parameters)),
      rows: async (name) => db.engine.asOwner((owner) => owner.run(`SELECT * FROM ${name} ORDER BY 1`)),
      close: remove,
    };
  });
  afterAll(() => remove());

  const testing = () => system('testing', { tables, migrations: new URL('file:///nowhere/') });
  const asOwner = (...statements: string[]) =>
    db.engine.asOwner((owner) =>
      owner.atomically(async () => {
        for (const text of statements) await owner.run(text);
      }),
    );
  const refusal = (...statements: string[]): Promise<string> =>
    asOwner(...statements).then(
      () => 'nothing',
      (error: unknown) => rootMessage(error),
    );
  const ids = async (name: string): Promise<unknown[]> =>
    (await fixture.rows(name)).map((row) => (row as { id: string }).id);
  const permit = (name: string): string =>
    dialect === 'postgres'
      ? `SELECT set_config('ashlar.purging', '${name}', true)`
      : `INSERT INTO ashlar_purge (table_name) VALUES ('${name}')`;
  const hold = (given: { table_name?: string; row_key?: Record<string, string>; scope?: string }) =>
    db.session((s) => s.insert(holds, { ...given, reason: 'a case', placed_by: 'user:7' }));
  const release = (which: { id: string }) =>
    db.session((s) => s.update(holds, which.id, { released_at: s.now(), released_by: 'user:8' }));
  const client = (n: number, at: string) =>
    `INSERT INTO clients (id, name, at) VALUES ('${uuid(n)}', 'c${n}', '${at}')`;
  const letter = (n: number, of: number, at: string) =>
    `INSERT INTO letters (id, client_id, text, at) VALUES ('${uuid(n)}', '${uuid(of)}', 'l${n}', '${at}')`;

  it('purges expired rows, referencing rows first, and records each purge', async () => {
    const [old, young] = [yearsAgo(5, 1), yearsAgo(5, -2)];
    await asOwner(client(1, old), client(2, young), client(3, old), client(4, old));
    await asOwner(letter(11, 1, old), letter(12, 2, old), letter(13, 3, young));
    const planned = await purge(db.engine, testing(), { dryRun: true });
    expect(planned.purged.map(({ table: name, rows }) => [name, rows])).toEqual([
      ['letters', 2],
      ['clients', 2],
    ]);
    expect(await ids('clients')).toHaveLength(4);
    const { purged, held, stuck } = await purge(db.engine, testing());
    expect(purged).toEqual([
      { table: 'letters', reason, rows: 2, earliest: old, latest: old, partition: undefined },
      { table: 'clients', reason, rows: 2, earliest: old, latest: old, partition: undefined },
    ]);
    expect(held).toEqual({});
    // a letter that has not expired references this client
    expect(stuck).toEqual({ clients: 1 });
    expect(await ids('clients')).toEqual([uuid(2), uuid(3)]);
    expect(await ids('letters')).toEqual([uuid(13)]);
    expect(await fixture.rows('clients_purges')).toMatchObject([{ reason, rows: 2, partition: null }]);
    expect((await purge(db.engine, testing())).purged).toEqual([]);
  });

  it('a legal hold on a row, a scope or a table prevents a purge until it is released', async () => {
    const old = yearsAgo(6);
    await asOwner(client(21, yearsAgo(1)), client(22, yearsAgo(1)));
    await asOwner(letter(31, 21, old), letter(32, 21, old), letter(33, 22, old), client(23, old));
    const [row, scope, whole] = [
      await hold({ table_name: 'letters', row_key: { id: uuid(33) } }),
      await hold({ scope: uuid(21) }),
      await hold({ table_name: 'clients' }),
    ];
    const first = await purge(db.engine, testing());
    expect(first.purged).toEqual([]);
    expect(first.held).toMatchObject({ letters: 3, clients: 2 });
    await release(scope);
    expect((await purge(db.engine, testing())).purged).toMatchObject([{ table: 'letters', rows: 2 }]);
    await release(row);
    await release(whole);
    const last = await purge(db.engine, testing());
    expect(last.purged).toMatchObject([
      { table: 'letters', rows: 1 },
      { table: 'clients', rows: 1 },
    ]);
    expect(last.held).toEqual({});
    await expect(release(row)).rejects.toMatchObject({ code: 'guarantee-violated' });
  });

  it('a hold whose row_key does not match the table’s key holds the whole table', async () => {
    await asOwner(client(41, yearsAgo(6)));
    const odd = await hold({ table_name: 'clients', row_key: { number: '41' } });
    expect((await purge(db.engine, testing())).held).toMatchObject({ clients: 2 });
    await release(odd);
    expect((await purge(db.engine, testing())).purged).toMatchObject([{ table: 'clients', rows: 1 }]);
  });

  it('retention starts when the time column is set, and the audit trail records the purge', async () => {
    const key = (n: number) => `INSERT INTO cases (id, code) VALUES ('${uuid(n)}', 'k${n}')`;
    await asOwner(key(51), key(52), key(53));
    const close = (n: number, at: string) => `UPDATE cases SET closed_at = '${at}' WHERE id = '${uuid(n)}'`;
    await asOwner(close(51, yearsAgo(1, 2)), close(52, yearsAgo(1)));
    expect((await purge(db.engine, testing())).purged).toMatchObject([{ table: 'cases', rows: 1 }]);
    expect(await ids('cases')).toEqual([uuid(52), uuid(53)]);
    const lines = await db.read((s) => s.query.selectFrom('trail').selectAll().orderBy('id').execute());
    expect(lines.at(-1)).toMatchObject({ actor: 'owner', operation: 'delete', row_key: { id: uuid(51) } });
    expect(await refusal(close(52, yearsAgo(3)))).toMatch(
      /^ashlar\/retained: closed_at, id of cases are never changed/,
    );
  });

  it('a purge drops partitions whose rows all expired and deletes other expired rows', async () => {
    const month = (back: number): string => {
      const now = new Date();
      return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1, 8)).toISOString();
    };
    const row = (n: number, at: string) =>
      `INSERT INTO monthly (id, at, note) VALUES ('${uuid(n)}', '${micro(at)}', 'm${n}')`;
    // maintenance runs once for each month, so that each month gets its own partition
    for (const [at, back] of [30, 29, 28, 1].entries()) {
      await asOwner(row(61 + 2 * at, month(back)), row(62 + 2 * at, month(back)));
      await maintain(db.engine, [monthly], new Date());
    }
    const name = (back: number): string => `monthly_${month(back).slice(0, 7).replace('-', '_')}`;
    const kept = await hold({ table_name: 'monthly', row_key: { id: uuid(63), at: micro(month(29)) } });
    const { purged, held } = await purge(db.engine, testing());
    expect(held).toEqual({ monthly: 1 });
    expect(await ids('monthly')).toEqual([uuid(63), uuid(67), uuid(68)]);
    if (dialect === 'postgres') {
      expect(purged.map(({ rows, partition }) => [rows, partition])).toEqual([
        [2, name(30)],
        [2, name(28)],
        [1, undefined],
      ]);
      const partitions = await db.engine.asOwner((owner) => db.engine.partitions(owner, 'monthly'));
      const remaining = partitions.map((partition) => partition.name);
      expect(remaining).not.toContain(name(30));
      expect(remaining).toContain(name(29));
      expect(await fixture.rows('monthly_purges')).toMatchObject([
        { rows: 2, partition: name(30) },
        { rows: 2, partition: name(28) },
        { rows: 1, partition: null },
      ]);
    } else {
      expect(purged).toMatchObject([{ rows: 5, partition: undefined }]);
    }
    await release(kept);
    expect((await purge(db.engine, testing())).purged).toMatchObject([{ table: 'monthly', rows: 1 }]);
  });

  describe('refuses', () => {
    beforeAll(async () => {
      await asOwner(client(81, yearsAgo(6)), client(82, yearsAgo(6)), client(83, yearsAgo(4)));
      await asOwner(
        letter(91, 83, yearsAgo(6)),
        `INSERT INTO forever (id, at) VALUES ('${uuid(95)}', '${yearsAgo(50)}')`,
      );
      await hold({ table_name: 'clients', row_key: { id: uuid(82) } });
    });
    const del = (n: number) => `DELETE FROM clients WHERE id = '${uuid(n)}'`;

    it('the delete of an expired row outside a purge', async () => {
      expect(await refusal(del(81))).toMatch(/^ashlar\/retained: only a purge deletes rows of clients/);
      expect(await refusal(permit('letters'), del(81))).toMatch(/only a purge deletes rows of clients/);
      expect(await refusal('DELETE FROM letters')).toMatch(/^ashlar\/retained: /);
      await expect(db.session((s) => s.delete(clients, uuid(81)))).rejects.toMatchObject({
        code: 'guarantee-violated',
      });
    });
    it('the purge of a row that has not expired or is held', async () => {
      expect(await refusal(permit('clients'), del(83))).toBe(
        `ashlar/retained: rows of clients stay for 5 years from at (${reason})`,
      );
      expect(await refusal(permit('clients'), del(82))).toMatch(/under a legal hold/);
    });
    it('updates of the time or key', async () => {
      expect(await refusal(`UPDATE clients SET at = '${yearsAgo(9)}'`)).toMatch(
        /^ashlar\/retained: at, id of clients/,
      );
      expect(await refusal(`UPDATE clients SET id = '${uuid(99)}' WHERE id = '${uuid(82)}'`)).toMatch(
        /^ashlar\/retained: /,
      );
      await asOwner(`UPDATE clients SET name = 'other', at = at WHERE id = '${uuid(82)}'`);
    });
    it('the purge of a table without retained', async () => {
      expect(await refusal(permit('forever'), 'DELETE FROM forever')).toMatch(/^ashlar\/append-only: /);
    });
    it('changes to the record of purges', async () => {
      expect(await refusal('UPDATE clients_purges SET rows = 1')).toMatch(/^ashlar\/retained: /);
      expect(await refusal(permit('clients'), 'DELETE FROM clients_purges')).toMatch(/^ashlar\/retained: /);
    });

    if (dialect === 'postgres') {
      it('TRUNCATE, and deletes under session_replication_role = replica', async () => {
        for (const name of ['clients CASCADE', 'letters', 'monthly', 'monthly_default'])
          expect(await refusal(`TRUNCATE ${name}`)).toMatch(/^ashlar\/(retained|append-only): /);
        const replica = 'SET LOCAL session_replication_role = replica';
        expect(await refusal(replica, del(83))).toMatch(/^ashlar\/retained: /);
      });
    } else {
      it('writes from a connection without Ashlar', async () => {
        const file = foreignConnection(fixture, ['recursive_triggers = OFF', 'foreign_keys = OFF']);
        const tried = (text: string) => expect(() => file.exec(text)).toThrow(/^ashlar\/retained: /);
        tried(del(83));
        tried(`REPLACE INTO clients SELECT id, 'z', at FROM clients WHERE id = '${uuid(83)}'`);
        tried(`UPDATE OR REPLACE clients SET rowid = 1`);
        tried(`INSERT INTO clients_purges (reason, rows, earliest, latest) VALUES ('x', 1, 'x', 'x')`);
        file.close();
      });
      it('REPLACE in a session', async () => {
        const replaced = db.session((s) =>
          sql`REPLACE INTO clients SELECT id, 'z', at FROM clients WHERE id = ${uuid(83)}`.execute(s.query),
        );
        await expect(replaced).rejects.toMatchObject({ code: 'guarantee-violated' });
      });
    }
  });

  it('computes the end of a month as every other engine does', async () => {
    const ends: readonly (readonly [at: string, now: string, due: boolean])[] = [
      ['2024-02-29T12:00:00.000Z', '2025-02-28T12:00:00.000Z', false],
      ['2024-02-29T12:00:00.000Z', '2025-03-01T00:00:00.000Z', true],
      ['2024-02-28T12:00:00.000Z', '2025-02-28T12:00:00.000Z', true],
      ['2024-02-28T12:00:00.001Z', '2025-02-28T12:00:00.000Z', false],
      // one year before the leap day is the last day of February
      ['2023-02-28T12:00:00.000Z', '2024-02-29T12:00:00.000Z', true],
      ['2023-02-28T12:00:00.001Z', '2024-02-29T12:00:00.000Z', false],
    ];
    const single = table('single', { id: id(), at: timestamp() }, (c) => [
      retained(c.at, { for: { years: 1 }, reason: 'a year' }),
    ]);
    const opened = await withTables(engine, { single });
    try {
      await opened.db.session((s) =>
        s.insertMany(
          single,
          ends.map(([at], n) => ({ id: uuid(n), at })),
        ),
      );
      for (const [at, now, due] of ends) {
        const { purged } = await purge(opened.db.engine, opened.db.system, {
          dryRun: true,
          now: new Date(now),
        });
        const latest = purged[0]?.latest ?? '';
        expect({ at, now, due: latest >= at }).toEqual({ at, now, due });
      }
    } finally {
      await opened.remove();
    }
  });
});

describe('a declaration of retained', () => {
  const shape = { id: id(), code: z.string(), at: createdAt(), up: timestamp(), parent: z.uuid() };
  it('requires a time column, a period, a reason and legal holds', () => {
    const given = { for: { years: 1 }, reason: 'law' };
    const declare = (options: Partial<Parameters<typeof retained>[1]>) => () =>
      table('t', shape, (c) => [retained(c.at, { ...given, ...options })]);
    expect(() => table('t', shape, (c) => [retained(c.code, given)])).toThrow(/not a timestamp/);
    expect(declare({ for: {} })).toThrow(/no period/);
    expect(declare({ for: { days: 1.5 } })).toThrow(/no period/);
    expect(declare({ reason: ' ' })).toThrow(/no reason/);
    expect(declare({ hold: forever as never })).toThrow(/legal holds/);
    expect(() =>
      table('t', shape, (c) => [
        references(c.parent, clients.columns.id, { onDelete: 'cascade' }),
        retained(c.at, given),
      ]),
    ).toThrow(/before they expire/);
    expect(() =>
      table('t', { ...shape, version: z.int(), current: z.boolean(), previous: z.uuid().nullable() }, (c) => [
        versioned({ key: c.code, version: c.version, current: c.current, previous: c.previous }),
        retained(c.at, given),
      ]),
    ).toThrow(/retained and versioned cannot hold together/);
  });
});
