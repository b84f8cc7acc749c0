import { auditLog, type Client, clientActions, clients, enrich, enrichmentsOf } from '@ashlar/sophia';
import { sql } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { type OpenSophia, openSophia } from './support.js';

// one test for each fault in the design that this system replaces; source-faults-backups.test.ts has the one about backups
describe.each(engines)('sophia on $name', (engine) => {
  let open: OpenSophia;
  beforeAll(async () => {
    open = await openSophia(engine);
  });
  afterAll(() => open.remove());

  it('no UPDATE or DELETE changes the append-only logs', async () => {
    const { id } = await open.client();
    await open.operate((s) => enrich(s, id, { field: 'industry', value: 'Retail', source: 'web' }));
    const logs = () =>
      open.operate(async (s) => [await clientActions(s, id), await enrichmentsOf(s, id)] as const);
    const before = await logs();
    const statements = ['audit_log', 'enrichment_log'].flatMap((table) => [
      `UPDATE ${table} SET id = id`,
      `UPDATE ${table} SET client_id = client_id WHERE client_id = '${id}'`,
      `DELETE FROM ${table} WHERE client_id = '${id}'`,
      `DELETE FROM ${table}`,
    ]);
    for (const text of statements) {
      const asOperator = open.operate((s) => sql.raw(text).execute(s.query));
      await expect(asOperator, text).rejects.toMatchObject({ code: 'guarantee-violated' });
      // the schema's owner is bound as well
      await expect(
        open.db.engine.asOwner((owner) => owner.run(text)),
        text,
      ).rejects.toMatchObject({
        code: 'guarantee-violated',
      });
    }
    const [line] = before[0];
    const update = open.operate((s) => s.update(auditLog, line?.id ?? '', { actor: 'another actor' }));
    await expect(update).rejects.toMatchObject({ code: 'guarantee-violated' });
    expect(await logs()).toEqual(before);
  });

  it('the database isolates clients, without any service', async () => {
    const [a, b] = [await open.client(), await open.client()];
    // no service is involved, and no WHERE names the client
    const seen = await open.as(a, (s) => s.query.selectFrom('clients').selectAll().execute());
    expect(seen).toEqual([a]);
    const changed = await open.as(a, (s) =>
      s.query.updateTable('clients').set({ industry: 'taken' }).executeTakeFirst(),
    );
    expect(changed.numUpdatedRows).toBe(1n);
    expect(((await open.operate((s) => s.get(clients, b.id))) as Client).industry).toBe(b.industry);
    const forged = open.as(a, (s) => s.insert(auditLog, { client_id: b.id, action: 'forged' }));
    await expect(forged).rejects.toMatchObject({ code: 'guarantee-violated' });
  });
});
