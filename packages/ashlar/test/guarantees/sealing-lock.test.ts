import { autoincrement, system, table } from 'ashlar';
import { appendOnly, ledgered } from 'ashlar/guarantees';
import { sql } from 'ashlar/query';
import { type TestDatabase, testDatabase } from 'ashlar/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { server } from '../../../../test/support/engines.js';
import { verifyTable } from '../../src/ledger/database/ledgers.js';

const counted = table('counted', { id: autoincrement(), note: z.string() }, () => [appendOnly(), ledgered()]);
const tables = { counted };
const shop = system('shop', { tables, migrations: new URL('file:///nowhere/') });

describe.each(server)('the lock of sealing on $name', () => {
  let db: TestDatabase<typeof tables>;
  beforeAll(async () => {
    db = await testDatabase(shop, { url: inject('postgresUrl'), roles: 'two' });
  });
  afterAll(() => db.close());

  const lock = (text: string) => db.session((s) => sql.raw(text).execute(s.query));

  it('cannot be taken by the role of the application', async () => {
    await db.insert(counted, { note: 'one' });
    for (const strength of ['UPDATE', 'NO KEY UPDATE', 'SHARE', 'KEY SHARE'])
      await expect(lock(`SELECT size FROM counted_ledger_head FOR ${strength}`)).rejects.toMatchObject({
        code: expect.stringMatching(/privilege-missing|guarantee-violated/),
      });
    for (const mode of ['ROW SHARE', 'ROW EXCLUSIVE', 'SHARE', 'ACCESS EXCLUSIVE'])
      await expect(lock(`LOCK TABLE counted_ledger_head IN ${mode} MODE`)).rejects.toMatchObject({
        code: expect.stringMatching(/privilege-missing|guarantee-violated|statement-failed/),
      });
  });

  it('is no advisory lock: a session that holds those of its name does not stop sealing', async () => {
    await db.session(async (s) => {
      await sql`SELECT pg_advisory_xact_lock(hashtextextended('ashlar ledger counted ' || current_schema(), 0))::text`.execute(
        s.query,
      );
      await s.insert(counted, { note: 'open' });
      await db.outside(() => db.insert(counted, { note: 'two' }));
      await db.outside(() => db.engine.seal());
    });
    expect(await verifyTable(db.owner, counted)).toMatchObject({ problems: [], size: 3 });
  });

  it('is named with its holder when a session seals and stays open', async () => {
    await db.session(async (s) => {
      await s.insert(counted, { note: 'three' });
      await sql`SELECT counted_ledger_seal()`.execute(s.query);
      const { rows } = await sql<{
        pid: string;
        me: string;
      }>`SELECT pg_backend_pid()::text AS pid, session_user::text AS me`.execute(s.query);
      const [own] = rows;
      await db.outside(() => db.insert(counted, { note: 'four' }));
      await expect(db.outside(() => db.engine.seal())).rejects.toMatchObject({
        code: 'lock-timeout',
        detail: `Another transaction has held the lock of sealing for more than 30 seconds: ${own?.pid} (${own?.me}).`,
      });
    });
    expect(await verifyTable(db.owner, counted)).toMatchObject({ problems: [], size: 5 });
  }, 60_000);
});
