import { type AuditLog, auditLogs, wills } from '@ashlar/wills';
import { maintain } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { type OpenWills, openWills } from './support.js';

// partitions, TRUNCATE and session_replication_role exist on PostgreSQL only: pglite and postgres
const withPartitions = engines.filter(({ name }) => name === 'pglite' || name === 'postgres');

describe.each(withPartitions)('the partitions of audit_logs on $name', (engine) => {
  const now = new Date('2026-02-06T00:00:00.000Z');
  const later = new Date('2027-10-06T00:00:00.000Z');
  let open: OpenWills;
  let kept: AuditLog[];
  beforeAll(async () => {
    // only the owner may insert rows with another time, and what the owner cannot do no role can
    open = await openWills(engine, { clock: () => now, maintain: false, allowOwner: true });
    kept = [];
    for (const created_at of [now.toISOString(), later.toISOString()]) {
      kept.push(
        await open.db.session((s) =>
          s.insert(auditLogs, { event_type: 'kept', event_category: 'x', created_at }),
        ),
      );
    }
  });
  afterAll(() => open.remove());

  const asOwner = (statements: readonly string[]) =>
    open.db.engine.asOwner((owner) =>
      owner.atomically(async () => {
        for (const statement of statements) await owner.run(statement);
      }),
    );
  const stored = () =>
    open.db.read((s) => s.query.selectFrom('audit_logs').selectAll().orderBy('created_at').execute());
  // the physical location of each row: its partition, its tuple id and the transaction that wrote it
  const locations = (): Promise<readonly Record<string, unknown>[]> =>
    open.db.engine.asOwner((owner) =>
      owner.run(
        `SELECT tableoid::regclass::text AS partition, concat_ws(' ', tableoid::oid, ctid, xmin) AS location
         FROM audit_logs ORDER BY created_at`,
      ),
    );
  const partitions = () => open.db.engine.asOwner((owner) => open.db.engine.partitions(owner, 'audit_logs'));

  it.each([
    ['UPDATE', 'UPDATE <table> SET event_category = $$forged$$'],
    ['an UPDATE that changes nothing', 'UPDATE <table> SET event_category = event_category'],
    ['DELETE', 'DELETE FROM <table>'],
    ['TRUNCATE', 'TRUNCATE <table>'],
    ['TRUNCATE CASCADE', 'TRUNCATE <table> CASCADE'],
    [
      'an upsert',
      'INSERT INTO <table> SELECT * FROM <table> ON CONFLICT (id, created_at) DO UPDATE SET event_category = $$forged$$',
    ],
  ])(
    'refuse %s on the table and on each partition by name, even from a superuser in replica mode',
    async (_, attack) => {
      const full = (await locations()).map((row) => String(row.partition));
      expect(full.length).toBe(2);
      for (const table of ['audit_logs', ...full]) {
        const statement = attack.replaceAll('<table>', table);
        for (const before of [[], ['SET LOCAL session_replication_role = replica']]) {
          await expect(asOwner([...before, statement]), `${before} ${statement}`).rejects.toMatchObject({
            code: 'guarantee-violated',
          });
        }
      }
      expect(await stored()).toEqual(kept);
    },
  );

  it('refuse TRUNCATE of an empty partition', async () => {
    const empty = (await partitions()).filter((partition) => partition.from && partition.from > '2026-04');
    expect(empty.length).toBeGreaterThan(5);
    for (const { name } of empty) {
      await expect(asOwner([`TRUNCATE ${name}`])).rejects.toMatchObject({ code: 'guarantee-violated' });
    }
  });

  it('are created ahead, and rows in the default partition move into new partitions without a DELETE', async () => {
    const before = await locations();
    const fallback = (await partitions()).find((partition) => partition.from === undefined)?.name;
    expect(before[0]?.partition).not.toBe(fallback);
    expect(before[1]?.partition).toBe(fallback);

    await maintain(open.db.engine, Object.values(wills.tables), later);
    const all = await partitions();
    const rest = all.find((partition) => partition.from === undefined)?.name;
    const rows = await locations();
    expect(rows.map((row) => row.partition)).not.toContain(rest);
    // a row that was deleted and inserted again would have another tuple id or transaction
    expect(rows.map((row) => row.location)).toEqual(before.map((row) => row.location));
    for (const [i, row] of rows.entries()) {
      const home = all.find((partition) => partition.name === row.partition);
      const at = kept[i]?.created_at ?? '';
      expect(home?.from && home.from <= at && home.to && at < home.to).toBe(true);
    }
    expect(await stored()).toEqual(kept);
    await expect(asOwner([`TRUNCATE ${rows[1]?.partition}`])).rejects.toMatchObject({
      code: 'guarantee-violated',
    });
    await expect(asOwner([`TRUNCATE ${rest}`])).rejects.toMatchObject({ code: 'guarantee-violated' });
  });
});
