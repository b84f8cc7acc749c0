import type { SqlName } from 'ashlar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { postgresEverySabotages, sqliteEverySabotages } from './every-sabotages.js';
import { ledgerSabotages } from './ledger-sabotages.js';
import { postgresSabotages, putRight, type Sabotage, sqliteSabotages, systemNamed } from './sabotages.js';
import { bringUp, type Proven } from './support.js';

const all = { sqlite: sqliteSabotages, postgres: postgresSabotages };

it('there are many sabotages on each engine', () => {
  for (const sabotages of Object.values(all)) expect(sabotages.length).toBeGreaterThanOrEqual(20);
  const others = { sqlite: sqliteEverySabotages, postgres: postgresEverySabotages };
  const count = (dialect: SqlName) => all[dialect].length + others[dialect].length + ledgerSabotages.length;
  expect(count('postgres')).toBeGreaterThanOrEqual(70);
  expect(count('sqlite')).toBeGreaterThanOrEqual(55);
});

describe.each(engines)('proving on $name names each sabotage', (engine) => {
  const dialect = sqlOf(engine);
  const open = new Map<string, Proven>();
  beforeAll(async () => {
    for (const name of ['wills', 'shipping'] as const)
      open.set(name, await bringUp(engine, systemNamed(name)));
  });
  afterAll(async () => {
    for (const proven of open.values()) await proven.close();
  });
  const of = ({ system = 'wills' }: Sabotage): Proven => {
    const proven = open.get(system);
    if (!proven) return expect.unreachable();
    return proven;
  };
  it.each(all[dialect])('$name', async (sabotage) => {
    for (const sql of sabotage.sql) await of(sabotage).run(sql);
    try {
      expect(await of(sabotage).failures()).toMatch(sabotage.named);
    } finally {
      await putRight(of(sabotage), sabotage);
    }
  });

  it('finds nothing once everything is restored', async () => {
    for (const proven of open.values()) expect(await proven.failures()).toBe('');
  });
});
