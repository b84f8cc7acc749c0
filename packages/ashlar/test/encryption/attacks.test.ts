import type { Probe } from 'ashlar/extend';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { columnKeys, dataKeys, dossiers, tables } from './support.js';

describe.each(engines)('the attacks on encrypted columns on $name', (engine) => {
  let opened: Awaited<ReturnType<typeof withTables<typeof tables>>>;
  let id: string;
  beforeAll(async () => {
    opened = await withTables(engine, tables, { columnKeys: columnKeys() });
    ({ id } = await opened.db.session((s) => s.insert(dossiers, { client_id: 'ann', title: 't' })));
  });
  afterAll(() => opened.remove());

  it.each([
    { table: dossiers, row: () => ({ id: `'${id}'`, client_id: "'ann'" }), values: {}, fresh: {} },
    {
      table: dataKeys,
      row: () => ({ scope: "'ann'", version: '1' }),
      values: { created_at: "'2020-01-01T00:00:00.000Z'" },
      fresh: { scope: "'bob'", version: '1', wrapped: 'zeroblob(77)', master_version: '1' },
    },
  ])('are all refused: $table.name', async ({ table, row, values, fresh }) => {
    const probe: Probe = {
      dialect: sqlOf(engine),
      row: row(),
      other: undefined,
      fresh,
      values,
      partitions: [],
      scope: undefined,
      otherScope: undefined,
    };
    // what another program does needs the settings of that program
    const attacks = table.guarantees
      .flatMap((guarantee) => guarantee.attacks?.(table, probe) ?? [])
      .filter(({ otherProgram }) => !otherProgram);
    expect(attacks.length).toBeGreaterThan(4);
    expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
    for (const { name, statements } of attacks) {
      const ran: string[] = [];
      const attempt = opened.db.engine.asOwner((owner) =>
        owner.atomically(async () => {
          for (const sql of statements) {
            await owner.run(sql);
            ran.push(sql);
          }
        }),
      );
      await expect(attempt, `${name}: ${statements.at(-1)}`).rejects.toMatchObject({
        code: expect.stringMatching(/^(guarantee|check|unique)-viola/),
      });
      expect(ran, name).toHaveLength(statements.length - 1);
    }
  });
});
