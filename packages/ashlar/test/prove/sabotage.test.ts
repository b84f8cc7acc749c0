import type { SqlName } from 'ashlar/extend';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import { postgresEverySabotages, sqliteEverySabotages } from './every-sabotages.js';
import { ledgerSabotages } from './ledger-sabotages.js';
import { postgresSabotages, type Sabotage, sqliteSabotages, systemNamed, undoSabotage } from './sabotages.js';
import { type InitialisedDatabase, initialise } from './support.js';

const { engines } = oneOfEach(import.meta.url);

const all = { sqlite: sqliteSabotages, postgres: postgresSabotages };

it('each dialect has a minimum number of sabotages', () => {
  for (const sabotages of Object.values(all)) expect(sabotages.length).toBeGreaterThanOrEqual(20);
  const others = { sqlite: sqliteEverySabotages, postgres: postgresEverySabotages };
  const count = (dialect: SqlName) => all[dialect].length + others[dialect].length + ledgerSabotages.length;
  expect(count('postgres')).toBeGreaterThanOrEqual(70);
  expect(count('sqlite')).toBeGreaterThanOrEqual(55);
});

describe.each(engines)('prove on $name names each sabotage', (engine) => {
  const dialect = sqlOf(engine);
  const open = new Map<string, InitialisedDatabase>();
  beforeAll(async () => {
    for (const name of ['wills', 'shipping'] as const)
      open.set(name, await initialise(engine, systemNamed(name)));
  });
  afterAll(async () => {
    for (const database of open.values()) await database.close();
  });
  const of = ({ system = 'wills' }: Sabotage): InitialisedDatabase => {
    const database = open.get(system);
    if (!database) return expect.unreachable();
    return database;
  };
  it.each(all[dialect])('$name', async (sabotage) => {
    for (const sql of sabotage.sql) await of(sabotage).run(sql);
    try {
      expect(await of(sabotage).failures()).toMatch(sabotage.named);
    } finally {
      await undoSabotage(of(sabotage), sabotage);
    }
  });

  it('reports nothing after everything is restored', async () => {
    for (const database of open.values()) expect(await database.failures()).toBe('');
  });
});
