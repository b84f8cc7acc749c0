import { type AuditLog, auditLogs, wills } from '@ashlar/wills';
import { maintain } from 'ashlar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { type OpenWills, openWills } from './support.js';

// partitions, TRUNCATE and session_replication_role are of Postgres: pglite and postgres
const withPartitions = engines.filter(({ name }) => name === 'pglite' || name === 'postgres');

describe.each(withPartitions)('the audit trail’s partitions on $name', (engine) => {
  const now = new Date('2026-02-06T00:00:00.000Z');
  const later = new Date('2027-10-06T00:00:00.000Z');
  let open: OpenWills;
  let kept: AuditLog[];
  beforeAll(async () => {
    // rows of other times than now are the owner's to make, and what he cannot do nobody can
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
  // where each row lies: in which partition, and in which place of which file since which transaction
  const placed = (): Promise<readonly Record<string, unknown>[]> =>
    open.db.engine.asOwner((owner) =>
      owner.run(
        `SELECT tableoid::regclass::text AS partition, concat_ws(' ', tableoid::oid, ctid, xmin) AS place
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
    'refuse %s: on the table and on each partition by name, also as a superuser in replica mode',
    async (_, attack) => {
      const full = (await placed()).map((row) => String(row.partition));
      expect(full.length).toBe(2);
      for (const target of ['audit_logs', ...full]) {
        const statement = attack.replaceAll('<table>', target);
        for (const before of [[], ['SET LOCAL session_replication_role = replica']]) {
          await expect(asOwner([...before, statement]), `${before} ${statement}`).rejects.toMatchObject({
            code: 'guarantee-violated',
          });
        }
      }
      expect(await stored()).toEqual(kept);
    },
  );

  it('refuse TRUNCATE of a partition that is still empty', async () => {
    const empty = (await partitions()).filter((partition) => partition.from && partition.from > '2026-04');
    expect(empty.length).toBeGreaterThan(5);
    for (const { name } of empty) {
      await expect(asOwner([`TRUNCATE ${name}`])).rejects.toMatchObject({ code: 'guarantee-violated' });
    }
  });

  it('are made ahead, and what the default caught is put into proper ones without a DELETE', async () => {
    const before = await placed();
    const caught = (await partitions()).find((partition) => partition.from === undefined)?.name;
    expect(before[0]?.partition).not.toBe(caught);
    expect(before[1]?.partition).toBe(caught);

    await maintain(open.db.engine, Object.values(wills.tables), later);
    const all = await partitions();
    const rest = all.find((partition) => partition.from === undefined)?.name;
    const rows = await placed();
    expect(rows.map((row) => row.partition)).not.toContain(rest);
    // a row that was deleted and inserted again would lie elsewhere, or be of a later transaction
    expect(rows.map((row) => row.place)).toEqual(before.map((row) => row.place));
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
